"""Why a job fails, in the words of FailureReason."""

from __future__ import annotations

from pathlib import Path

from botocore.exceptions import ClientError as ServiceClientError

from localcloud.sagemaker.sandbox.script_files import leads_elsewhere

_LONGEST = 1024
_SERVER_ERROR = 500
INTERNAL = "InternalServerError: We encountered an internal error. Please try again."


class ClientError(Exception):
    """What the job's owner asked for can't be done; the message becomes the failure reason."""


def refused(step: str, error: ServiceClientError, where: str = "") -> Exception:
    """The failure of a step, such as "Data download failed:", that a service refused.

    `where` says at what. Where the service itself failed, it is not called the owner's mistake.
    """
    status = _status(error)
    answer = error.response["Error"]
    message = f"{step}{answer['Code']} ({status}): {answer['Message']} {where}".rstrip()
    return ClientError(message) if status < _SERVER_ERROR else RuntimeError(message)


def _status(error: ServiceClientError) -> int:
    status: int = error.response["ResponseMetadata"]["HTTPStatusCode"]
    return status


def reason(error: Exception) -> str:
    """The failure reason for an error: the request's bucket, key or role, or the service."""
    owners = isinstance(error, ClientError) or (
        isinstance(error, ServiceClientError) and _status(error) < _SERVER_ERROR
    )
    return client_error(error) if owners else INTERNAL


def client_error(error: Exception) -> str:
    """The failure reason for a mistake of the job's owner."""
    return f"ClientError: {error}"[:_LONGEST]


def algorithm_error(failure_file: Path, code: int) -> str:
    """The failure reason for an exit code, with what the script left to say."""
    end = f", exit code: {code}"
    start = "AlgorithmError: "
    return start + _read(failure_file)[: _LONGEST - len(start) - len(end)] + end


def _read(path: Path) -> str:
    if leads_elsewhere(path) or not path.is_file():
        return ""
    with path.open(errors="replace") as file:
        return file.read(_LONGEST)
