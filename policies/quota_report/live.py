"""What an account's training jobs use now, and what Service Quotas allows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import boto3

from training_policies.resource import Resource, as_the_sdk_sends
from training_policies.training_job import OWN_TYPE, TrainingJobView, training_job

# Quotas are looked up by their names: their codes differ from type to type.
_QUOTA = re.compile(r"(ml\.[a-z0-9-]+\.[a-z0-9]+) for (spot )?training job usage")


@dataclass(frozen=True)
class Market:
    """Instances of one type, on spot or on demand, which Service Quotas counts separately."""

    instance_type: str
    spot: bool

    def __str__(self) -> str:
        """The type and its market."""
        return f"{self.instance_type} {'on spot' if self.spot else 'on demand'}"


def running_jobs(session: boto3.Session) -> list[TrainingJobView]:
    """The training jobs that are in progress in the session's account and region."""
    sagemaker = session.client("sagemaker")
    pages = sagemaker.get_paginator("list_training_jobs").paginate(StatusEquals="InProgress")
    names = [job["TrainingJobName"] for page in pages for job in page["TrainingJobSummaries"]]
    views = (_view(sagemaker, name) for name in names)
    return [view for view in views if view is not None]


def account_quotas(session: boto3.Session) -> dict[Market, float]:
    """How many instances of each type the account may use for training at once."""
    client = session.client("service-quotas")
    pages = client.get_paginator("list_service_quotas").paginate(ServiceCode="sagemaker")
    matched = (
        (_QUOTA.fullmatch(quota["QuotaName"]), quota["Value"])
        for page in pages
        for quota in page["Quotas"]
    )
    return {Market(found[1], bool(found[2])): value for found, value in matched if found}


def instances_by_market(jobs: Iterable[TrainingJobView]) -> Counter[Market]:
    """The instances that jobs use, each job at the worst of its attempts."""
    total: Counter[Market] = Counter()
    for job in jobs:
        worst: Counter[Market] = Counter()
        for variant in job.variants:
            worst |= Counter(dict(_instances(variant)))
        total += worst
    return total


def _instances(variant: TrainingJobView) -> Iterator[tuple[Market, int]]:
    counted: Counter[Market] = Counter()
    for group in variant.groups:
        if isinstance(group.instance_type, str) and isinstance(group.count, int):
            counted[Market(group.instance_type, variant.spot is True)] += group.count
    yield from counted.items()


def _view(sagemaker: Any, name: str) -> TrainingJobView | None:
    description: Mapping[str, Any] = sagemaker.describe_training_job(TrainingJobName=name)
    arn = description["TrainingJobArn"]
    tags = sagemaker.list_tags(ResourceArn=arn)["Tags"]
    request = {key: description[key] for key in _JUDGED if key in description}
    properties = as_the_sdk_sends({"request": {**request, "Tags": tags}})
    return training_job(Resource(OWN_TYPE, name, arn, properties))


_JUDGED = ("ResourceConfig", "StoppingCondition", "EnableManagedSpotTraining")
