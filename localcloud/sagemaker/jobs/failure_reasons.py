"""The texts of FailureReason."""

from __future__ import annotations

from pathlib import Path

from botocore.exceptions import ClientError as ServiceClientError

from localcloud.sagemaker.sandbox.script_files import leads_elsewhere

_LONGEST = 1024
_SERVER_ERROR = 500
INTERNAL = "InternalServerError: We encountered an internal error. Please try again."


class ClientError(Exception):
    """An error of the job's owner; the message becomes the failure reason."""


def refused(step: str, error: ServiceClientError, where: str = "") -> Exception:
    """The error of a step that a service refused, such as "Data download failed:".

    `where` names the object. It is a ClientError, unless the service itself failed.
    """
    status = _status(error)
    answer = error.response["Error"]
    message = f"{step}{answer['Code']} ({status}): {answer['Message']} {where}".rstrip()
    return ClientError(message) if status < _SERVER_ERROR else RuntimeError(message)


def _status(error: ServiceClientError) -> int:
    status: int = error.response["ResponseMetadata"]["HTTPStatusCode"]
    return status


def reason(error: Exception) -> str:
    """The failure reason for an error of the owner, or else of the service."""
    owners = isinstance(error, ClientError) or (
        isinstance(error, ServiceClientError) and _status(error) < _SERVER_ERROR
    )
    return client_error(error) if owners else INTERNAL


def client_error(error: Exception) -> str:
    """The failure reason for an error of the job's owner."""
    return f"ClientError: {error}"[:_LONGEST]


def algorithm_error(failure_file: Path, code: int) -> str:
    """The failure reason for an exit code, with the text of the script's failure file."""
    end = f", exit code: {code}"
    start = "AlgorithmError: "
    return start + _read(failure_file)[: _LONGEST - len(start) - len(end)] + end


def _read(path: Path) -> str:
    if leads_elsewhere(path) or not path.is_file():
        return ""
    with path.open(errors="replace") as file:
        return file.read(_LONGEST)
