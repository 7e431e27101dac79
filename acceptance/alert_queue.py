"""A queue that is subscribed to the stack's topic, so that a program reads the alerts."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from botocore.exceptions import ClientError

from acceptance import queues
from acceptance.scene import Scene


def topic_of(scene: Scene) -> str | None:
    """The ARN of the stack's topic; None where there is none."""
    pages = scene.client("sns").get_paginator("list_topics").paginate()
    topics = [each["TopicArn"] for page in pages for each in page["Topics"]]
    return next((arn for arn in topics if arn.split(":")[-1].startswith(f"{scene.prefix}-")), None)


def create_queue(scene: Scene) -> None:
    """Makes the queue and subscribes it to the stack's topic; as often as it is called."""
    topic, sqs = topic_of(scene), scene.client("sqs")
    url = sqs.create_queue(QueueName=f"{scene.prefix}-acceptance")["QueueUrl"]
    scene.facts["queue"] = {"url": url}
    scene.diary.write()
    queues.let_send(sqs, url, "sns.amazonaws.com", topic)
    subscribed = scene.client("sns").subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=queues.arn_of(sqs, url),
        ReturnSubscriptionArn=True,
    )
    scene.facts["queue"] = {"url": url, "subscription": subscribed["SubscriptionArn"]}


def delete_queue(scene: Scene) -> None:
    """Deletes the queue and its subscription, where they are."""
    queue = scene.facts.get("queue", {})
    with suppress(ClientError):  # it is gone with its topic
        if "subscription" in queue:
            scene.client("sns").unsubscribe(SubscriptionArn=queue["subscription"])
    if url := queue.get("url"):
        queues.delete(scene.client("sqs"), url)
    scene.facts.pop("queue", None)


def alert_about(scene: Scene, job_name: str) -> dict[str, Any] | None:
    """The first alert that names a job; None if none came in time."""
    sqs, url = scene.client("sqs"), scene.facts["queue"]["url"]

    def look() -> dict[str, Any] | None:
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=2)
        for each in answer.get("Messages", []):
            sqs.delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])
            alert = json.loads(json.loads(each["Body"])["Message"])
            if job_name in json.dumps(alert):
                return dict(alert)
        return None

    try:
        return scene.wait(look, scene.patience.message, f"an alert about {job_name}")
    except TimeoutError:
        return None
