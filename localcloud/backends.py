"""What is asked of moto's services in this process, and what is mended in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def account_of(access_key: str) -> str:
    """Return the account to which an access key belongs; the default one if unknown."""
    from moto.iam.models import get_account_id_from

    account: str = get_account_id_from(access_key)
    return account


def role_exists(arn: str) -> bool:
    """Tell whether an IAM role exists."""
    from moto.iam.models import iam_backends

    _, partition, _, _, account, resource = arn.split(":", 5)
    roles = iam_backends[account][partition].roles.values()
    return any(role.arn == arn for role in roles) and resource.startswith("role/")


def topic_exists(arn: str) -> bool:
    """Tell whether an SNS topic exists."""
    return any(arn in backend.topics for _, _, backend in all_of("sns"))


def all_of(service: str) -> Iterator[tuple[str, str, Any]]:
    """Yield account, region and data of a service, wherever it has been used so far."""
    from moto.backends import get_backend

    for account, regions in list(get_backend(service).items()):
        for region, backend in list(regions.items()):
            yield account, region, backend


def messages() -> list[dict[str, Any]]:
    """Return what was published to each topic, oldest first, and who is subscribed to it."""
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


def mend_bucket_policies() -> None:
    """Make moto's S3 leave bucket policies alone: who may do what is judged before it is asked.

    It evaluates them without their conditions, so that a policy's Deny for requests
    without TLS, say, would refuse every request.
    """
    from moto.iam.access_control import PermissionResult
    from moto.s3.models import FakeBucket

    def permit(_bucket: Any, _action: str, _resource: str) -> Any:
        return PermissionResult.PERMITTED

    FakeBucket.get_permission = permit


def mend_unknown_operations() -> None:
    """Make moto raise an error for a request that names no operation, as for one that it lacks."""
    from moto.core.responses import BaseResponse

    call = BaseResponse.call_action

    def call_action(response: Any) -> Any:
        if not response._get_action():
            raise NotImplementedError
        return call(response)

    BaseResponse.call_action = call_action


def moto_application(service: str | None) -> Any:
    """Return moto's application of a service, which raises the errors it would show as a page.

    Raises NotImplementedError if moto has no such service.
    """
    from moto.moto_server.werkzeug_app import create_backend_app
    from werkzeug.exceptions import HTTPException

    if service is None:
        raise NotImplementedError
    application = create_backend_app(service)

    def propagate(error: Any) -> Any:
        # Those of moto's own are answers of the service.
        if type(error).__module__.startswith("werkzeug."):
            raise error
        return error

    application.register_error_handler(HTTPException, propagate)
    return application


def mend_delete_markers() -> None:
    """Let moto's S3 drop a key whose versions include a delete marker.

    It disposes of each version's content, and fails on a marker, which has none: a bucket
    whose versioning was suspended, as on its way to deletion, could not be emptied.
    """
    from moto.s3.models import FakeDeleteMarker

    def dispose(_marker: Any) -> None:
        pass

    FakeDeleteMarker.dispose = dispose
