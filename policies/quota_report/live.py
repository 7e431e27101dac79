"""What an account's training jobs use now, and what Service Quotas allows."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from botocore.exceptions import ClientError

from training_policies.resource import Resource, as_the_sdk_sends
from training_policies.training_job import OWN_TYPE, TrainingJobView, training_job

_RUNNING = ("InProgress", "Stopping")
"""The statuses of jobs that have instances, or wait for them."""

_PAGE = 100
_LISTED_AGE = timedelta(minutes=30)
"""How old a job is at most that the list must show, because Search may not show it yet."""
_LONGEST_LIFE = timedelta(days=56)
"""How long a job can live: 28 days of waiting and 28 days of running."""

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
    """The training jobs that are in progress in the session's account and region.

    The trials of a tuning job are among them; the URN of each is the ARN of its tuning job.
    ListTrainingJobs reads the records of all jobs that there ever were before it looks at their
    status. So Search finds the jobs in progress, and the list only those too new for it. Search
    may show a status that has changed since: the description decides.
    """
    sagemaker = session.client("sagemaker")
    oldest = datetime.now(UTC) - _LISTED_AGE
    try:
        names = dict.fromkeys(_searched(sagemaker))
    except ClientError as error:
        if error.response["Error"]["Code"] != "AccessDeniedException":
            raise
        print(
            "These credentials may not call sagemaker:Search, so all jobs of the last "
            f"{_LONGEST_LIFE.days} days are listed, which takes longer.",
            file=sys.stderr,
        )
        names, oldest = {}, oldest - _LONGEST_LIFE
    names |= dict.fromkeys(_listed(sagemaker, oldest))
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
    """What an attempt takes of the account's quotas, in which no training plan counts.

    A tuning job takes that for each of its parallel trials.
    """
    counted: Counter[Market] = Counter()
    at_once = variant.at_once if isinstance(variant.at_once, int) else 0
    for group in () if variant.is_prepaid else variant.groups:
        if isinstance(group.instance_type, str) and isinstance(group.count, int):
            counted[Market(group.instance_type, variant.spot is True)] += at_once * group.count
    yield from counted.items()


def _searched(sagemaker: Any) -> Iterator[str]:
    """The names of the jobs that Search shows as in progress or stopping."""
    for status in _RUNNING:
        filters = [{"Name": "TrainingJobStatus", "Operator": "Equals", "Value": status}]
        pages = sagemaker.get_paginator("search").paginate(
            Resource="TrainingJob", SearchExpression={"Filters": filters}, MaxResults=_PAGE
        )
        for page in pages:
            yield from (each["TrainingJob"]["TrainingJobName"] for each in page["Results"])


def _listed(sagemaker: Any, oldest: datetime) -> Iterator[str]:
    """The names of the jobs in progress that were created since then."""
    pages = sagemaker.get_paginator("list_training_jobs").paginate(
        SortBy="CreationTime", SortOrder="Descending", MaxResults=_PAGE
    )
    for job in (job for page in pages for job in page["TrainingJobSummaries"]):
        if job["CreationTime"] < oldest:
            return
        if job["TrainingJobStatus"] in _RUNNING:
            yield job["TrainingJobName"]


def _view(sagemaker: Any, name: str) -> TrainingJobView | None:
    """A job with its tags; None for one that has ended."""
    description: Mapping[str, Any] = sagemaker.describe_training_job(TrainingJobName=name)
    if description["TrainingJobStatus"] not in _RUNNING:
        return None
    arn = description["TrainingJobArn"]
    tags = sagemaker.list_tags(ResourceArn=arn)["Tags"]
    request = {key: description[key] for key in _JUDGED if key in description}
    request["ResourceConfig"] = _selected(request["ResourceConfig"])
    properties = as_the_sdk_sends({"request": {**request, "Tags": tags}})
    recorded = description.get("TuningJobArn", arn)
    return training_job(Resource(OWN_TYPE, name, recorded, properties))


def _selected(resources: Mapping[str, Any]) -> Mapping[str, Any]:
    """A description's ResourceConfig, with what was selected in place of the preferences."""
    if "SelectedInstanceType" not in resources:
        return resources
    others = {k: v for k, v in resources.items() if k not in _PREFERENCES}
    return others | {
        "InstanceType": resources["SelectedInstanceType"],
        "InstanceCount": resources["SelectedInstanceCount"],
    }


_PREFERENCES = ("InstancePreferences", "SelectedInstanceType", "SelectedInstanceCount")
_JUDGED = ("ResourceConfig", "StoppingCondition", "EnableManagedSpotTraining")
