"""The training jobs that a stack had, as SageMaker's Search shows them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import Any

from run_forecast.rates import Description
from training_policies.training_job import TrainingJobView

_NEWEST = 100
"""The jobs that count: what Search shows in one answer."""


def past_jobs(jobs: Iterable[TrainingJobView], region: str | None) -> list[Description]:
    """The newest jobs of these jobs' stack in a region of the account; none without a region."""
    tags = _stack_tags(jobs)
    if region is None or not tags:
        return []
    # Only a forecast from records needs the AWS SDK; the pack itself does not.
    import boto3

    return found_jobs(boto3.client("sagemaker", region_name=region), tags)


def found_jobs(sagemaker: Any, tags: Mapping[str, str]) -> list[Description]:
    """The newest jobs with these tags, newest first; none where they can't be searched for."""
    from botocore.exceptions import BotoCoreError, ClientError

    filters = [
        {"Name": f"Tags.{key}", "Operator": "Equals", "Value": value} for key, value in tags.items()
    ]
    try:
        page = sagemaker.search(
            Resource="TrainingJob",
            SearchExpression={"Filters": filters},
            SortBy="CreationTime",
            SortOrder="Descending",
            MaxResults=_NEWEST,
        )
    except (BotoCoreError, ClientError) as error:
        print(
            f"The forecast's rates are assumed, as no record can be read: {error}", file=sys.stderr
        )
        return []
    return [each["TrainingJob"] for each in page["Results"]]


def _stack_tags(jobs: Iterable[TrainingJobView]) -> Mapping[str, str]:
    """The tags that all jobs of a stack have; none where they are not known."""
    for job in jobs:
        tags = job.tags
        if isinstance(tags, Mapping):
            found = {key: tags[key] for key in ("team", "stack") if isinstance(tags.get(key), str)}
            if len(found) == 2:
                return found
    return {}
