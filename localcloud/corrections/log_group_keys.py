"""The KMS keys of log groups, which moto's CloudWatch Logs can set only at creation."""

from __future__ import annotations

from typing import Any

from localcloud.moto_data import resources


def correct() -> None:
    """Lets moto's log groups take another key, or none."""
    from moto.logs.responses import LogsResponse

    LogsResponse.associate_kms_key = _associate
    LogsResponse.disassociate_kms_key = _disassociate


def _associate(response: Any) -> str:
    from moto.logs.exceptions import InvalidParameterException

    group, name = _group(response), response._get_param("kmsKeyId")
    key = resources.key(name, response.current_account, response.region)
    if not name.startswith("arn:") or key is None or key.state != "Enabled":
        raise InvalidParameterException(
            "The specified KMS key does not exist or is not allowed to be used with Arn "
            f"'{group.arn}'"
        )
    group.kms_key_id = name
    return ""


def _disassociate(response: Any) -> str:
    _group(response).kms_key_id = None
    return ""


def _group(response: Any) -> Any:
    """The log group that a request names by its name or its ARN."""
    from moto.logs.exceptions import ResourceNotFoundException

    arn = response._get_param("resourceIdentifier") or ""
    name = response._get_param("logGroupName") or arn.partition(":log-group:")[2]
    group = response.logs_backend.groups.get(name.removesuffix(":*"))
    if group is None:
        raise ResourceNotFoundException
    return group
