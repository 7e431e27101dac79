"""The training plans that jobs run on: every plan of an account and region is there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from localcloud.protocol.errors import ServiceError
from localcloud.sagemaker.jobs import statuses
from localcloud.sagemaker.jobs.quota_book import Place
from localcloud.sagemaker.jobs.records import TrainingJob

Document = dict[str, Any]

_INSTANCES = 250
"""Of any type, and as many as a job can have here; so no reserved capacity is named."""
_DAY_SECONDS = 86_400
_BEGAN_DAYS_AGO, _ENDS_IN_DAYS = 1, 60
"""A plan never ends here: the longest runtime of a job is 28 days."""


def check(request: Document, account: str, region: str) -> None:
    """Raises the service's ResourceNotFound for a training plan of another account or region."""
    if plan := request["ResourceConfig"].get("TrainingPlanArn"):
        _arn_of(plan, (account, region))


def describe(name_or_arn: str, place: Place, jobs: Iterable[TrainingJob], now: float) -> Document:
    """The answer of DescribeTrainingPlan: an active plan, of whose instances jobs hold some.

    Raises the service's ResourceNotFound for a plan of another account or region.
    """
    arn = _arn_of(name_or_arn, place)
    used = sum(
        job.request["ResourceConfig"]["InstanceCount"]
        for job in jobs
        if job.request["ResourceConfig"].get("TrainingPlanArn") == arn and not statuses.ended(job)
    )
    return {
        "TrainingPlanArn": arn,
        "TrainingPlanName": arn.rpartition("/")[2],
        "Status": "Active",
        "StartTime": now - _BEGAN_DAYS_AGO * _DAY_SECONDS,
        "EndTime": now + _ENDS_IN_DAYS * _DAY_SECONDS,
        "DurationHours": (_BEGAN_DAYS_AGO + _ENDS_IN_DAYS) * 24,
        "TotalInstanceCount": _INSTANCES,
        "InUseInstanceCount": used,
        "AvailableInstanceCount": max(_INSTANCES - used, 0),
        "TargetResources": ["training-job"],
    }


def _arn_of(name_or_arn: str, place: Place) -> str:
    """The ARN of a plan. Raises the service's ResourceNotFound for one of another place."""
    account, region = place
    own = f"arn:aws:sagemaker:{region}:{account}:training-plan/"
    if ":" in name_or_arn and not name_or_arn.startswith(own):
        raise ServiceError("ResourceNotFound", f"Training plan {name_or_arn} does not exist")
    return own + name_or_arn.removeprefix(own)
