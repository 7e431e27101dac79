"""The data of moto's services in this process, and the accounts that own them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from localcloud.moto_data.moto_lock import in_moto


def account_of(access_key: str) -> str:
    """The account to which an access key belongs; the default one if it is unknown.

    It does not wait for moto's lock: nearly each request asks for it.
    """
    from moto.core import DEFAULT_ACCOUNT_ID

    owners = (account for account, _, iam in all_of("iam") if access_key in iam.access_keys)
    return next(owners, str(DEFAULT_ACCOUNT_ID))


@in_moto()
def topic_exists(arn: str) -> bool:
    """Whether an SNS topic exists."""
    return any(arn in backend.topics for _, _, backend in all_of("sns"))


def all_of(service: str) -> Iterator[tuple[str, str, Any]]:
    """Account, region and data of a service, wherever it has been used so far."""
    from moto.backends import get_backend

    for account, regions in list(get_backend(service).items()):
        for region, backend in list(regions.items()):
            yield account, region, backend


@in_moto()
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
