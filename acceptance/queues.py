"""Queues of SQS that other services send to."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any


def arn_of(sqs: Any, url: str) -> str:
    """The ARN of a queue."""
    named = ["QueueArn"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=named)["Attributes"]
    return str(attributes["QueueArn"])


def let_send(sqs: Any, url: str, service: str, source_arn: str | None) -> None:
    """Lets a service send to a queue, for one of its resources only."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sqs:SendMessage",
        "Resource": arn_of(sqs, url),
        "Condition": {"ArnEquals": {"aws:SourceArn": source_arn}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})


def delete(sqs: Any, url: str) -> None:
    """Deletes a queue, where it is."""
    with suppress(sqs.exceptions.QueueDoesNotExist):
        sqs.delete_queue(QueueUrl=url)
