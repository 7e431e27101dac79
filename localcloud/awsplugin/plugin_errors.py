"""Errors with AWS's messages."""

from __future__ import annotations

from dataclasses import dataclass


class AwsError(Exception):
    """An operation that AWS would refuse, although the local endpoint does not."""

    def __init__(self, operation: str, code: str, message: str) -> None:
        super().__init__(f"{operation}: {code}: {message}")
        self.code = code


@dataclass(frozen=True)
class Failure:
    """An input that is refused before anything is created."""

    property: str
    reason: str


def describe(error: BaseException) -> str:
    """The message of `error` in one paragraph: operation, AWS's code and message."""
    response = getattr(error, "response", None)
    if isinstance(response, dict) and "Error" in response:
        detail, operation = response["Error"], getattr(error, "operation_name", "")
        return f"{operation}: {detail.get('Code')}: {detail.get('Message')}"
    if isinstance(error, AwsError):
        return str(error)
    return f"{type(error).__name__}: {error}"


def code_of(error: BaseException) -> str:
    """AWS's error code of `error`, "" if it has none."""
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        return str(response.get("Error", {}).get("Code", ""))
    return error.code if isinstance(error, AwsError) else ""
