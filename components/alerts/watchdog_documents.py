"""The watchdog's state machine, and the documents of its roles.

CloudWatch has no metric of a job's age, and a job's events come again after each interruption. So
the machine is started every few minutes, and searches for the stack's running jobs that are older
than the limit. It reports each of them once, and marks it with a tag.

A list would read the records of all jobs of the account at each start. A search is late, which
matters little for a job that has run for hours. But it may show a job that has ended as running,
so the machine reads each job's status itself.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from components.alerts.alert_documents import chat_message
from components.alerts.alert_settings import ProlongedSettings
from components.alerts.job_kinds import TRAINING_JOB
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


@dataclass(frozen=True)
class Watch:
    """What a watchdog watches.

    Attributes:
        site: the stack's site.
        settings: when a job counts as prolonged, and whether it is then stopped.
        owner: the tag by which the stack knows its own jobs: its bucket's name.
        topic_arn: the topic that prolonged jobs are reported to.
        key_arn: the key that encrypts the topic.
    """

    site: Site
    settings: ProlongedSettings
    owner: str
    topic_arn: str
    key_arn: str

    def integration(self, call: str) -> str:
        """The ARN of a call that a state machine can make."""
        return self.site.arn("states", call, region="", account="")


def state_machine(watch: Watch) -> dict[str, Any]:
    """The watchdog in Amazon States Language."""
    return {
        "Comment": f"Reports training jobs older than {format_duration(watch.settings.after)}",
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
                "Next": "FindOldJobs",
            },
            "FindOldJobs": _find_old_jobs(watch),
            "EachJob": {
                "Type": "Map",
                "Items": _expression("$states.input.jobs"),
                "MaxConcurrency": 5,
                "ItemProcessor": _each_job(watch),
                "Output": {},
                "Next": "IsThereMore",
            },
            "IsThereMore": {
                "Type": "Choice",
                "Choices": [{"Condition": _expression("$nextPage != ''"), "Next": "FindOldJobs"}],
                "Default": "Done",
            },
            "Done": {"Type": "Succeed"},
        },
    }


def watchdog_trust(site: Site) -> Document:
    """Only Step Functions, for state machines of this account in this region."""
    return service_trust("states.amazonaws.com", site, site.arn("states", "stateMachine:*"))


def watchdog_policy(watch: Watch) -> Document:
    """Searching in all jobs, which can't be limited; the rest only for the stack's job names."""
    jobs = [watch.site.jobs_arn]
    on_jobs = ["sagemaker:AddTags", "sagemaker:DescribeTrainingJob", "sagemaker:ListTags"]
    statements: list[Statement] = [
        allow("FindJobs", ["sagemaker:Search"], ["*"]),
        allow("ReadAndTagJobs", on_jobs, jobs),
        allow("Report", ["sns:Publish"], [watch.topic_arn]),
        {
            **allow("EncryptReports", ["kms:Decrypt", "kms:GenerateDataKey"], [watch.key_arn]),
            "Condition": through_service("sns", watch.site),
        },
    ]
    if watch.settings.stop:
        statements.append(allow("StopJobs", ["sagemaker:StopTrainingJob"], jobs))
    return document(statements)


def schedule_trust(site: Site) -> Document:
    """Only EventBridge, for rules of this account in this region."""
    return service_trust("events.amazonaws.com", site, site.arn("events", "rule/*"))


def schedule_policy(state_machine_arn: str) -> Document:
    """Starting this state machine only."""
    return document([allow("StartWatchdog", ["states:StartExecution"], [state_machine_arn])])


def _find_old_jobs(watch: Watch) -> dict[str, Any]:
    """One page of running jobs of the stack's owner that are older than the limit.

    Another stack can write any owner into its tags, so the output keeps the stack's job names.
    """
    prefix = json.dumps(watch.site.job_name_prefix)
    filters = [
        _filter("TrainingJobStatus", "Equals", "'InProgress'"),
        _filter(f"Tags.{OWNER_TAG}", "Equals", json.dumps(watch.owner)),
        _filter("CreationTime", "LessThan", "$createdBefore"),
    ]
    request = (
        f'{{"Resource": "TrainingJob", "MaxResults": {_PAGE}, '
        f'"SearchExpression": {{"Filters": [{", ".join(filters)}]}}}}'
    )
    page = "$nextPage = '' ? {} : {\"NextToken\": $nextPage}"
    found = "$states.result.Results.TrainingJob"
    of_stack = f"$substring(TrainingJobName, 0, {len(watch.site.job_name_prefix)}) = {prefix}"
    job = '{"name": TrainingJobName, "arn": TrainingJobArn}'
    return {
        "Type": "Task",
        "Resource": watch.integration("aws-sdk:sagemaker:search"),
        "Arguments": _expression(f"$merge([{request}, {page}])"),
        "Assign": {
            "nextPage": _expression(
                "$exists($states.result.NextToken) ? $states.result.NextToken : ''"
            )
        },
        "Output": {"jobs": _expression(f"[{found}[{of_stack}].{job}]")},
        "Next": "EachJob",
    }


def _filter(name: str, operator: str, value: str) -> str:
    """A filter of a search; `value` is JSONata."""
    return f'{{"Name": "{name}", "Operator": "{operator}", "Value": {value}}}'


def _each_job(watch: Watch) -> dict[str, Any]:
    after_decision = "Stop" if watch.settings.stop else "Report"
    owned = f"{json.dumps(watch.owner)} in $states.input.tags[Key = '{OWNER_TAG}'].Value"
    reported = f"'{REPORTED_TAG}' in $states.input.tags.Key"
    states: dict[str, Any] = {
        "ReadTags": {
            "Type": "Task",
            "Resource": watch.integration("aws-sdk:sagemaker:listTags"),
            "Arguments": {"ResourceArn": _expression("$states.input.arn")},
            "Assign": {"job": _expression("$states.input"), "outcome": "It runs on."},
            "Output": {"tags": _expression("$states.result.Tags")},
            "Next": "IsItNew",
        },
        "IsItNew": {
            "Type": "Choice",
            "Choices": [
                {
                    "Condition": _expression(f"{owned} and $not({reported})"),
                    "Next": "ReadStatus",
                }
            ],
            "Default": "Leave",
        },
        "ReadStatus": {
            "Type": "Task",
            "Resource": watch.integration("aws-sdk:sagemaker:describeTrainingJob"),
            "Arguments": {"TrainingJobName": _expression("$job.name")},
            "Output": {"status": _expression("$states.result.TrainingJobStatus")},
            "Next": "Decide",
        },
        "Decide": {
            "Type": "Choice",
            "Choices": [
                {
                    "Condition": _expression("$states.input.status = 'InProgress'"),
                    "Next": after_decision,
                }
            ],
            "Default": "Leave",
        },
        "Leave": {"Type": "Succeed"},
        "Report": _report(watch),
        "Mark": {
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
        states["Stop"] = _stop(watch)
    return {
        "ProcessorConfig": {"Mode": "INLINE"},
        "StartAt": "ReadTags",
        "States": states,
    }


def _stop(watch: Watch) -> dict[str, Any]:
    """A job that could not be stopped is reported too, and the report says so."""
    failed = "'It could not be stopped: ' & $states.errorOutput.Cause"
    return {
        "Type": "Task",
        "Resource": watch.integration("aws-sdk:sagemaker:stopTrainingJob"),
        "Arguments": {"TrainingJobName": _expression("$job.name")},
        "Assign": {"outcome": "It is being stopped, and its checkpoints are kept."},
        "Catch": [
            {
                "ErrorEquals": ["States.ALL"],
                "Assign": {"outcome": _expression(failed)},
                "Next": "Report",
            }
        ],
        "Next": "Report",
    }


def _report(watch: Watch) -> dict[str, Any]:
    message = json.dumps(
        chat_message(
            TRAINING_JOB,
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
        "Next": "Mark",
    }


def _expression(jsonata: str) -> str:
    return f"{{% {jsonata} %}}"
