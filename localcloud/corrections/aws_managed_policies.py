"""AWS managed policies; each is added to an account when it is first read.

moto knows them all but loads them only together, which would cost half a second and some
megabytes at every start.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache, wraps
from typing import Any

from localcloud.moto_data.moto_lock import in_moto

_ASKING = (
    "get_policy",
    "get_policy_version",
    "attach_role_policy",
    "attach_user_policy",
    "attach_group_policy",
)
"""The operations of moto's IAM that name a policy, which may be an AWS managed policy."""


def correct() -> None:
    """Lets moto's IAM find AWS managed policies, and refuse a boundary that does not exist."""
    from moto.iam.models import IAMBackend

    for name in _ASKING:
        setattr(IAMBackend, name, _bringing(getattr(IAMBackend, name)))
    for name, position in _BOUNDING.items():
        setattr(IAMBackend, name, _bounding(getattr(IAMBackend, name), position))


_BOUNDING = {"create_role": 3, "put_role_permissions_boundary": 1}
"""The operations that set a role's boundary, and the position of that argument."""


@in_moto()
def exists(arn: str) -> bool:
    """Whether a managed policy exists, AWS's or an account's."""
    from moto.iam.models import iam_backends

    _, partition, _, _, account, resource = arn.split(":", 5)
    if account == "aws":
        return resource.rpartition("/")[2] in _documents()
    return arn in iam_backends[account][partition].managed_policies


def _bringing(operation: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(operation)
    def ask(backend: Any, policy_arn: str, *rest: Any, **more: Any) -> Any:
        _bring(backend, policy_arn)
        return operation(backend, policy_arn, *rest, **more)

    return ask


def _bounding(operation: Callable[..., Any], position: int) -> Callable[..., Any]:
    @wraps(operation)
    def bound(backend: Any, *arguments: Any, **named: Any) -> Any:
        from moto.iam.exceptions import NotFoundException

        arn = named.get("permissions_boundary") or (*arguments, *[None] * position)[position]
        if arn and backend.policy_arn_regex.match(arn) and not exists(arn):
            raise NotFoundException(f"Scope ARN: {arn} does not exist or is not attachable.")
        return operation(backend, *arguments, **named)

    return bound


def _bring(backend: Any, arn: str) -> None:
    """Adds an AWS managed policy to an account's policies, if it exists."""
    from moto.iam.models import AWSManagedPolicy

    name = arn.rpartition("/")[2]
    if (
        ":iam::aws:policy/" not in arn
        or arn in backend.managed_policies
        or name not in _documents()
    ):
        return
    data = _documents()[name]
    policy = AWSManagedPolicy.from_data(name, backend.account_id, backend.region_name, data)
    if policy.arn == arn:
        backend.managed_policies[arn] = policy


@cache
def _documents() -> dict[str, Any]:
    from moto.iam.aws_managed_policies import aws_managed_policies_data

    documents: dict[str, Any] = json.loads(aws_managed_policies_data)
    return documents
