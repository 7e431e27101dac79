"""Faults on demand: requests that are throttled, fail, hang or lose their connection.

A plan of faults is for tests of programs that call AWS. It also applies to the requests of the
runtime, which is a client like any other.
"""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from fnmatch import fnmatchcase
from typing import Any, Literal

from localcloud.protocol.documents import Count, Seconds, parse, strict
from localcloud.protocol.errors import ServiceError, expired_token
from localcloud.protocol.requests import Answer, Request, Response


@strict
@dataclass(frozen=True)
class Fault:
    """One fault: which requests it strikes, and what happens to them."""

    service: str
    """The service's name in signatures: sagemaker, s3, …."""
    answer: Literal["throttle", "error", "expired", "cut", "real"]
    """throttle, error, expired (credentials): the service's own error; cut: no answer, as the
    connection is closed; real: the real answer."""
    region: str = "*"
    access_key: str = "*"
    """A pattern of the key that signed the request."""
    operation: str = "*"
    """A pattern of the operation, such as CreateTrainingJob; S3 has none."""
    method: str = "*"
    path: str = "*"
    """A pattern of the path, such as /bucket/folder/*."""
    effect: bool = False
    """Whether the request takes effect; with the real answer it always does."""
    seconds: Seconds = 0.0
    """The delay of the answer, in seconds."""
    skip: Count = 0
    """How many requests pass before the first fault."""
    times: Count = 1
    """How many requests get the fault."""
    struck: Count = 0
    """How many requests have had it."""


@strict
@dataclass(frozen=True)
class _Faults:
    faults: list[Fault]


class Plan:
    """The faults that are switched on; a request gets the first that matches it."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def replace(self, document: dict[str, Any]) -> dict[str, Any]:
        """Replaces all faults by those of a document; an empty list switches all off.

        Raises ServiceError for anything else than a list of faults.
        """
        faults = parse(_Faults, document, "a list of faults").faults
        with self._lock:
            self._faults = faults
        return self.show({})

    def show(self, _document: dict[str, Any]) -> dict[str, Any]:
        """The faults, and how many requests have had each."""
        with self._lock:
            return {"faults": [asdict(fault) for fault in self._faults]}

    def take(self, request: Request) -> Fault | None:
        """The fault that a request gets, which is counted; None if it gets none."""
        with self._lock:
            for index, fault in enumerate(self._faults):
                if fault.struck < fault.times and _matches(fault, request):
                    passes = fault.skip > 0
                    self._faults[index] = (
                        replace(fault, skip=fault.skip - 1)
                        if passes
                        else replace(fault, struck=fault.struck + 1)
                    )
                    return None if passes else fault
        return None


class Faults:
    """The handler that applies the faults of a plan to requests."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def __call__(self, request: Request, rest: Answer) -> Response:
        """Passes a request on, or makes it fail; raises the ServiceError of the service."""
        fault = self._plan.take(request)
        if fault is None:
            return rest(request)
        if fault.answer == "real":
            time.sleep(fault.seconds)
            return rest(request)
        if fault.effect:
            # Its answer is lost, whatever it is.
            with suppress(Exception):
                b"".join(rest(request).body)
        time.sleep(fault.seconds)
        if fault.answer == "cut":
            request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            return Response("500 Internal Server Error")
        raise _error(fault, request)


def _matches(fault: Fault, request: Request) -> bool:
    signer = request.signer
    return (
        fault.service == signer.service
        and fnmatchcase(signer.access_key, fault.access_key)
        and fnmatchcase(signer.region, fault.region)
        and fnmatchcase(request.method, fault.method)
        and fnmatchcase(request.path, fault.path)
        and (fault.operation == "*" or fnmatchcase(request.operation, fault.operation))
    )


def _error(fault: Fault, request: Request) -> ServiceError:
    if fault.answer == "throttle":
        return _throttled(fault.service)
    if fault.answer == "error":
        return _failed(fault.service)
    return expired_token(fault.service, by_form=request.is_form)


def _throttled(service: str) -> ServiceError:
    if service == "s3":
        return ServiceError("SlowDown", "Please reduce your request rate.", 503)
    if service == "ec2":
        return ServiceError("RequestLimitExceeded", "Request limit exceeded.", 503)
    return ServiceError("ThrottlingException", "Rate exceeded")


def _failed(service: str) -> ServiceError:
    code = "InternalError" if service in {"s3", "ec2"} else "InternalFailure"
    return ServiceError(code, "We encountered an internal error. Please try again.", 500)
