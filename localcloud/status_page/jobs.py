"""The page's data of training jobs, as JSON documents; times are in epoch seconds."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Any

from localcloud.protocol.errors import not_found
from localcloud.sagemaker.jobs import statuses
from localcloud.sagemaker.jobs.description import describe, output_uri
from localcloud.sagemaker.jobs.instances import instance_groups
from localcloud.sagemaker.jobs.records import TrainingJob
from localcloud.sagemaker.monitoring.log_streams import GROUP
from localcloud.status_page import objects

Document = dict[str, Any]
Value = tuple[str, float, float]
"""A metric's name, the time and the value."""

MOST_LINES = 400
"""The newest lines of a job's log that are shown."""
MOST_POINTS = 400
"""Points of a metric's curve, evenly chosen."""
_MOST_LINES_READ = 50_000


def overview(jobs: Iterable[TrainingJob]) -> list[Document]:
    """A summary of each job, the newest first."""
    return [_summary(job) for job in sorted(jobs, key=lambda job: job.created, reverse=True)]


def detail(jobs: Iterable[TrainingJob], arn: str) -> Document:
    """The data of one job. Raises ServiceError if there is none."""
    job = next((job for job in jobs if job.arn == arn), None)
    if job is None:
        raise not_found()
    lines = list(_log_lines(job))
    checkpoints = job.request.get("CheckpointConfig", {}).get("S3Uri")
    return {
        **_summary(job),
        "description": describe(job),
        "metrics": curves(_values(job), job.request["AlgorithmSpecification"]),
        "log": lines[-MOST_LINES:],
        "lines": len(lines),
        "objects": {
            "checkpoints": objects.below(checkpoints) if checkpoints else [],
            "output": objects.below(output_uri(job) + "/"),
        },
    }


def _summary(job: TrainingJob) -> Document:
    return {
        "name": job.name,
        "arn": job.arn,
        "region": job.region,
        "status": statuses.status(job),
        "secondary": statuses.secondary_status(job),
        "reason": statuses.failure_reason(job),
        "created": job.created,
        "now": time.time(),
        "instances": ", ".join(
            f"{group.get('InstanceCount', 1)} × {group.get('InstanceType', '?')}"
            for group in instance_groups(job.request)
        ),
        "tuning": job.tuning_job_arn,
        "spot": bool(job.request.get("EnableManagedSpotTraining")),
        "interruptions": sum(row.status == "Interrupted" for row in job.transitions),
        "training": statuses.training_seconds(job),
        "billable": statuses.billable_seconds(job),
        "transitions": [
            {"status": row.status, "start": row.start, "end": row.end, "message": row.message}
            for row in job.transitions
        ],
    }


def _log_lines(job: TrainingJob) -> Iterator[Document]:
    """The lines of all the job's streams in the order of their times."""
    from moto.logs.models import logs_backends

    group = logs_backends[job.account][job.region].groups.get(GROUP)
    streams = list(group.streams.items()) if group else []
    events = [
        (event.timestamp, name.removeprefix(f"{job.name}/").rpartition("-")[0], event.message)
        for name, stream in streams
        if name.startswith(f"{job.name}/")
        for event in list(stream.events)
    ]
    # By time only: lines of the same millisecond stay in the order in which they came.
    events.sort(key=lambda event: event[0])
    for moment, host, message in events[-_MOST_LINES_READ:]:
        yield {"time": moment / 1000, "host": host, "message": message}


def _values(job: TrainingJob) -> Iterator[Value]:
    """What CloudWatch has of the job's metrics, in the order in which it came."""
    from moto.cloudwatch.models import MetricDatum, cloudwatch_backends

    own = [{"Name": "TrainingJobName", "Value": job.name}]
    for datum in list(cloudwatch_backends[job.account][job.region].metric_data):
        if isinstance(datum, MetricDatum) and datum.filter(GROUP, None, own):
            yield datum.name, datum.timestamp.timestamp(), datum.value


def curves(values: Iterable[Value], algorithm: Document) -> list[Document]:
    """The values of each metric that the job defines, as pairs of time and value."""
    points: dict[str, list[tuple[float, float]]] = {
        each["Name"]: [] for each in algorithm.get("MetricDefinitions", [])
    }
    for name, moment, value in values:
        if name in points:  # a script may put values of its own
            points[name].append((moment, value))
    return [{"name": name, "points": thinned(found)} for name, found in points.items() if found]


def thinned(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """At most MOST_POINTS of the points, including the first and the last."""
    last = len(points) - 1
    if last < MOST_POINTS:
        return points
    return [points[round(index * last / (MOST_POINTS - 1))] for index in range(MOST_POINTS)]
