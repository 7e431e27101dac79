"""Reads what the report of a lineage shows, from SageMaker, CloudWatch and S3. boto3."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from components.artifact_layout import TRIALS_TABLE
from components.training_job.aws.errors import code_of, is_denied
from components.training_job.aws.found_jobs import Job, equals, found_jobs, newest_found
from components.training_job.aws.sagemaker_jobs import TUNING_JOB
from components.training_job.reader.metric_logs import MetricLogs
from components.training_job.reader.run_attempts import Clients, attempts_of, read_json
from components.training_job.request.job_tags import LINEAGE_TAG
from components.training_job.run.outcome import has_failed
from components.training_job.run.run_record import RUN_RECORD
from components.training_job.run.service_record import tags_of
from components.training_job.run.waiting import last_log_lines
from components.training_job.run_report.contents import Found, Tuning
from components.training_job.tuning.trials import trials_of
from components.training_job.tuning.tuning_record import trials_record, uri_of

_LOG_LINES = 30
_STACK_TAGS = ("team", "stack")
"""The tags that all jobs of a stack have."""
_TUNING_JOBS = 20
"""The newest tuning jobs of a lineage that are read."""


def found_of(clients: Clients, lineage: str, complete: Collection[str] = ()) -> Found:
    """What is known of a lineage now.

    `complete` are the names of the tuning jobs that the stack knows to have nothing left to try:
    the service does not, where a setting was changed since.

    Raises:
        ClientError: AWS refuses to show its jobs.
    """
    attempts, logs = attempts_of(clients, lineage), MetricLogs(clients)
    failed = bool(attempts) and has_failed(str(attempts[-1].progress["outcome"]))
    found = Found(
        lineage=lineage,
        attempts=[(attempt, logs.points_of(attempt)) for attempt in attempts],
        log=last_log_lines(clients.logs, attempts[-1].name, _LOG_LINES) if failed else (),
        tunings=[
            replace(each, is_complete=each.name in complete)
            for each in _tunings(clients, lineage, has_others=bool(attempts))
        ],
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


def _tunings(clients: Clients, lineage: str, *, has_others: bool) -> list[Tuning]:
    """The newest tuning jobs of a lineage, the oldest first.

    Where they can't be searched for, a lineage that has training jobs is reported without them. A
    service that has no tuning jobs refuses the search as not valid.
    """
    sagemaker = clients.sagemaker
    try:
        searched, _ = newest_found(sagemaker, equals(f"Tags.{LINEAGE_TAG}", lineage), TUNING_JOB)
    except ClientError as error:
        if not has_others and code_of(error) != "ValidationException":
            print(f"Tuning jobs of {lineage} can't be searched for: {error}")
        return []
    tagged = ((job, _tags_of(sagemaker, job)) for job in _with_new_ones(sagemaker, searched))
    own = [(job, tags) for job, tags in tagged if tags.get(LINEAGE_TAG) == lineage]
    # What a search shows of a job is late.
    found = [
        (TUNING_JOB.describe(sagemaker, TUNING_JOB.name_of(job)), tags)
        for job, tags in reversed(own[:_TUNING_JOBS])
    ]
    return [_tuning(clients, each, tags) for each, tags in found if each is not None]


def _with_new_ones(sagemaker: Any, searched: list[Job]) -> list[Job]:
    """These tuning jobs, and all that are too new for a search; only these without the right."""
    try:
        return found_jobs(sagemaker, lambda: searched, TUNING_JOB).jobs
    except ClientError as error:
        if not is_denied(error):
            raise
        return searched


def _tags_of(sagemaker: Any, job: Job) -> dict[str, str]:
    """The tags of a tuning job; none of another stack's, which may not be read."""
    if "Tags" in job:
        return {tag["Key"]: tag["Value"] for tag in job["Tags"]}
    try:
        return tags_of(sagemaker, TUNING_JOB.arn_of(job))
    except ClientError as error:
        if not is_denied(error):
            raise
        return {}


def _tuning(clients: Clients, description: Mapping[str, Any], tags: Mapping[str, str]) -> Tuning:
    """A tuning job with its trials: from the table that is kept, or else as they are now."""
    table = read_json(clients.s3, uri_of(description, TRIALS_TABLE))
    return Tuning(
        description,
        table=table or trials_record(description, {}, trials_of(clients.sagemaker, description)),
        record=read_json(clients.s3, uri_of(description, RUN_RECORD)),
        tags=tags,
    )
