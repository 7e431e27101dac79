"""The server's own requests, for tests and the command line, which are not part of AWS's APIs."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import fields
from typing import Any

from localcloud.handlers.faults import Plan
from localcloud.moto_data.backends import account_of, messages
from localcloud.protocol.errors import ServiceError, validation_error
from localcloud.protocol.requests import Answer, Request, Response
from localcloud.protocol.responses import json_response
from localcloud.sagemaker.api.service import TrainingService
from localcloud.sagemaker.jobs.past_jobs import PastJobs
from localcloud.sagemaker.jobs.quota_book import Quota, quotas
from localcloud.sagemaker.runtime.control import Interruption

_RESET = "/moto-api/reset"
_log = logging.getLogger(__name__)

Document = dict[str, Any]


class ControlRequests:
    """Answers requests below /localcloud/, and forgets all jobs when moto's data are reset."""

    def __init__(self, service: TrainingService, plan: Plan) -> None:
        self._service = service
        self._commands: dict[tuple[str, str], Callable[[Document], Any]] = {
            ("GET", "/localcloud/messages"): lambda _: messages(),
            ("GET", "/localcloud/faults"): plan.show,
            ("POST", "/localcloud/faults"): plan.replace,
            ("POST", "/localcloud/interruptions"): self._interrupt,
            ("GET", "/localcloud/spot"): service.spot.show,
            ("POST", "/localcloud/spot"): service.spot.replace,
            ("POST", "/localcloud/quotas"): self._set_quota,
            ("POST", "/localcloud/past-jobs"): self._add_past_jobs,
        }

    def __call__(self, request: Request, rest: Answer) -> Response:
        """Answers a request to the server itself."""
        command = self._commands.get((request.method, request.path))
        if command is not None:
            return _answer(command, request)
        if request.path == _RESET:
            self._service.close()
        return rest(request)

    def _interrupt(self, document: Document) -> Document:
        match document:
            case {"job": str(name), "abrupt": bool(abrupt), "drought": float() | int() as drought}:
                self._service.interrupt(name, Interruption(abrupt, drought))
            case _:
                raise validation_error("An interruption has a job, abrupt and drought.")
        return {}

    def _add_past_jobs(self, document: Document) -> Document:
        """Adds records of made-up jobs to a region of the default account."""
        match document:
            case {"region": str(region), "count": int(), **more}:
                past = _past_jobs({"count": document["count"], **more})
            case _:
                raise validation_error("Past jobs have a region and a count.")
        self._service.add_past_jobs(past, (account_of(""), region))
        return {}

    def _set_quota(self, document: Document) -> Document:
        """Sets a quota of the default account; it may be lower than before."""
        match document:
            case {"name": str(name), "region": str(region), "value": int(value)} if value >= 0:
                self._service.quotas.apply((account_of(""), region), _quota(name), value)
            case _:
                raise validation_error("A quota has a name, a region and a value of 0 or more.")
        return {}


def _answer(command: Callable[[Document], Any], request: Request) -> Response:
    try:
        document = command(request.document)
        return json_response("200 OK", document, empty=document == {})
    except ServiceError as error:
        content = {"__type": error.code, "message": error.message}
        return json_response(f"{error.status} {error.code}", content)
    except Exception:
        _log.exception("%s failed", request.path)
        content = {"__type": "InternalFailure", "message": "The local cloud's log says why."}
        return json_response("500 Internal Server Error", content)


def _past_jobs(values: Document) -> PastJobs:
    try:
        return PastJobs(**values)
    except TypeError as error:
        known = ", ".join(field.name for field in fields(PastJobs))
        raise validation_error(f"Past jobs have a region and {known}: {error}") from error


def _quota(name: str) -> Quota:
    for quota in quotas().values():
        if quota.name == name:
            return quota
    raise validation_error(f"There is no quota '{name}': is it an instance type of SageMaker's?")
