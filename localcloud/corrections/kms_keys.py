"""KMS keys that are named by their ARN, are not there, or are pending deletion.

Where moto looks a key up by its ID only, an ARN is an internal error. moto also lets a key that is
pending deletion be enabled, changed and used, which even cancels its deletion: AWS's table of key
states says what fails with it (KMS Developer Guide, "Key states of AWS KMS keys").
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from localcloud.moto_data import resources

_BY_ID = (
    "replicate_key",
    "disable_key",
    "enable_key",
    "cancel_key_deletion",
    "schedule_key_deletion",
)
"""Methods of moto's backend that look a key up by its ID only."""
_UNCHECKED = (
    "replicate_key",
    "rotate_key_on_demand",
    "list_key_rotations",
    "create_grant",
    "list_grants",
    "revoke_grant",
)
"""Operations on a key's ID or ARN to which moto passes an alias, or a key that is not there."""
_NOT_WHILE_PENDING = (
    "create_alias",
    "create_grant",
    "disable_key",
    "disable_key_rotation",
    "enable_key",
    "enable_key_rotation",
    "encrypt",
    "generate_data_key",
    "rotate_key_on_demand",
    "schedule_key_deletion",
    "tag_resource",
    "untag_resource",
    "update_key_description",
)
_PENDING = "PendingDeletion"


def correct() -> None:
    """Corrects how moto's KMS finds a key, and what it lets be done with it."""
    from moto.kms.models import KmsBackend
    from moto.kms.responses import KmsResponse

    for name in _BY_ID:
        setattr(KmsBackend, name, _by_id(getattr(KmsBackend, name)))
    for name in _UNCHECKED:
        setattr(KmsResponse, name, _of_existing_key(getattr(KmsResponse, name)))
    for name in ("cancel_key_deletion", "schedule_key_deletion"):
        setattr(KmsResponse, name, _answering_with_arn(getattr(KmsResponse, name)))
    for name in _NOT_WHILE_PENDING:
        setattr(KmsResponse, name, _unless_pending(getattr(KmsResponse, name)))
    KmsResponse.cancel_key_deletion = _if_pending(KmsResponse.cancel_key_deletion)


def _by_id(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method of the backend that also takes a key's ARN."""

    @wraps(method)
    def of_key(backend: Any, key_id: str, *arguments: Any) -> Any:
        return method(backend, backend.get_key_id(key_id), *arguments)

    return of_key


def _of_existing_key(operation: Callable[[Any], str]) -> Callable[[Any], str]:
    """An operation that refuses an alias, and a key that does not exist."""

    @wraps(operation)
    def of_key(response: Any) -> str:
        response._validate_cmk_id(response._get_param("KeyId"))
        return operation(response)

    return of_key


def _answering_with_arn(operation: Callable[[Any], str]) -> Callable[[Any], str]:
    """An operation that names the key by its ARN, however the request named it."""

    @wraps(operation)
    def answer(response: Any) -> str:
        document = json.loads(operation(response))
        return json.dumps(document | {"KeyId": response._display_arn(document["KeyId"])})

    return answer


def _unless_pending(operation: Callable[[Any], str]) -> Callable[[Any], str]:
    """An operation that refuses a key which is pending deletion."""

    @wraps(operation)
    def of_key(response: Any) -> str:
        key = _key(response)
        if key is not None and key.state == _PENDING:
            raise _invalid_state(f"{key.arn} is pending deletion.")
        return operation(response)

    return of_key


def _if_pending(operation: Callable[[Any], str]) -> Callable[[Any], str]:
    """An operation that refuses a key which is not pending deletion."""

    @wraps(operation)
    def of_key(response: Any) -> str:
        key = _key(response)
        if key is not None and key.state != _PENDING:
            raise _invalid_state(f"{key.arn} is not pending deletion.")
        return operation(response)

    return of_key


def _key(response: Any) -> resources.Key | None:
    """The key of a request; None if there is none, which moto itself refuses."""
    name = response._get_param("KeyId") or response._get_param("TargetKeyId")
    return resources.key(name, response.current_account, response.region)


def _invalid_state(message: str) -> Exception:
    from moto.core.exceptions import JsonRESTError

    error: Exception = JsonRESTError("KMSInvalidStateException", message)
    return error
