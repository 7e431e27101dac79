"""How training jobs are waited for, and what is printed meanwhile. boto3, no Pulumi."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from components.durations import format_duration
from components.site import TRAINING_LOGS
from components.training_job.aws.errors import TrainingJobError
from components.training_job.run.job_health import is_pending, pending_notice
from components.training_job.run.outcome import is_terminal
from components.training_job.run.service_record import describe

_QUICKEST_TICK, _SLOWEST_TICK = 0.5, 30.0
_TICK_SHARE = 0.05
_TICK_NEAR_THE_END = 2.0
_ENDING = frozenset({"Uploading", "Stopping"})
_AT_ONCE = 4
_FIRST_NOTICE = 300.0
_LONGEST_SILENCE = 3600.0
_PAGE = 100
_LONGEST_LINE = 500

Progress = Callable[[str], None]


def wait_for_end(
    client: Any, names: Sequence[str], deadline: float, progress: Progress
) -> dict[str, dict[str, Any]]:
    """The descriptions of the jobs once all have ended, by name; `deadline` is in seconds.

    One list call a hundred jobs serves each tick, however many other jobs the account has had. A
    tick is a twentieth of the time waited so far, between half a second and thirty. It is at most
    two seconds where a job is about to end. So short jobs and ends are seen at once, and long jobs
    cost few calls. Of a job that waits for its instances, the reason is reported again and again.

    Raises:
        TrainingJobError: a job has not ended at the deadline, or its record is gone.
    """
    ended: dict[str, dict[str, Any]] = {}
    reported: dict[str, str] = {}
    created: dict[str, datetime] = {}
    times = NoticeTimes()
    start = time.monotonic()
    while (waited := time.monotonic() - start) < deadline:
        running = [name for name in names if name not in ended]
        jobs = _summaries(client, running, created)
        jobs |= _descriptions(client, running, jobs)
        created |= {name: job["CreationTime"] for name, job in jobs.items()}
        _report_changes(jobs, reported, waited, progress)
        _report_waits(client, jobs, times, waited, progress)
        ended |= {name: job for name, job in jobs.items() if is_terminal(job)}
        if len(ended) == len(names):
            return ended
        time.sleep(_tick(waited, jobs.values()))
    still = ", ".join(sorted(set(names) - set(ended)))
    raise TrainingJobError(
        f"still running after {format_duration(deadline)}: {still}. "
        "They run on; `pulumi up` waits for them again."
    )


def _descriptions(
    client: Any, names: Iterable[str], summaries: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    """The descriptions of those jobs that have ended, by their summaries, or are in no list."""
    asked = [name for name in names if name not in summaries or is_terminal(summaries[name])]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = pool.map(lambda name: _described(client, name), asked)
        return {each["TrainingJobName"]: each for each in found}


def _report_changes(
    summaries: Mapping[str, Mapping[str, Any]],
    reported: dict[str, str],
    waited: float,
    progress: Progress,
) -> None:
    """Reports each status that has changed since it was reported."""
    for name, summary in summaries.items():
        status = _status(summary)
        if reported.get(name) != status:
            progress(f"{name}: {status} ({format_duration(waited)})")
            reported[name] = status


class NoticeTimes:
    """When it is said why a job waits: after five minutes, then each time after twice as long."""

    def __init__(self) -> None:
        self._since: dict[str, float] = {}
        self._next: dict[str, float] = {}

    def is_due(self, name: str, waited: float, *, waits: bool) -> bool:
        """Whether it is time to say it of a job, so many seconds after the first question."""
        if not waits:
            self._since.pop(name, None)
            self._next.pop(name, None)
            return False
        since = self._since.setdefault(name, waited)
        if waited < self._next.setdefault(name, since + _FIRST_NOTICE):
            return False
        self._next[name] = waited + min(waited - since, _LONGEST_SILENCE)
        return True


def _report_waits(
    client: Any,
    jobs: Mapping[str, Mapping[str, Any]],
    times: NoticeTimes,
    waited: float,
    progress: Progress,
) -> None:
    """Reports why jobs wait, by their summaries or descriptions, where it is time for it."""
    for name, job in jobs.items():
        if times.is_due(name, waited, waits=is_pending(job)):
            notice = pending_notice(_described(client, name), datetime.now(UTC))
            if notice:
                progress(f"{name}: {notice}")


def tick_after(waited: float) -> float:
    """Seconds until it is asked again whether a job has ended, after so many seconds of waiting."""
    return min(max(waited * _TICK_SHARE, _QUICKEST_TICK), _SLOWEST_TICK)


def _tick(waited: float, summaries: Iterable[Mapping[str, Any]]) -> float:
    """Seconds until the jobs are listed again."""
    tick = tick_after(waited)
    ends = any(_status(summary) in _ENDING for summary in summaries)
    return min(tick, _TICK_NEAR_THE_END) if ends else tick


def last_log_lines(logs: Any, name: str, lines: int) -> list[str]:
    """The job's last log lines, of each instance's newest stream; none where it wrote none."""
    try:
        streams = logs.describe_log_streams(
            logGroupName=TRAINING_LOGS, logStreamNamePrefix=f"{name}/"
        )["logStreams"]
        return [line for stream in streams for line in _tail(logs, stream["logStreamName"], lines)]
    except logs.exceptions.ClientError as error:
        return [f"(the log can't be read: {error.response['Error']['Message']})"]


def _tail(logs: Any, stream: str, lines: int) -> list[str]:
    events = logs.get_log_events(
        logGroupName=TRAINING_LOGS, logStreamName=stream, limit=lines, startFromHead=False
    )["events"]
    host = stream.rpartition("/")[2].rpartition("-")[0]
    return [f"{host} | {_shown(event['message'])}" for event in events]


def _shown(message: str) -> str:
    """A message as a terminal leaves it: the last update of a progress bar, and only text."""
    last = message.rstrip().rpartition("\r")[2]
    text = "".join(each for each in last if each.isprintable() or each == "\t")
    return text if len(text) <= _LONGEST_LINE else f"{text[:_LONGEST_LINE]}…"


def _summaries(
    client: Any, names: Sequence[str], created: Mapping[str, datetime]
) -> dict[str, dict[str, Any]]:
    """The summaries of these jobs by name, as far as a few calls find them.

    The service keeps the records of all jobs for ever, and may cut a page before it looks at names
    and times. So no more pages are read than these jobs need, and one for jobs in between.
    """
    wanted, found = set(names), dict[str, dict[str, Any]]()
    pages = client.get_paginator("list_training_jobs").paginate(
        NameContains=_shared_prefix(names),
        SortBy="CreationTime",
        SortOrder="Descending",
        MaxResults=_PAGE,
        **_window([created[name] for name in names if name in created], len(names)),
    )
    for page in islice(pages, math.ceil(len(names) / _PAGE) + 1):
        summaries = page["TrainingJobSummaries"]
        found |= {s["TrainingJobName"]: s for s in summaries if s["TrainingJobName"] in wanted}
        if len(found) == len(wanted):
            break
    return found


def _window(times: Sequence[datetime], jobs: int) -> dict[str, datetime]:
    """The filters for jobs that were created at these times, once the time of each is known."""
    if len(times) < jobs:
        return {}
    # The filters leave out a job that was created at that very moment.
    margin = timedelta(seconds=1)
    return {"CreationTimeAfter": min(times) - margin, "CreationTimeBefore": max(times) + margin}


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


def _status(summary: Mapping[str, Any]) -> str:
    status, secondary = str(summary["TrainingJobStatus"]), str(summary.get("SecondaryStatus", ""))
    return secondary if status == "InProgress" and secondary else status
