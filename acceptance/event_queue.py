"""A queue that gets SageMaker's events themselves, so that a program reads what is in them."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from acceptance import queues
from acceptance.scene import Scene

_SOURCE = "aws.sagemaker"
_KINDS = {
    "TrainingJob": "SageMaker Training Job State Change",
    "HyperParameterTuningJob": "SageMaker HyperParameter Tuning Job State Change",
}
"""The kinds of job, by the beginning of the members of their events, with the events' types."""
_TARGET = "queue"


def create_event_queue(scene: Scene) -> None:
    """Makes the queue, and the rule that fills it; as often as it is called."""
    sqs, events = scene.client("sqs"), scene.client("events")
    url = sqs.create_queue(QueueName=f"{scene.prefix}-events")["QueueUrl"]
    scene.facts["event-queue"] = url
    scene.diary.write()
    pattern = {"source": [_SOURCE], "detail-type": [*_KINDS.values()]}
    rule = events.put_rule(Name=rule_name(scene), EventPattern=json.dumps(pattern))["RuleArn"]
    queues.let_send(sqs, url, "events.amazonaws.com", rule)
    target = {"Id": _TARGET, "Arn": queues.arn_of(sqs, url)}
    events.put_targets(Rule=rule_name(scene), Targets=[target])


def delete_event_queue(scene: Scene) -> None:
    """Deletes the rule and the queue, where they are."""
    events, sqs = scene.client("events"), scene.client("sqs")
    with suppress(events.exceptions.ResourceNotFoundException):
        events.remove_targets(Rule=rule_name(scene), Ids=[_TARGET])
        events.delete_rule(Name=rule_name(scene))
    if url := scene.facts.pop("event-queue", None):
        queues.delete(sqs, url)


def rule_name(scene: Scene) -> str:
    """The name of the acceptance's own rule."""
    return f"{scene.prefix}-acceptance"


def events_about(
    scene: Scene, kind: str, job_name: str, are_enough: Callable[[list[dict[str, Any]]], bool]
) -> list[dict[str, Any]]:
    """The details of the events about a job, once they are enough, or no more are waited for.

    `kind` is TrainingJob or HyperParameterTuningJob. An event is read from the queue only once, so
    all that were read are kept.
    """

    def look() -> list[dict[str, Any]] | None:
        _read(scene)
        about = _kept(scene, kind, job_name)
        return about if are_enough(about) else None

    try:
        return scene.wait(look, scene.patience.message, f"the events about {job_name}")
    except TimeoutError:
        return _kept(scene, kind, job_name)


def _kept(scene: Scene, kind: str, job_name: str) -> list[dict[str, Any]]:
    kept: list[dict[str, Any]] = scene.facts.get("events", [])
    return [each for each in kept if each.get(f"{kind}Name") == job_name]


def _read(scene: Scene) -> None:
    """Takes what is in the queue, and keeps what is about the stack's jobs."""
    sqs, url = scene.client("sqs"), scene.facts["event-queue"]
    own = (f"{scene.prefix}-", scene.site.tuning_name_prefix)
    kept: list[dict[str, Any]] = scene.facts.setdefault("events", [])
    while messages := sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1
    ).get("Messages"):
        for each in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])
            detail = json.loads(each["Body"])["detail"]
            names = [str(detail.get(f"{kind}Name", "")) for kind in _KINDS]
            if any(name.startswith(own) for name in names):
                kept.append(detail)
        scene.diary.write()
