"""Wait for training jobs to end, with their progress as it is. boto3, no Pulumi."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from components.durations import format_duration
from components.training_job.errors import TrainingJobError
from components.training_job.lifecycle import describe
from components.training_job.outcome import is_terminal

_QUICKEST_TICK, _SLOWEST_TICK = 0.5, 30.0
_TICK_SHARE = 0.05
_LOG_GROUP = "/aws/sagemaker/TrainingJobs"

Progress = Callable[[str], None]


def wait_for_end(
    client: Any, names: Sequence[str], deadline: float, progress: Progress
) -> dict[str, dict[str, Any]]:
    """The descriptions of the jobs once all have ended, by name; `deadline` is in seconds.

    There must be at least one job. One list call a hundred jobs serves each tick. A tick is a
    twentieth of the time waited so far, half a second to thirty, so short jobs are seen at once
    and long ones cost few calls.

    Raises:
        TrainingJobError: a job has not ended at the deadline, or its record is gone.
    """
    ended: dict[str, dict[str, Any]] = {}
    # CreationTimeAfter leaves out a job that was created at that very moment.
    since = min(_described(client, name)["CreationTime"] for name in names) - timedelta(seconds=1)
    seen: dict[str, str] = {}
    for waited in _ticks(deadline):
        for summary in _summaries(client, names, since):
            name, status = summary["TrainingJobName"], _status(summary)
            if seen.get(name) != status:
                progress(f"{name}: {status} ({format_duration(waited)})")
                seen[name] = status
            if is_terminal(summary) and name not in ended:
                ended[name] = _described(client, name)
        if len(ended) == len(names):
            return ended
    running = ", ".join(sorted(set(names) - set(ended)))
    raise TrainingJobError(
        f"still running after {format_duration(deadline)}: {running}. "
        "They run on; `pulumi up` goes on waiting for them."
    )


def last_log_lines(logs: Any, name: str, lines: int) -> list[str]:
    """The job's last log lines, of each instance's newest stream; none where it wrote none."""
    try:
        streams = logs.describe_log_streams(
            logGroupName=_LOG_GROUP, logStreamNamePrefix=f"{name}/"
        )["logStreams"]
        return [line for stream in streams for line in _tail(logs, stream["logStreamName"], lines)]
    except logs.exceptions.ClientError as error:
        return [f"(the log can't be read: {error.response['Error']['Message']})"]


def _tail(logs: Any, stream: str, lines: int) -> list[str]:
    events = logs.get_log_events(
        logGroupName=_LOG_GROUP, logStreamName=stream, limit=lines, startFromHead=False
    )["events"]
    host = stream.rpartition("/")[2].rpartition("-")[0]
    return [f"{host} | {event['message'].rstrip()}" for event in events]


def _summaries(client: Any, names: Sequence[str], since: datetime) -> Iterator[dict[str, Any]]:
    """The summaries of these jobs; all of them were created after `since`."""
    wanted = set(names)
    pages = client.get_paginator("list_training_jobs").paginate(
        NameContains=_shared_prefix(names), MaxResults=100, CreationTimeAfter=since
    )
    for page in pages:
        yield from (s for s in page["TrainingJobSummaries"] if s["TrainingJobName"] in wanted)


def _shared_prefix(names: Sequence[str]) -> str:
    """What all names begin with; the jobs of a stack share the team and the environment."""
    first, last = min(names), max(names)
    length = next((i for i, char in enumerate(first) if last[i : i + 1] != char), len(first))
    return first[:length]


def _described(client: Any, name: str) -> dict[str, Any]:
    description = describe(client, name)
    if description is None:
        raise TrainingJobError(
            f"the record of {name} is gone, so its end can't be known. Run `pulumi up --refresh`."
        )
    return description


def _status(summary: dict[str, Any]) -> str:
    status, secondary = str(summary["TrainingJobStatus"]), str(summary.get("SecondaryStatus", ""))
    return secondary if status == "InProgress" and secondary else status


def _ticks(deadline: float) -> Iterator[float]:
    start = time.monotonic()
    while (waited := time.monotonic() - start) < deadline:
        yield waited
        time.sleep(min(max(waited * _TICK_SHARE, _QUICKEST_TICK), _SLOWEST_TICK))
