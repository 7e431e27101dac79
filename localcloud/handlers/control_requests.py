"""The server's own requests, for tests and the command line, which are not part of AWS's APIs."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from localcloud.handlers.faults import Plan
from localcloud.moto_data.backends import account_of, messages
from localcloud.protocol.documents import Count, Seconds, parse, strict
from localcloud.protocol.errors import ServiceError, validation_error
from localcloud.protocol.requests import Answer, Request, Response
from localcloud.protocol.responses import json_response
from localcloud.sagemaker.api.service import TrainingService
from localcloud.sagemaker.jobs.past_jobs import PastJobs
from localcloud.sagemaker.jobs.quota_book import Quota, quotas
from localcloud.sagemaker.runtime.control import Interruption
from localcloud.sagemaker.tuning.tuning_service import TuningService
from localcloud.status_page.application import PATH

_RESET = "/moto-api/reset"
_log = logging.getLogger(__name__)

Document = dict[str, Any]
Region = Annotated[str, Field(pattern=r"^[a-z]{2,}(-[a-z]+)+-[0-9]+$")]


@strict
@dataclass(frozen=True)
class _Reclaim:
    """A spot job's instances are taken away."""

    job: str
    abrupt: bool
    drought: Seconds


@strict
@dataclass(frozen=True)
class _AppliedQuota:
    """A quota of the default account; it may be lower than before."""

    name: str
    region: Region
    value: Count


@strict
@dataclass(frozen=True, kw_only=True)
class _PastJobs(PastJobs):
    """Made-up jobs of the default account."""

    region: Region


class ControlRequests:
    """Answers requests below /localcloud/, and forgets all jobs when moto's data are reset."""

    def __init__(self, service: TrainingService, tuning: TuningService, plan: Plan) -> None:
        self._service = service
        self._tuning = tuning
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
        """Answers a request to the server itself, or passes it on if it is none."""
        command = self._commands.get((request.method, request.path))
        if command is not None:
            return _answer(command, request)
        if request.path.startswith(PATH):
            known = ", ".join(sorted(" ".join(each) for each in self._commands))
            message = f"There is no {request.method} {request.path}. There are {known}"
            return json_response("404 Not Found", {"__type": "NotFound", "message": message})
        if request.path == _RESET:
            self._tuning.close()
            self._service.close()
        return rest(request)

    def _interrupt(self, document: Document) -> Document:
        asked = parse(_Reclaim, document, "an interruption")
        self._service.interrupt(asked.job, Interruption(asked.abrupt, asked.drought))
        return {}

    def _add_past_jobs(self, document: Document) -> Document:
        past = parse(_PastJobs, document, "a number of past jobs")
        self._service.add_past_jobs(past, (account_of(""), past.region))
        return {}

    def _set_quota(self, document: Document) -> Document:
        asked = parse(_AppliedQuota, document, "a quota")
        place = (account_of(""), asked.region)
        self._service.quotas.apply(place, _quota(asked.name), asked.value)
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


def _quota(name: str) -> Quota:
    for quota in quotas().values():
        if quota.name == name:
            return quota
    raise validation_error(f"There is no quota '{name}': is it an instance type of SageMaker's?")
