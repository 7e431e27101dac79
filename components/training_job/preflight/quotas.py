"""The account's quotas of training instances, and what of them is in use. boto3, no Pulumi.

SageMaker counts the instances of each type for on-demand jobs, spot jobs and warm pools apart. The
quotas' codes can't be derived, so they are looked up by name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from components.training_job.aws.found_jobs import all_found, found_jobs
from components.training_job.request.cost import is_prepaid
from components.training_job.request.instance_choices import instance_choices
from components.training_job.run.job_names import HAS_NOT_ENDED
from components.training_job.run.outcome import is_live

Instances = Mapping[str, int]
"""Numbers of instances by the names of the quotas that count them."""


@dataclass(frozen=True)
class Quota:
    """One quota of the account in a region."""

    code: str
    value: float


def instances_of(request: Mapping[str, Any]) -> Instances:
    """What a request takes of each quota; a warm pool keeps what the job had.

    Works on a CreateTrainingJob request and on a job's description alike. The instances of a
    training plan count in none of these quotas. Preferences count in the quotas of all their types.
    """
    resources = request["ResourceConfig"]
    if is_prepaid(resources):
        return {}
    kind = "spot training job" if request.get("EnableManagedSpotTraining") else "training job"
    kinds = [kind, *(["training warm pool"] if "KeepAlivePeriodInSeconds" in resources else [])]
    counts: Counter[str] = Counter()
    for group in (each for groups in instance_choices(resources) for each in groups):
        for each in kinds if "InstanceType" in group else ():
            counts[f"{group['InstanceType']} for {each} usage"] += group["InstanceCount"]
    return counts


def sagemaker_quotas(client: Any) -> dict[str, Quota]:
    """All quotas of SageMaker by name; some twenty calls on a real account."""
    pages = client.get_paginator("list_service_quotas").paginate(
        ServiceCode="sagemaker", PaginationConfig={"PageSize": 100}
    )
    return {
        each["QuotaName"]: Quota(each["QuotaCode"], each["Value"])
        for page in pages
        for each in page["Quotas"]
    }


def live_jobs(client: Any) -> list[dict[str, Any]]:
    """All jobs of the account and region that have not ended, newest first.

    One that is stopping holds its instances, and writes its last checkpoint. One that only a search
    shows may have ended since, which its description says.
    """
    found = found_jobs(client, lambda: all_found(client, HAS_NOT_ENDED))
    return [job for job in found.jobs if is_live(job)]


def in_use(requests: Iterable[Mapping[str, Any]]) -> Counter[str]:
    """What these requests or descriptions take of each quota together."""
    counts: Counter[str] = Counter()
    for request in requests:
        counts.update(instances_of(request))
    return counts


def shortages(
    wanted: Instances, used: Instances, quotas: Mapping[str, Quota]
) -> Iterator[tuple[str, Quota]]:
    """The quotas, by name, that what is wanted would exceed; one that is not listed is no limit."""
    for name, count in wanted.items():
        quota = quotas.get(name)
        if quota is not None and used.get(name, 0) + count > quota.value:
            yield name, quota
