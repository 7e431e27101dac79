"""What alerts are raised by, what they say, and who may raise them: pure functions.

A message is a custom notification of Amazon Q Developer in chat applications, the one form that
it shows in a chat; a mail shows the same text as JSON.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from components.arns import console, partition
from components.iam_documents import Document, Statement, document

EVENT_INPUTS = {"job": "$.detail.TrainingJobName", "reason": "$.detail.FailureReason"}
"""Where the parts of a message lie in a job's event."""


@dataclass(frozen=True)
class Ending:
    """A way for a job to end that somebody should know of.

    Attributes:
        name: its name, for resources.
        detail: what distinguishes its event: running out of time ends as Stopped, too.
        title: what happened to the job.
        description: what it means and what to do, None for the reason that the service gives.
    """

    name: str
    detail: dict[str, list[str]]
    title: str
    description: str | None = None


ENDINGS = (
    Ending("failed", {"TrainingJobStatus": ["Failed"]}, "failed"),
    Ending(
        "stopped",
        {"TrainingJobStatus": ["Stopped"], "SecondaryStatus": ["Stopped"]},
        "was stopped",
        "Somebody or something stopped it. Its checkpoints are kept: a relaunch goes on from them.",
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


def event_pattern(ending: Ending, job_name_prefix: str, role_arn: str) -> dict[str, Any]:
    """The events of this stack's jobs that end so.

    The names alone would also match another stack's jobs, whose team or environment goes on where
    this one's ends; the execution role is only this stack's.
    """
    return {
        "source": ["aws.sagemaker"],
        "detail-type": ["SageMaker Training Job State Change"],
        "detail": {
            "TrainingJobName": [{"prefix": job_name_prefix}],
            "RoleArn": [role_arn],
            **ending.detail,
        },
    }


def event_message(ending: Ending, region: str) -> str:
    """The template of the message about an event, with EventBridge's placeholders.

    The reason stands without quotes: EventBridge then quotes it itself, whatever is in it.
    """
    description = "<reason>" if ending.description is None else ending.description
    message = chat_message(f"Training job <job> {ending.title}", description, region, "<job>")
    return json.dumps(message).replace('"<reason>"', "<reason>")


def chat_message(title: str, description: str, region: str, job: str) -> dict[str, Any]:
    """A message about a job, with a link to the job's page."""
    page = f"{console(region)}/sagemaker/home?region={region}#/jobs/{job}"
    content = {"textType": "client-markdown", "title": title, "description": description}
    return {
        "version": "1.0",
        "source": "custom",
        "content": {**content, "nextSteps": [page]},
    }


def topic_policy(topic_arn: str, account_id: str, region: str) -> Document:
    """Who may publish alerts, and only encrypted on the wire.

    EventBridge supports no condition here: it names no source when it publishes to a topic.
    """
    alarms = f"arn:{partition(region)}:cloudwatch:{region}:{account_id}:alarm:*"
    budgets = f"arn:{partition(region)}:budgets::{account_id}:*"
    return document(
        [
            _publish("EventsPublish", "events.amazonaws.com", topic_arn),
            {
                **_publish("AlarmsPublish", "cloudwatch.amazonaws.com", topic_arn),
                "Condition": _from(account_id, alarms),
            },
            {
                **_publish("BudgetsPublish", "budgets.amazonaws.com", topic_arn),
                "Condition": _from(account_id, budgets),
            },
            {
                "Sid": "DenyInsecureTransport",
                "Effect": "Deny",
                "Principal": "*",
                "Action": ["sns:Publish"],
                "Resource": [topic_arn],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
        ]
    )


def chat_trust() -> Document:
    """Only the chat service; AWS documents no condition on where it acts from.

    The role that carries this may do nothing, so there is nothing to be misused.
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


def _from(account_id: str, sources: str) -> dict[str, Any]:
    return {
        "StringEquals": {"aws:SourceAccount": account_id},
        "ArnLike": {"aws:SourceArn": sources},
    }
