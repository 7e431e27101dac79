"""The data of moto's services in this process, and the accounts that own them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def account_of(access_key: str) -> str:
    """The account to which an access key belongs; the default one if it is unknown."""
    from moto.iam.models import get_account_id_from

    account: str = get_account_id_from(access_key)
    return account


def topic_exists(arn: str) -> bool:
    """Whether an SNS topic exists."""
    return any(arn in backend.topics for _, _, backend in all_of("sns"))


def all_of(service: str) -> Iterator[tuple[str, str, Any]]:
    """Account, region and data of a service, wherever it has been used so far."""
    from moto.backends import get_backend

    for account, regions in list(get_backend(service).items()):
        for region, backend in list(regions.items()):
            yield account, region, backend


def messages() -> list[dict[str, Any]]:
    """What was published to each topic, and to whom, oldest first."""
    return [
        {
            "topic": topic.arn,
            "recipients": _recipients(backend, topic),
            "subject": subject or "",
            "message": message,
        }
        for _, _, backend in all_of("sns")
        for topic in list(backend.topics.values())
        for _, message, subject, *_ in list(topic.sent_notifications)
    ]


def _recipients(backend: Any, topic: Any) -> list[str]:
    subscriptions = list(backend.subscriptions.values())
    return [f"{each.protocol}:{each.endpoint}" for each in subscriptions if each.topic is topic]
