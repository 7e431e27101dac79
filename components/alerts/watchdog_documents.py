"""The watchdog's state machine, and the documents of its roles.

CloudWatch has no metric of a job's age, and a job's events come again after each interruption. So
the machine is started every few minutes, and searches for the stack's running jobs that are older
than the limit. It reports each of them once, and marks it with a tag.

A list would read the records of all jobs of the account at each start. A search is late, which
matters little for a job that has run for hours. But it may show a job that has ended as running,
so the machine reads each job's status itself.

Where the stack tunes, the machine then does the same for tuning jobs. Those are listed: an account
has few of them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from components.alerts.alert_documents import chat_message
from components.alerts.alert_settings import ProlongedSettings
from components.alerts.job_kinds import TRAINING_JOB, TUNING_JOB, JobKind
from components.durations import format_duration
from components.policy_documents import (
    Document,
    Statement,
    allow,
    document,
    service_trust,
    through_service,
)
from components.site import Site
from components.training_job.request.job_tags import OWNER_TAG, REPORTED_TAG

_TIME = "[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01]"
"""How Search takes a time, in JSONata's notation."""

_PAGE = 10
"""The jobs in an answer of Search: it has all of each job, and a state at most 256 KiB."""

_LIST_PAGE = 100
"""The tuning jobs in an answer of a list, which has a summary of each."""


@dataclass(frozen=True)
class Watch:
    """What a watchdog watches.

    Attributes:
        site: the stack's site.
        settings: when a job counts as prolonged, and whether it is then stopped.
        owner: the tag by which the stack knows its own jobs: its bucket's name.
        topic_arn: the topic that prolonged jobs are reported to.
        key_arn: the key that encrypts the topic.
        tunes: whether the stack has a tuning job.
    """

    site: Site
    settings: ProlongedSettings
    owner: str
    topic_arn: str
    key_arn: str
    tunes: bool = False

    @property
    def kinds(self) -> list[JobKind]:
        """The kinds of jobs that are watched."""
        return [TRAINING_JOB, *([TUNING_JOB] if self.tunes else [])]

    def integration(self, call: str) -> str:
        """The ARN of a call that a state machine can make."""
        return self.site.arn("states", call, region="", account="")


def state_machine(watch: Watch) -> dict[str, Any]:
    """The watchdog in Amazon States Language: one kind of job after the other."""
    starts = [_state("FindOldJobs", kind) for kind in watch.kinds]
    watched = " and ".join(f"{kind.noun}s" for kind in watch.kinds)
    states: dict[str, Any] = {}
    for kind, following in zip(watch.kinds, [*starts[1:], "Done"], strict=True):
        states |= _round(watch, kind, following)
    return {
        "Comment": f"Reports {watched} older than {format_duration(watch.settings.after)}",
        "QueryLanguage": "JSONata",
        "TimeoutSeconds": 600,
        "StartAt": "Remember",
        "States": {
            "Remember": {
                "Type": "Pass",
                "Assign": {
                    "createdBefore": _expression(
                        f"$fromMillis($millis() - {watch.settings.after * 1000}, '{_TIME}')"
                    ),
                    "nextPage": "",
                },
                "Next": starts[0],
            },
            **states,
            "Done": {"Type": "Succeed"},
        },
    }


def watchdog_trust(site: Site) -> Document:
    """Only Step Functions, for state machines of this account in this region."""
    return service_trust("states.amazonaws.com", site, site.arn("states", "stateMachine:*"))


def watchdog_policy(watch: Watch) -> Document:
    """Finding among all jobs, which can't be limited; the rest only for the stack's job names."""
    site = watch.site
    jobs = [site.jobs_arn, *([site.tuning_jobs_arn] if watch.tunes else [])]
    finds = ["sagemaker:Search"]
    if watch.tunes:
        finds.append("sagemaker:ListHyperParameterTuningJobs")
    describes = [f"sagemaker:Describe{kind.api}" for kind in watch.kinds]
    stops = [f"sagemaker:Stop{kind.api}" for kind in watch.kinds]
    statements: list[Statement] = [
        allow("FindJobs", finds, ["*"]),
        allow("ReadAndTagJobs", ["sagemaker:AddTags", *describes, "sagemaker:ListTags"], jobs),
        allow("Report", ["sns:Publish"], [watch.topic_arn]),
        {
            **allow("EncryptReports", ["kms:Decrypt", "kms:GenerateDataKey"], [watch.key_arn]),
            "Condition": through_service("sns", site),
        },
    ]
    if watch.settings.stop:
        statements.append(allow("StopJobs", stops, jobs))
    return document(statements)


def schedule_trust(site: Site) -> Document:
    """Only EventBridge, for rules of this account in this region."""
    return service_trust("events.amazonaws.com", site, site.arn("events", "rule/*"))


def schedule_policy(state_machine_arn: str) -> Document:
    """Starting this state machine only."""
    return document([allow("StartWatchdog", ["states:StartExecution"], [state_machine_arn])])


def _state(name: str, kind: JobKind) -> str:
    """The name of a state; no two states of a machine may have the same one."""
    return name if kind is TRAINING_JOB else f"{name} ({kind.noun})"


def _round(watch: Watch, kind: JobKind, following: str) -> dict[str, Any]:
    """The states that look at all jobs of a kind, and the state that follows them."""
    find, each, more = (_state(name, kind) for name in ("FindOldJobs", "EachJob", "IsThereMore"))
    return {
        find: {**_find_old_jobs(watch, kind), "Next": each},
        each: {
            "Type": "Map",
            "Items": _expression("$states.input.jobs"),
            "MaxConcurrency": 5,
            "ItemProcessor": _each_job(watch, kind),
            "Output": {},
            "Next": more,
        },
        more: {
            "Type": "Choice",
            "Choices": [{"Condition": _expression("$nextPage != ''"), "Next": find}],
            "Default": following,
        },
    }


def _find_old_jobs(watch: Watch, kind: JobKind) -> dict[str, Any]:
    """One page of the stack's running jobs that are older than the limit.

    Another stack can write any owner into its tags, and a list finds a name that contains the
    prefix elsewhere. So the output keeps the jobs whose names begin with the stack's prefix.
    """
    if kind is TRAINING_JOB:
        call, request = "search", _search(watch)
        found, prefix = "$states.result.Results.TrainingJob", watch.site.job_name_prefix
    else:
        call, request = "listHyperParameterTuningJobs", _list(watch)
        found = "$states.result.HyperParameterTuningJobSummaries"
        prefix = watch.site.tuning_name_prefix
    page = "$nextPage = '' ? {} : {\"NextToken\": $nextPage}"
    of_stack = f"$substring({kind.name}, 0, {len(prefix)}) = {json.dumps(prefix)}"
    job = f'{{"name": {kind.name}, "arn": {kind.arn}}}'
    return {
        "Type": "Task",
        "Resource": watch.integration(f"aws-sdk:sagemaker:{call}"),
        "Arguments": _expression(f"$merge([{request}, {page}])"),
        "Assign": {
            "nextPage": _expression(
                "$exists($states.result.NextToken) ? $states.result.NextToken : ''"
            )
        },
        "Output": {"jobs": _expression(f"[{found}[{of_stack}].{job}]")},
    }


def _search(watch: Watch) -> str:
    """The request that finds old training jobs of the stack's owner."""
    filters = [
        _filter("TrainingJobStatus", "Equals", "'InProgress'"),
        _filter(f"Tags.{OWNER_TAG}", "Equals", json.dumps(watch.owner)),
        _filter("CreationTime", "LessThan", "$createdBefore"),
    ]
    return (
        f'{{"Resource": "TrainingJob", "MaxResults": {_PAGE}, '
        f'"SearchExpression": {{"Filters": [{", ".join(filters)}]}}}}'
    )


def _list(watch: Watch) -> str:
    """The request that finds old tuning jobs of the stack; a list takes a time with its zone."""
    prefix = json.dumps(watch.site.tuning_name_prefix)
    return (
        f'{{"NameContains": {prefix}, "StatusEquals": "InProgress", '
        f'"CreationTimeBefore": $createdBefore & "Z", "MaxResults": {_LIST_PAGE}}}'
    )


def _filter(name: str, operator: str, value: str) -> str:
    """A filter of a search; `value` is JSONata."""
    return f'{{"Name": "{name}", "Operator": "{operator}", "Value": {value}}}'


def _each_job(watch: Watch, kind: JobKind) -> dict[str, Any]:
    def name(state: str) -> str:
        return _state(state, kind)

    after_decision = name("Stop" if watch.settings.stop else "Report")
    owned = f"{json.dumps(watch.owner)} in $states.input.tags[Key = '{OWNER_TAG}'].Value"
    reported = f"'{REPORTED_TAG}' in $states.input.tags.Key"
    states: dict[str, Any] = {
        name("ReadTags"): {
            "Type": "Task",
            "Resource": watch.integration("aws-sdk:sagemaker:listTags"),
            "Arguments": {"ResourceArn": _expression("$states.input.arn")},
            "Assign": {"job": _expression("$states.input"), "outcome": "It runs on."},
            "Output": {"tags": _expression("$states.result.Tags")},
            "Next": name("IsItNew"),
        },
        name("IsItNew"): {
            "Type": "Choice",
            "Choices": [
                {
                    "Condition": _expression(f"{owned} and $not({reported})"),
                    "Next": name("ReadStatus"),
                }
            ],
            "Default": name("Leave"),
        },
        name("ReadStatus"): {
            "Type": "Task",
            "Resource": watch.integration(f"aws-sdk:sagemaker:describe{kind.api}"),
            "Arguments": {kind.name: _expression("$job.name")},
            "Output": {"status": _expression(f"$states.result.{kind.status}")},
            "Next": name("Decide"),
        },
        name("Decide"): {
            "Type": "Choice",
            "Choices": [
                {
                    "Condition": _expression("$states.input.status = 'InProgress'"),
                    "Next": after_decision,
                }
            ],
            "Default": name("Leave"),
        },
        name("Leave"): {"Type": "Succeed"},
        name("Report"): _report(watch, kind),
        name("Mark"): {
            "Type": "Task",
            "Resource": watch.integration("aws-sdk:sagemaker:addTags"),
            "Arguments": {
                "ResourceArn": _expression("$job.arn"),
                "Tags": [{"Key": REPORTED_TAG, "Value": _expression("$now()")}],
            },
            "End": True,
        },
    }
    if watch.settings.stop:
        states[name("Stop")] = _stop(watch, kind)
    return {
        "ProcessorConfig": {"Mode": "INLINE"},
        "StartAt": name("ReadTags"),
        "States": states,
    }


def _stop(watch: Watch, kind: JobKind) -> dict[str, Any]:
    """A job that could not be stopped is reported too, and the report says so."""
    failed = "'It could not be stopped: ' & $states.errorOutput.Cause"
    report = _state("Report", kind)
    return {
        "Type": "Task",
        "Resource": watch.integration(f"aws-sdk:sagemaker:stop{kind.api}"),
        "Arguments": {kind.name: _expression("$job.name")},
        "Assign": {"outcome": f"It is being stopped, and its {kind.kept} are kept."},
        "Catch": [
            {
                "ErrorEquals": ["States.ALL"],
                "Assign": {"outcome": _expression(failed)},
                "Next": report,
            }
        ],
        "Next": report,
    }


def _report(watch: Watch, kind: JobKind) -> dict[str, Any]:
    message = json.dumps(
        chat_message(
            kind,
            "is prolonged",
            f"It is older than {format_duration(watch.settings.after)}. <outcome>",
            watch.site,
            "<job>",
        )
    )
    filled = message.replace("<job>", '" & $job.name & "').replace("<outcome>", '" & $outcome & "')
    return {
        "Type": "Task",
        "Resource": watch.integration("sns:publish"),
        "Arguments": {
            "TopicArn": watch.topic_arn,
            "Message": _expression(f"$string({filled})"),
        },
        "Next": _state("Mark", kind),
    }


def _expression(jsonata: str) -> str:
    return f"{{% {jsonata} %}}"
