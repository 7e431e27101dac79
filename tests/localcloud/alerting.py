"""Rules, and the targets that they send events to."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from tests.localcloud.cloud import REGION, Cloud, eventually


@dataclass
class Alerting:
    """A topic, a queue that is subscribed to it, and rules that lead there."""

    cloud: Cloud
    name: str
    events: Any = field(init=False)
    topic: str = field(init=False)
    queue: str = field(init=False)
    queue_arn: str = field(init=False)

    def __post_init__(self) -> None:
        self.events = self.cloud.client("events")
        self._sqs, self._sns = self.cloud.client("sqs"), self.cloud.client("sns")
        self.queue = self._sqs.create_queue(QueueName=self.name)["QueueUrl"]
        self.queue_arn = f"arn:aws:sqs:{REGION}:123456789012:{self.name}"
        self.topic = self._sns.create_topic(Name=self.name)["TopicArn"]
        self.subscribe("sqs", self.queue_arn)

    def subscribe(self, protocol: str, endpoint: str) -> None:
        self._sns.subscribe(TopicArn=self.topic, Protocol=protocol, Endpoint=endpoint)

    def rule(self, name: str, *targets: dict[str, Any], **rule: Any) -> None:
        self.events.put_rule(Name=name, **rule)
        numbered = [{"Id": str(number), **target} for number, target in enumerate(targets)]
        self.events.put_targets(Rule=name, Targets=numbered)

    def received(self, count: int) -> list[dict[str, Any]]:
        """Waits for messages in the queue and returns them; of the topic's, what was published."""
        found: list[dict[str, Any]] = []

        def read() -> bool | None:
            answer = self._sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10)
            for message in answer.get("Messages", []):
                found.append(json.loads(message["Body"]))
                self._sqs.delete_message(
                    QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"]
                )
            return True if len(found) >= count else None

        eventually(read)
        return [
            json.loads(body["Message"]) if body.get("Type") == "Notification" else body
            for body in found
        ]
