"""What alerts are sent about, what they say, and who may send them.

A message is a custom notification of Amazon Q Developer in chat applications, the only form that
it shows in a chat. A mail shows the same text as JSON.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from components.policy_documents import (
    Document,
    Statement,
    acting_for,
    deny_plain_text,
    document,
)
from components.site import TRAINING_LOGS, Site

_JOB = {"job": "$.detail.TrainingJobName"}
_REASON = {"reason": "$.detail.FailureReason"}
_NO_REASON = {
    "$or": [{"FailureReason": [{"exists": False}]}, {"FailureReason": [None, ""]}],
}


@dataclass(frozen=True)
class Ending:
    """A way for a job to end that people should know of.

    Attributes:
        name: its name, for resources.
        detail: the pattern of its event's details; the status is not enough, as a job that runs out
            of time is Stopped too.
        title: what happened to the job.
        description: what it means and what to do; None for the reason that the event gives.
    """

    name: str
    detail: dict[str, list[Any]]
    title: str
    description: str | None = None


FAILURES = (
    Ending(
        "failed", {"TrainingJobStatus": ["Failed"], "FailureReason": [{"exists": True}]}, "failed"
    ),
    Ending(
        "unexplained",
        {"TrainingJobStatus": ["Failed"], **_NO_REASON},
        "failed",
        "The event of its failure gives no reason. The job's page shows it, and so does `aws "
        "sagemaker describe-training-job --training-job-name <job>`.",
    ),
)
"""A failed job, with and without the reason in its event.

SageMaker's guide promises the reason, and the event's published schema has none. One template
can't be used for both: if a variable has no value, the message is not JSON, and no one gets it.
Quotation marks around the variable would correct that, but most reasons have such marks themselves,
and then the message is not JSON either. An empty reason matches both patterns, and both messages
are sent.
"""

ENDINGS = (
    *FAILURES,
    Ending(
        "stopped",
        {"TrainingJobStatus": ["Stopped"], "SecondaryStatus": ["Stopped"]},
        "was stopped",
        "A person or a program stopped it. Its checkpoints are kept: a relaunch goes on from them.",
    ),
    Ending(
        "wait",
        {"TrainingJobStatus": ["Stopped"], "SecondaryStatus": ["MaxWaitTimeExceeded"]},
        "ran out of wait",
        "It waited too long for spot capacity. Its checkpoints are kept: relaunch it with a longer "
        "wait, on another instance type, or on demand.",
    ),
    Ending(
        "runtime",
        {"TrainingJobStatus": ["Stopped"], "SecondaryStatus": ["MaxRuntimeExceeded"]},
        "ran out of runtime",
        "It was stopped before its script had ended. Its checkpoints are kept: relaunch it with a "
        "longer runtime.",
    ),
)


def event_pattern(ending: Ending, site: Site, bucket: str) -> dict[str, Any]:
    """The events of this stack's jobs that end in this way.

    Their names are not enough: jobs of a stack `research-dev-2` have names that begin as those of
    `research-dev` do. The bucket that they write to is only this stack's.
    """
    return {
        "source": ["aws.sagemaker"],
        "detail-type": ["SageMaker Training Job State Change"],
        "detail": {
            "TrainingJobName": [{"prefix": site.job_name_prefix}],
            "OutputDataConfig": {"S3OutputPath": [{"prefix": f"s3://{bucket}/"}]},
            **ending.detail,
        },
    }


def event_inputs(ending: Ending) -> dict[str, str]:
    """Where the message's variables are in an event; every event of the pattern has them."""
    return _JOB | (_REASON if ending.description is None else {})


def event_message(ending: Ending, site: Site) -> str:
    """The template of the message about an event, with EventBridge's placeholders.

    The reason has no quotation marks around it, so that EventBridge quotes it, with all its
    characters. A job's name has no characters that need that.
    """
    description = "<reason>" if ending.description is None else ending.description
    message = chat_message(f"Training job <job> {ending.title}", description, site, "<job>")
    return json.dumps(message).replace('"<reason>"', "<reason>")


def chat_message(title: str, description: str, site: Site, job: str) -> dict[str, Any]:
    """A message about a job, with a link to the job's page, and where its log is."""
    page = f"{site.console}/sagemaker/home?region={site.region}#/jobs/{job}"
    log = f"Log: the group {TRAINING_LOGS} in CloudWatch, streams that begin with {job}/"
    content = {"textType": "client-markdown", "title": title, "description": description}
    return {
        "version": "1.0",
        "source": "custom",
        "content": {**content, "nextSteps": [page, log]},
    }


def topic_policy(topic_arn: str, site: Site) -> Document:
    """Who may publish alerts, and only by TLS.

    EventBridge has no condition, as it names no source when it publishes to a topic.
    """
    alarms = site.arn("cloudwatch", "alarm:*")
    budgets = site.global_arn("budgets", "*")
    return document(
        [
            _publish("EventsPublish", "events.amazonaws.com", topic_arn),
            {
                **_publish("AlarmsPublish", "cloudwatch.amazonaws.com", topic_arn),
                "Condition": acting_for(site, alarms),
            },
            {
                **_publish("BudgetsPublish", "budgets.amazonaws.com", topic_arn),
                "Condition": acting_for(site, budgets),
            },
            deny_plain_text(["sns:Publish"], [topic_arn]),
        ]
    )


def chat_trust() -> Document:
    """Only the chat service; AWS documents no condition for it.

    The role has no permissions, so there is nothing to misuse.
    """
    statement = {
        "Sid": "AssumeForChat",
        "Effect": "Allow",
        "Principal": {"Service": "chatbot.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    return document([statement])


def _publish(sid: str, service: str, topic_arn: str) -> Statement:
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": ["sns:Publish"],
        "Resource": [topic_arn],
    }
