"""What alerts are sent about, what they say, and who may send them.

A message is a custom notification of Amazon Q Developer in chat applications, the only form that
it shows in a chat. A mail shows the same text as JSON.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from components.alerts.job_kinds import TRAINING_JOB, TUNING_JOB, AlertedKind
from components.policy_documents import (
    Document,
    Statement,
    acting_for,
    deny_plain_text,
    document,
)
from components.site import TRAINING_LOGS, Site

_REASON = {"reason": "$.detail.FailureReason"}
_TRIALS = {
    "completed": "$.detail.TrainingJobStatusCounters.Completed",
    "failed": "$.detail.TrainingJobStatusCounters.NonRetryableError",
    "stopped": "$.detail.TrainingJobStatusCounters.Stopped",
}
"""Where a tuning job's event has the numbers of its trials. Within a text, a variable without a
value leaves nothing."""
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
        kind: the kind of job that ends so.
    """

    name: str
    detail: dict[str, Any]
    title: str
    description: str | None = None
    kind: AlertedKind = TRAINING_JOB


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

_STOPPED = Ending(
    "stopped",
    {"TrainingJobStatus": ["Stopped"], "SecondaryStatus": ["Stopped"]},
    "was stopped",
    "A person or a program stopped it. Its checkpoints are kept: a relaunch goes on from them.",
)

ENDINGS = (
    *FAILURES,
    _STOPPED,
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

TUNING_FAILURES = (
    Ending(
        "tuning-fail",
        {"HyperParameterTuningJobStatus": ["Failed"], "FailureReason": [{"exists": True}]},
        "failed",
        kind=TUNING_JOB,
    ),
    Ending(
        "tuning-blank",
        {"HyperParameterTuningJobStatus": ["Failed"], **_NO_REASON},
        "failed",
        "The event of its failure gives no reason. The job's page shows it, and so does `aws "
        "sagemaker describe-hyper-parameter-tuning-job --hyper-parameter-tuning-job-name <job>`.",
        TUNING_JOB,
    ),
)
"""A failed tuning job, as FAILURES. The names are short, as a rule's name has 64 characters."""

TUNING_ENDINGS = (
    *TUNING_FAILURES,
    Ending(
        "tuning-stop",
        {"HyperParameterTuningJobStatus": ["Stopped"]},
        "was stopped",
        "A person or a program stopped it, or it ran out of its runtime. What its trials found is "
        "kept: a relaunch goes on from it, except with the strategy grid.",
        TUNING_JOB,
    ),
)
"""The ends of tuning jobs that people should know of. Those of single trials are not among them."""

_PENDING = Ending(
    "pending",
    {"TrainingJobStatus": ["Stopped"], "SecondaryStatus": ["Stopped"]},
    "was stopped",
    "Its maxPending was over before it had capacity, or a person or a program stopped it: "
    "`pulumi refresh` records which, as the outcome capacity or stopped. Its checkpoints are kept: "
    "relaunch it with a longer maxPending, or on another instance type.",
)


def endings(waiting_is_limited: bool, tunes: bool) -> tuple[Ending, ...]:
    """The ways to end of a stack's jobs: some may have a limit of their waiting, or be tuned.

    A job that has waited as long as MaxPendingTimeInSeconds ends as one that a person stopped:
    the service has no secondary status for it. What distinguishes them is how long it waited,
    which no pattern can compute. So the message about a job with such a limit names both.
    """
    tuning = TUNING_ENDINGS if tunes else ()
    if not waiting_is_limited:
        return (*ENDINGS, *tuning)
    stopped, pending = _where_limited(_STOPPED, False), _where_limited(_PENDING, True)
    return (*(stopped if each is _STOPPED else each for each in ENDINGS), pending, *tuning)


def _where_limited(ending: Ending, is_limited: bool) -> Ending:
    """The ending of only those jobs whose waiting is limited, or is not."""
    limit = {"StoppingCondition": {"MaxPendingTimeInSeconds": [{"exists": is_limited}]}}
    return replace(ending, detail=ending.detail | limit)


def event_pattern(ending: Ending, site: Site, bucket: str) -> dict[str, Any]:
    """The events of this stack's jobs that end in this way.

    The names of training jobs are not enough: jobs of a stack `research-dev-2` have names that
    begin as those of `research-dev` do. The bucket that they write to is only this stack's. The
    names of tuning jobs begin as no other stack's do.
    """
    own: dict[str, Any] = {ending.kind.job.name_member: [{"prefix": site.tuning_name_prefix}]}
    if ending.kind is TRAINING_JOB:
        own = {
            ending.kind.job.name_member: [{"prefix": site.job_name_prefix}],
            "OutputDataConfig": {"S3OutputPath": [{"prefix": f"s3://{bucket}/"}]},
        }
    return {
        "source": ["aws.sagemaker"],
        "detail-type": [ending.kind.event],
        "detail": {**own, **ending.detail},
    }


def event_inputs(ending: Ending) -> dict[str, str]:
    """Where the message's variables are in an event.

    Every event of the pattern has those that are outside of a text in the message.
    """
    trials = _TRIALS if ending.kind is TUNING_JOB else {}
    reason = _REASON if ending.description is None else {}
    return {"job": f"$.detail.{ending.kind.job.name_member}", **trials, **reason}


def event_message(ending: Ending, site: Site) -> str:
    """The template of the message about an event, with EventBridge's placeholders.

    The reason has no quotation marks around it, so that EventBridge quotes it, with all its
    characters. A job's name has no characters that need that.
    """
    description = "<reason>" if ending.description is None else ending.description
    message = chat_message(ending.kind, ending.title, description, site, "<job>")
    if ending.kind is TUNING_JOB:
        trials = ", ".join(f"<{each}> {each}" for each in _TRIALS)
        message["content"]["nextSteps"].append(f"Trials: {trials}")
    return json.dumps(message).replace('"<reason>"', "<reason>")


def chat_message(
    kind: AlertedKind, event: str, description: str, site: Site, job: str
) -> dict[str, Any]:
    """A message about what happened to a job, with a link to its page, and where its log is."""
    page = f"{site.console}/sagemaker/home?region={site.region}#/{kind.page}/{job}"
    streams = f"streams that begin with {job}{kind.streams}"
    content = {
        "textType": "client-markdown",
        "title": f"{kind.noun.capitalize()} {job} {event}",
        "description": description,
        "nextSteps": [page, f"Log: the group {TRAINING_LOGS} in CloudWatch, {streams}"],
    }
    return {"version": "1.0", "source": "custom", "content": content}


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
