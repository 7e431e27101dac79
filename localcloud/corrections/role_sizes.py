"""How long a role's policies may be. IAM refuses longer ones; moto accepts them.

The lengths are those of IAM's page of quotas: a trust policy may have 2,048 characters, all inline
policies of a role together 10,240. White space does not count. The messages are IAM's own, as in
the reports of people who got them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import Any, Final

TRUST_POLICY: Final = 2048
INLINE_POLICIES: Final = 10240


def correct() -> None:
    """Makes moto's IAM refuse trust policies and inline policies that are too long."""
    from moto.iam.models import IAMBackend

    IAMBackend.create_role = _checked(IAMBackend.create_role, _check_trust)
    IAMBackend.update_assume_role_policy = _checked(
        IAMBackend.update_assume_role_policy, _check_trust
    )
    IAMBackend.put_role_policy = _checked(IAMBackend.put_role_policy, _check_inline)


def _checked(
    operation: Callable[..., Any], check: Callable[[Any, dict[str, Any]], None]
) -> Callable[..., Any]:
    """The operation, after the check of its arguments, which are passed by their names."""
    parameters = signature(operation)

    @wraps(operation)
    def change(backend: Any, *arguments: Any, **named: Any) -> Any:
        check(backend, parameters.bind(backend, *arguments, **named).arguments)
        return operation(backend, *arguments, **named)

    return change


def _check_trust(_backend: Any, asked: dict[str, Any]) -> None:
    document = asked.get("assume_role_policy_document") or asked.get("policy_document") or ""
    if _length(document) > TRUST_POLICY:
        raise _exceeded(f"Cannot exceed quota for ACLSizePerRole: {TRUST_POLICY}")


def _check_inline(backend: Any, asked: dict[str, Any]) -> None:
    name = asked["role_name"]
    policies = {**backend.get_role(name).policies, asked["policy_name"]: asked["policy_json"]}
    if sum(map(_length, policies.values())) > INLINE_POLICIES:
        size = f"Maximum policy size of {INLINE_POLICIES} bytes exceeded"
        raise _exceeded(f"{size} for role {name}")


def _length(document: str) -> int:
    """The number of characters that are not white space."""
    return sum(not character.isspace() for character in document)


def _exceeded(message: str) -> Exception:
    from moto.iam.exceptions import LimitExceededException

    error: Exception = LimitExceededException(message)
    return error
