from __future__ import annotations

import json
from typing import Any

import boto3
import pytest

from acceptance.event_queue import create_event_queue, delete_event_queue, events_about, rule_name
from acceptance.scene import Scene


class Service:
    """SQS and EventBridge, with the messages that are still in the queue."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.messages: list[str] = []
        self.exceptions = boto3.client("events", region_name="eu-west-1").exceptions

    def receive_message(self, **_: Any) -> dict[str, Any]:
        taken, self.messages = self.messages[:1], self.messages[1:]
        return {"Messages": [{"Body": each, "ReceiptHandle": "r"} for each in taken]}

    def __getattr__(self, operation: str) -> Any:
        def ask(**request: Any) -> dict[str, Any]:
            self.asked.append((operation, request))
            return {"QueueUrl": "url", "RuleArn": "rule", "Attributes": {"QueueArn": "queue"}}

        return ask


@pytest.fixture
def service(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Service:
    service = Service()
    service.exceptions.QueueDoesNotExist = KeyError  # that of the other service
    monkeypatch.setattr(scene, "client", lambda _: service)
    return service


def event(name: str, status: str) -> str:
    return json.dumps({"detail": {"TrainingJobName": name, "SecondaryStatus": status}})


def test_the_rule_and_the_queue_are_made_and_deleted(scene: Scene, service: Service):
    create_event_queue(scene)
    made = dict(service.asked)
    assert json.loads(made["put_rule"]["EventPattern"])["source"] == ["aws.sagemaker"]
    policy = json.loads(made["set_queue_attributes"]["Attributes"]["Policy"])
    [statement] = policy["Statement"]
    assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": "rule"}}
    service.asked.clear()
    delete_event_queue(scene)
    assert [each for each, _ in service.asked] == ["remove_targets", "delete_rule", "delete_queue"]
    assert service.asked[1][1] == {"Name": rule_name(scene)}


def test_an_event_is_kept_after_it_was_read_and_those_of_other_jobs_are_not(
    scene: Scene, service: Service
):
    scene.facts["event-queue"] = "url"
    name = f"{scene.prefix}-work-1"
    service.messages = [event(name, "Starting"), event("another-teams", "Failed")]
    found = events_about(scene, "TrainingJob", name, bool)
    assert [each["SecondaryStatus"] for each in found] == ["Starting"]
    assert events_about(scene, "TrainingJob", name, bool) == found
    assert events_about(scene, "TrainingJob", "none", bool) == []
    assert len(scene.facts["events"]) == 1
