"""Roles as SageMaker sees them: it sees a change in IAM some time later."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from inspect import signature
from typing import Any

from localcloud.moto_data import identities
from localcloud.permissions.patterns import PolicyError

LONGEST_ROLE_DELAY_SECONDS = 600.0
_CHANGES = (
    "create_role",
    "delete_role",
    "update_assume_role_policy",
    "put_role_policy",
    "delete_role_policy",
    "attach_role_policy",
    "detach_role_policy",
    "put_role_permissions_boundary",
    "delete_role_permissions_boundary",
)
"""The operations of moto's IAM that change a role's permissions, or who may assume it."""

_earlier: dict[str, list[tuple[float, identities.Role | None]]] = {}
"""For each role ARN, the times of its changes and what the role was before each, oldest first."""
_lock = threading.Lock()


def correct() -> None:
    """Makes moto's IAM remember what a role was before each change."""
    from moto.iam.models import IAMBackend

    for name in _CHANGES:
        setattr(IAMBackend, name, _remembering(getattr(IAMBackend, name)))


def seen(arn: str, delay: float) -> identities.Role | None:
    """A role as it was some seconds ago; None if there was none.

    Raises PolicyError for policies that can't be read.
    """
    since = time.monotonic() - delay
    with _lock:
        changed = [role for moment, role in _earlier.get(arn, ()) if moment > since]
    return changed[0] if changed else identities.role(arn)


def _remembering(operation: Callable[..., Any]) -> Callable[..., Any]:
    parameters = signature(operation)

    @wraps(operation)
    def change(backend: Any, *arguments: Any, **named: Any) -> Any:
        name = parameters.bind(backend, *arguments, **named).arguments["role_name"]
        before = _arn(backend, name)
        role = _readable(before)
        answer = operation(backend, *arguments, **named)
        arn = before or _arn(backend, name)
        if _readable(arn) != role:
            _remember(arn, role)
        return answer

    return change


def _arn(backend: Any, name: str) -> str:
    """The ARN of a role by its name; empty if there is none."""
    return next((each.arn for each in list(backend.roles.values()) if each.name == name), "")


def _readable(arn: str) -> identities.Role | None:
    with suppress(PolicyError):
        return identities.role(arn) if arn else None
    return None


def _remember(arn: str, role: identities.Role | None) -> None:
    now = time.monotonic()
    with _lock:
        kept = [
            each for each in _earlier.get(arn, ()) if each[0] > now - LONGEST_ROLE_DELAY_SECONDS
        ]
        _earlier[arn] = [*kept, (now, role)]
