"""Faults on demand: requests that are throttled, fail, hang or lose their connection.

A plan of faults is for tests of whoever calls AWS. It holds for the runtime's own requests
too, which are a client's like any other.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from fnmatch import fnmatchcase
from typing import Any

from localcloud.authorization.signatures import signer_of
from localcloud.operations import operation_of
from localcloud.sagemaker.errors import ServiceError, validation_error
from localcloud.wsgi import Application, Environ, StartResponse, is_form

ANSWERS = ("throttle", "error", "expired", "cut", "real")


@dataclass(frozen=True)
class Fault:
    """What happens to which requests."""

    service: str
    """As in the request's signature: sagemaker, s3, …"""
    answer: str
    """throttle, error and expired (credentials) answer as the service would, cut closes the
    connection, real nothing."""
    region: str = "*"
    access_key: str = "*"
    """A pattern of the key that signed the request."""
    operation: str = "*"
    """A pattern of CreateTrainingJob and the like; S3 has none."""
    method: str = "*"
    path: str = "*"
    """A pattern: /bucket/folder/*"""
    effect: bool = False
    """Whether the request takes effect; always with the real answer."""
    seconds: float = 0.0
    """How long the answer takes."""
    skip: int = 0
    """How many requests pass before the first fault."""
    times: int = 1
    """How many requests it strikes."""
    struck: int = 0
    """How many it has struck."""

    @classmethod
    def parse(cls, document: Any) -> Fault:
        """Read a fault; raise ServiceError that says what is wrong."""
        try:
            fault = cls(**document)
        except TypeError as error:
            raise validation_error(f"{document} is no fault: {error}") from error
        for field in fields(cls):
            value = getattr(fault, field.name)
            if type(value).__name__ != field.type and (field.type, type(value)) != ("float", int):
                raise validation_error(f"{field.name} of a fault is no {field.type}: {value!r}")
        if fault.answer not in ANSWERS:
            raise validation_error(f"answer is none of {', '.join(ANSWERS)}: {fault.answer!r}")
        return fault


class Plan:
    """The faults that are switched on; the first that matches a request strikes it."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def replace(self, document: dict[str, Any]) -> dict[str, Any]:
        """Put the faults of a document in place of those before; none switches all off."""
        faults = [Fault.parse(each) for each in document.get("faults", [])]
        with self._lock:
            self._faults = faults
        return self.show({})

    def show(self, _document: dict[str, Any]) -> dict[str, Any]:
        """Return the faults and how often each has struck."""
        with self._lock:
            return {"faults": [asdict(fault) for fault in self._faults]}

    def take(self, environ: Environ) -> Fault | None:
        """Return the fault that strikes a request, and count it."""
        with self._lock:
            for index, fault in enumerate(self._faults):
                if fault.struck < fault.times and _matches(fault, environ):
                    passes = fault.skip > 0
                    self._faults[index] = (
                        replace(fault, skip=fault.skip - 1)
                        if passes
                        else replace(fault, struck=fault.struck + 1)
                    )
                    return None if passes else fault
        return None


class Faulty:
    """A WSGI application that does to the requests of another what a plan says."""

    def __init__(self, plan: Plan, application: Application) -> None:
        self._plan = plan
        self._application = application

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        fault = self._plan.take(environ)
        if fault is None:
            return self._application(environ, start_response)
        if fault.answer == "real":
            time.sleep(fault.seconds)
            return self._application(environ, start_response)
        if fault.effect:
            # Its answer is lost, whatever it is.
            with suppress(Exception):
                b"".join(self._application(environ, lambda *_: None))
        time.sleep(fault.seconds)
        if fault.answer == "cut":
            return _cut(environ, start_response)
        raise _error(fault, environ)


def _matches(fault: Fault, environ: Environ) -> bool:
    signer = signer_of(environ)
    return (
        fault.service == signer.service
        and fnmatchcase(signer.access_key, fault.access_key)
        and fnmatchcase(signer.region, fault.region)
        and fnmatchcase(environ["REQUEST_METHOD"], fault.method)
        and fnmatchcase(environ["PATH_INFO"], fault.path)
        and (fault.operation == "*" or fnmatchcase(operation_of(environ), fault.operation))
    )


def _cut(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    start_response("500 Internal Server Error", [])
    return []


def _error(fault: Fault, environ: Environ) -> ServiceError:
    if fault.answer == "throttle":
        return _throttled(fault.service)
    if fault.answer == "error":
        return _failed(fault.service)
    return _expired(fault.service, is_form(environ))


def _throttled(service: str) -> ServiceError:
    if service == "s3":
        return ServiceError("SlowDown", "Please reduce your request rate.", 503)
    if service == "ec2":
        return ServiceError("RequestLimitExceeded", "Request limit exceeded.", 503)
    return ServiceError("ThrottlingException", "Rate exceeded")


def _failed(service: str) -> ServiceError:
    code = "InternalError" if service in {"s3", "ec2"} else "InternalFailure"
    return ServiceError(code, "We encountered an internal error. Please try again.", 500)


def _expired(service: str, in_form: bool) -> ServiceError:
    if service == "ec2":
        return ServiceError("RequestExpired", "Request has expired.")
    if service == "s3":
        return ServiceError("ExpiredToken", "The provided token has expired.")
    code = "ExpiredToken" if in_form else "ExpiredTokenException"
    return ServiceError(code, "The security token included in the request is expired")
