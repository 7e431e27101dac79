"""How a dynamic provider's errors reach the person at the prompt, and where their traces go."""

from __future__ import annotations

import functools
import logging
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, TypeVar

_LARGEST_LOG_BYTES = 1_000_000
DENIED_CODES = frozenset({"AccessDenied", "AccessDeniedException"})
"""The services' words for what the credentials may not do."""

EXPIRED_CODES = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
"""The services' words for credentials that have expired."""

_EXPIRED = (
    "the AWS credentials have expired. Renew them, as with `aws sso login`, and run the same "
    "command again: what was launched runs on and is found by its name and tags."
)
_log = logging.getLogger("sagemaker-training")

Result = TypeVar("Result")


class TrainingJobError(Exception):
    """Something that stops a job's launch or end, with the remedy in its message."""


TrainingJobError.__module__ = "builtins"  # the engine prints the qualified name before the message


def without_traceback() -> None:
    """Has this process print only an exception's message, and write its trace to a file.

    The dynamic-provider host sends the engine `traceback.format_exc()`, of which only the last
    lines say anything to the person who reads them.
    """
    sys.tracebacklimit = 0
    if not any(handler.name == _log.name for handler in _log.handlers):
        _log.addHandler(_file(trace_file()))
        _log.propagate = False


def trace_file() -> Path:
    """The file of full traces, beside Pulumi's own logs."""
    home = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    return home / "logs" / "sagemaker-training.log"


def traced(verb: Callable[..., Result]) -> Callable[..., Result]:
    """A provider's verb that writes the trace of what it raises.

    Expired credentials are reported with the remedy. Any other error that is no TrainingJobError
    names none, so its message says where the trace is.
    """

    @functools.wraps(verb)
    def call(*arguments: Any) -> Result:
        try:
            return verb(*arguments)
        except Exception as error:
            _write(error)
            if has_expired(error):
                raise TrainingJobError(_EXPIRED) from None
            if not isinstance(error, TrainingJobError):
                error.add_note(f"The full trace is in {trace_file()}.")
            raise

    return call


def has_expired(error: Exception) -> bool:
    """Whether AWS refused a call because the credentials have expired."""
    return code_of(error) in EXPIRED_CODES


def is_denied(error: Exception) -> bool:
    """Whether AWS refused a call because the credentials may not make it."""
    return code_of(error) in DENIED_CODES


def is_gone(error: Exception) -> bool:
    """Whether SageMaker refused a call because there is no such record."""
    return code_of(error) == "ResourceNotFound" or "resource not found" in message_of(error).lower()


def code_of(error: Exception) -> str:
    """AWS's code of an error; "" for one that is not AWS's."""
    answer = getattr(error, "response", {})  # a ClientError has one
    return str(answer.get("Error", {}).get("Code", ""))


def message_of(error: Any) -> str:
    """AWS's message of an error that a client raised."""
    return str(error.response["Error"]["Message"])


def _write(error: Exception) -> None:
    """Writes a trace with all its frames, whatever the process prints."""
    limit = vars(sys).pop("tracebacklimit", None)
    try:
        _log.error("%s", error, exc_info=error)
    finally:
        if limit is not None:
            sys.tracebacklimit = limit


def _file(path: Path) -> logging.Handler:
    """The log file, or nothing where it can't be written: no update fails for its log's sake."""
    handler: logging.Handler = logging.NullHandler()
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(path, maxBytes=_LARGEST_LOG_BYTES, backupCount=1)
        path.chmod(0o600)
    handler.name = _log.name
    handler.setFormatter(logging.Formatter("%(asctime)s %(process)d %(message)s"))
    return handler
