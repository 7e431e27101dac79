"""The server's own pages, beside AWS's APIs: what tests and the command line ask of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localcloud.backends import account_of, messages
from localcloud.faults import Plan
from localcloud.quotas.book import Quota, quotas
from localcloud.sagemaker.errors import validation_error
from localcloud.sagemaker.runtime.control import Interruption
from localcloud.sagemaker.service import TrainingService

Page = Callable[[dict[str, Any]], Any]
"""Takes a request's document and returns the answer's; raises ServiceError to refuse."""


def pages(service: TrainingService, plan: Plan) -> dict[tuple[str, str], Page]:
    """Return the pages by method and path."""
    return {
        ("GET", "/localcloud/messages"): lambda _: messages(),
        ("GET", "/localcloud/faults"): plan.show,
        ("POST", "/localcloud/faults"): plan.replace,
        ("POST", "/localcloud/interruptions"): lambda document: _interrupt(service, document),
        ("GET", "/localcloud/spot"): service.spot.show,
        ("POST", "/localcloud/spot"): service.spot.replace,
        ("POST", "/localcloud/quotas"): lambda document: _set_quota(service, document),
    }


def _interrupt(service: TrainingService, document: dict[str, Any]) -> dict[str, Any]:
    match document:
        case {"job": str(name), "abrupt": bool(abrupt), "drought": float() | int() as drought}:
            service.interrupt(name, Interruption(abrupt, drought))
        case _:
            raise validation_error("An interruption has a job, abrupt and drought.")
    return {}


def _set_quota(service: TrainingService, document: dict[str, Any]) -> dict[str, Any]:
    """Set a quota of the default account, to less than before too."""
    match document:
        case {"name": str(name), "region": str(region), "value": int(value)} if value >= 0:
            service.quotas.apply((account_of(""), region), _quota(name), value)
        case _:
            raise validation_error("A quota has a name, a region and a value of 0 or more.")
    return {}


def _quota(name: str) -> Quota:
    for quota in quotas().values():
        if quota.name == name:
            return quota
    raise validation_error(f"There is no quota '{name}': is it an instance type of SageMaker's?")
