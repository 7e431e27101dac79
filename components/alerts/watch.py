"""What a watchdog watches, and the states that its rounds of jobs are made of."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from components.alerts.alert_documents import chat_message
from components.alerts.alert_settings import IdleSettings, ProlongedSettings
from components.alerts.job_kinds import TRAINING_JOB, TUNING_JOB, AlertedKind
from components.site import Site
from components.training_job.request.job_tags import OWNER_TAG

State = dict[str, Any]
"""A state of a state machine, in Amazon States Language."""

_TIME = "[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01]"
"""How Search takes a time, in JSONata's notation."""

_PAGE = 10
"""The jobs in an answer of Search: it has all of each job, and a state at most 256 KiB."""


@dataclass(frozen=True)
class Watch:
    """What a watchdog watches.

    Attributes:
        site: the stack's site.
        prolonged: when a job counts as prolonged, and whether it is then stopped; None for never.
        owner: the tag by which the stack knows its own jobs: its bucket's name.
        topic_arn: the topic that jobs are reported to.
        key_arn: the key that encrypts the topic.
        tunes: whether the stack has a tuning job.
        idle: when a job counts as idle; None for never.
        prices: USD per instance and hour of the instance types that the jobs may run on.
    """

    site: Site
    prolonged: ProlongedSettings | None
    owner: str
    topic_arn: str
    key_arn: str
    tunes: bool = False
    idle: IdleSettings | None = None
    prices: Mapping[str, float] = field(default_factory=dict)

    @property
    def kinds(self) -> list[AlertedKind]:
        """The kinds of jobs that may be prolonged."""
        return [TRAINING_JOB, *([TUNING_JOB] if self.tunes else [])]

    def integration(self, call: str) -> str:
        """The ARN of a call that a state machine can make."""
        return self.site.arn("states", call, region="", account="")


def expression(jsonata: str) -> str:
    """A value of a state that is computed."""
    return f"{{% {jsonata} %}}"


def remember(after: int, following: str) -> State:
    """The state before a search for jobs: it keeps the time before which they were created."""
    return {
        "Type": "Pass",
        "Assign": {
            "createdBefore": expression(f"$fromMillis($millis() - {after * 1000}, '{_TIME}')"),
            "nextPage": "",
        },
        "Next": following,
    }


def find(
    watch: Watch, kind: AlertedKind, call: str, request: str, found: str, prefixes: Sequence[str]
) -> State:
    """One page of the stack's running jobs; `request` and `found` are JSONata.

    Another stack can write any owner into its tags, and a list finds a name that contains the
    prefix elsewhere. So the output keeps the jobs whose names begin with one of the prefixes.
    """
    page = "$nextPage = '' ? {} : {\"NextToken\": $nextPage}"
    of_stack = " or ".join(
        f"$substring({kind.job.name_member}, 0, {len(prefix)}) = {json.dumps(prefix)}"
        for prefix in prefixes
    )
    job = f'{{"name": {kind.job.name_member}, "arn": {kind.job.arn_member}}}'
    return {
        "Type": "Task",
        "Resource": watch.integration(f"aws-sdk:sagemaker:{call}"),
        "Arguments": expression(f"$merge([{request}, {page}])"),
        "Assign": {
            "nextPage": expression(
                "$exists($states.result.NextToken) ? $states.result.NextToken : ''"
            )
        },
        "Output": {"jobs": expression(f"[{found}[{of_stack}].{job}]")},
    }


def find_training_jobs(watch: Watch, prefixes: Sequence[str]) -> State:
    """One page of the running training jobs of the stack's owner, older than $createdBefore."""
    filters = [
        _filter("TrainingJobStatus", "Equals", "'InProgress'"),
        _filter(f"Tags.{OWNER_TAG}", "Equals", json.dumps(watch.owner)),
        _filter("CreationTime", "LessThan", "$createdBefore"),
    ]
    request = (
        f'{{"Resource": "TrainingJob", "MaxResults": {_PAGE}, '
        f'"SearchExpression": {{"Filters": [{", ".join(filters)}]}}}}'
    )
    found = "$states.result.Results.TrainingJob"
    return find(watch, TRAINING_JOB, "search", request, found, prefixes)


def _filter(name: str, operator: str, value: str) -> str:
    """A filter of a search; `value` is JSONata."""
    return f'{{"Name": "{name}", "Operator": "{operator}", "Value": {value}}}'


def for_each(processor: State, following: str) -> State:
    """A state that runs a job's states for each job of a page."""
    return {
        "Type": "Map",
        "Items": expression("$states.input.jobs"),
        "MaxConcurrency": 5,
        "ItemProcessor": processor,
        "Output": {},
        "Next": following,
    }


def more_pages(again: str, following: str) -> State:
    """A state that goes back while there is another page."""
    return {
        "Type": "Choice",
        "Choices": [{"Condition": expression("$nextPage != ''"), "Next": again}],
        "Default": following,
    }


def decide(condition: str, following: str, otherwise: str) -> State:
    """A state with two ways; `condition` is JSONata."""
    return {
        "Type": "Choice",
        "Choices": [{"Condition": expression(condition), "Next": following}],
        "Default": otherwise,
    }


def is_own_and_new(watch: Watch, tag: str) -> str:
    """Whether a job is the stack's and has no such tag, from its tags; JSONata."""
    owned = f"{json.dumps(watch.owner)} in $states.input.tags[Key = '{OWNER_TAG}'].Value"
    return f"{owned} and $not('{tag}' in $states.input.tags.Key)"


def report(watch: Watch, kind: AlertedKind, event: str, description: str, following: str) -> State:
    """A state that publishes a message about $job; `<outcome>` in it stands for $outcome."""
    message = json.dumps(chat_message(kind, event, description, watch.site, "<job>"))
    filled = message.replace("<job>", '" & $job.name & "').replace("<outcome>", '" & $outcome & "')
    return {
        "Type": "Task",
        "Resource": watch.integration("sns:publish"),
        "Arguments": {
            "TopicArn": watch.topic_arn,
            "Message": expression(f"$string({filled})"),
        },
        "Next": following,
    }


def mark(watch: Watch, tag: str) -> State:
    """A state that marks $job with a tag, so that it is reported once."""
    return {
        "Type": "Task",
        "Resource": watch.integration("aws-sdk:sagemaker:addTags"),
        "Arguments": {
            "ResourceArn": expression("$job.arn"),
            "Tags": [{"Key": tag, "Value": expression("$now()")}],
        },
        "End": True,
    }
