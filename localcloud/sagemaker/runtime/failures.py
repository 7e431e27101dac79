"""Why a job fails, in the words of FailureReason."""

from __future__ import annotations

from pathlib import Path

from botocore.exceptions import ClientError as ServiceClientError

from localcloud.sagemaker.runtime.files import leads_elsewhere

_LONGEST = 1024
INTERNAL = "InternalServerError: We encountered an internal error. Please try again."


class ClientError(Exception):
    """What the job's owner asked for can't be done; the message becomes the failure reason."""


def refused(step: str, error: ServiceClientError) -> ClientError:
    """Return the failure of a step that a service refused, such as "Data download failed:"."""
    answer = error.response
    code, message = answer["Error"]["Code"], answer["Error"]["Message"]
    status = answer["ResponseMetadata"]["HTTPStatusCode"]
    return ClientError(f"{step}{code} ({status}): {message}")


def client_error(error: Exception) -> str:
    """Return the failure reason for a mistake of the job's owner."""
    return f"ClientError: {error}"[:_LONGEST]


def algorithm_error(failure_file: Path, code: int) -> str:
    """Return the failure reason for an exit code, with what the script left to say."""
    end = f", exit code: {code}"
    start = "AlgorithmError: "
    return start + _read(failure_file)[: _LONGEST - len(start) - len(end)] + end


def _read(path: Path) -> str:
    if leads_elsewhere(path) or not path.is_file():
        return ""
    with path.open(errors="replace") as file:
        return file.read(_LONGEST)
