"""Reads what the report of a lineage shows, from SageMaker, CloudWatch and S3. boto3."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from components.training_job.aws.found_jobs import newest_found
from components.training_job.reader.metric_logs import MetricLogs
from components.training_job.reader.run_attempts import Clients, attempts_of
from components.training_job.reader.tunings import trials_of, tunings_of
from components.training_job.request.job_tags import LINEAGE_TAG
from components.training_job.run.outcome import has_failed
from components.training_job.run.waiting import last_log_lines
from components.training_job.run_report.contents import Found

_LOG_LINES = 30
_STACK_TAGS = ("team", "stack")
"""The tags that all jobs of a stack have."""


def found_of(clients: Clients, lineage: str, complete: Collection[str] = ()) -> Found:
    """What is known of a lineage now.

    `complete` are the names of the tuning jobs that the stack knows to have nothing left to try:
    the service does not, where a setting was changed since.

    Raises:
        ClientError: AWS refuses to show its jobs.
    """
    attempts, logs = attempts_of(clients, lineage), MetricLogs(clients)
    failed = bool(attempts) and has_failed(attempts[-1].outcome)
    found = Found(
        lineage=lineage,
        attempts=logs.with_points(attempts),
        log=last_log_lines(clients.logs, attempts[-1].name, _LOG_LINES) if failed else (),
        # A lineage that has training jobs is also reported without its tuning jobs.
        tunings=[
            (tuning, trials_of(clients, tuning))
            for tuning in tunings_of(clients, lineage, warns=not attempts)
        ],
        complete=complete,
    )
    return replace(found, earlier=_earlier(clients, *found.began)) if found.began else found


def _earlier(
    clients: Clients, launch: datetime, tags: Mapping[str, str]
) -> list[Mapping[str, Any]]:
    """The jobs of the stack, of those launched last before a time, that had ended then.

    They are what a forecast could know at that time. A program without a stack's tags has those of
    the lineage.
    """
    kept = _STACK_TAGS if all(each in tags for each in _STACK_TAGS) else (LINEAGE_TAG,)
    filters = [
        {"Name": f"Tags.{each}", "Operator": "Equals", "Value": tags[each]}
        for each in kept
        if each in tags
    ]
    if not filters:
        return []
    filters.append({"Name": "CreationTime", "Operator": "LessThan", "Value": _text_of(launch)})
    try:
        found, _ = newest_found(clients.sagemaker, {"Filters": filters})
    except ClientError as error:
        print(f"Earlier jobs can't be searched for, so the forecast knows none: {error}")
        return []
    return [each for each in found if (end := each.get("TrainingEndTime")) and end < launch]


def _text_of(time: datetime) -> str:
    """A time as a search takes it: in UTC, to the second."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
