"""Reads what the report of a lineage shows, from SageMaker, CloudWatch and S3. boto3."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from components.training_job.aws.errors import code_of
from components.training_job.request.job_tags import LINEAGE_TAG
from components.training_job.run.outcome import has_failed
from components.training_job.run.run_record import RUN_RECORD
from components.training_job.run.waiting import last_log_lines
from tracking.attempts import Clients, attempts_of, read_json
from tracking.metric_logs import points_of
from tracking.run_report.contents import Found, Tuning

TRIALS = "trials.json"
"""The table of its trials that a tuning job leaves beside its record."""

_LOG_LINES = 30
_TUNING_JOBS = 20
"""The newest tuning jobs of a lineage that are read."""


def found_of(clients: Clients, lineage: str) -> Found:
    """What is known of a lineage now.

    Raises:
        ClientError: AWS refuses to show its jobs.
    """
    attempts = attempts_of(clients, lineage)
    failed = bool(attempts) and has_failed(str(attempts[-1].progress["outcome"]))
    return Found(
        lineage=lineage,
        attempts=[(attempt, points_of(clients, attempt)) for attempt in attempts],
        log=last_log_lines(clients.logs, attempts[-1].name, _LOG_LINES) if failed else (),
        tunings=_tunings(clients, lineage, has_others=bool(attempts)),
    )


def _tunings(clients: Clients, lineage: str, *, has_others: bool) -> list[Tuning]:
    """The newest tuning jobs of a lineage, the oldest first.

    Where they can't be searched for, a lineage that has training jobs is reported without them. A
    service that has no tuning jobs refuses the search as not valid.
    """
    of_lineage = {"Name": f"Tags.{LINEAGE_TAG}", "Operator": "Equals", "Value": lineage}
    try:
        page = clients.sagemaker.search(
            Resource="HyperParameterTuningJob",
            SearchExpression={"Filters": [of_lineage]},
            SortBy="CreationTime",
            SortOrder="Descending",
            MaxResults=_TUNING_JOBS,
        )
    except ClientError as error:
        if not has_others and code_of(error) != "ValidationException":
            print(f"Tuning jobs of {lineage} can't be searched for: {error}")
        return []
    found = [each["HyperParameterTuningJob"] for each in page["Results"]]
    return [_tuning(clients.s3, each) for each in reversed(found)]


def _tuning(s3: Any, description: Mapping[str, Any]) -> Tuning:
    folder = Tuning(description).folder
    return Tuning(
        description,
        table=read_json(s3, f"{folder}/{TRIALS}"),
        record=read_json(s3, f"{folder}/{RUN_RECORD}"),
    )
