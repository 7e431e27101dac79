"""How many instances the jobs of an account and region use, and whether another job fits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from localcloud.protocol.errors import ServiceError
from localcloud.sagemaker.jobs import statuses, warm_pools
from localcloud.sagemaker.jobs.instances import instance_groups
from localcloud.sagemaker.jobs.quota_book import Kind, Place, Quota, QuotaBook
from localcloud.sagemaker.jobs.records import TrainingJob

Document = dict[str, Any]


def instances_of(request: Document) -> Counter[str]:
    """The number of instances by type that a request takes of the quotas, over all its groups.

    Those of a training plan count in none.
    """
    if "TrainingPlanArn" in request["ResourceConfig"]:
        return Counter()
    counts: Counter[str] = Counter()
    for group in instance_groups(request):
        counts[group["InstanceType"]] += group["InstanceCount"]
    return counts


def kind_of(request: Document) -> Kind:
    """The kind of use for which a job's instances count."""
    return "spot training job" if request.get("EnableManagedSpotTraining") else "training job"


def in_use(jobs: Iterable[TrainingJob], place: Place, kind: Kind, now: float) -> Counter[str]:
    """The number of instances by type that jobs of a place use, wait for or keep warm."""
    counts: Counter[str] = Counter()
    for job in jobs:
        held = not statuses.ended(job) or warm_pools.status(job, now) == "Available"
        if held and (job.account, job.region) == place and kind_of(job.request) == kind:
            counts += instances_of(job.request)
    return counts


def check(
    book: QuotaBook, jobs: Iterable[TrainingJob], place: Place, request: Document, now: float
) -> None:
    """Raises SageMaker's ResourceLimitExceeded if a request needs more than is left."""
    kind = kind_of(request)
    used = in_use(jobs, place, kind, now)
    for name, count in instances_of(request).items():
        quota = Quota(name, kind)
        limit = book.value(place, quota)
        if used[name] + count > limit:
            raise ServiceError(
                "ResourceLimitExceeded",
                f"The account-level service limit '{quota.name}' is {limit:.0f} Instances, with "
                f"current utilization of {used[name]} Instances and a request delta of {count} "
                "Instances. Please contact AWS support to request an increase for this limit.",
            )


def selected(
    book: QuotaBook, jobs: Iterable[TrainingJob], place: Place, request: Document, now: float
) -> Document:
    """The request, with the first of its preferences that there is room for.

    Raises SageMaker's ResourceLimitExceeded where there is room for none.
    """
    resources = request["ResourceConfig"]
    if "InstancePreferences" not in resources:
        check(book, jobs, place, request, now)
        return request
    refusals = []
    for each in instance_groups(request):
        chosen = {
            "SelectedInstanceType": each["InstanceType"],
            "SelectedInstanceCount": each["InstanceCount"],
        }
        choice = request | {"ResourceConfig": resources | chosen}
        try:
            check(book, jobs, place, choice, now)
        except ServiceError as error:
            refusals.append(error)
        else:
            return choice
    raise refusals[0]
