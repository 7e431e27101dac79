"""How tuning jobs are waited for, and what is said of those that failed. boto3, no Pulumi."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from components.durations import format_duration
from components.training_job.aws.errors import TrainingJobError
from components.training_job.aws.sagemaker_jobs import TUNING_JOB
from components.training_job.run.job_health import is_pending, pending_notice
from components.training_job.run.outcome import ages_of, ending_of
from components.training_job.run.service_record import describe
from components.training_job.run.waiting import (
    NoticeTimes,
    Progress,
    last_log_lines,
    tick_after,
)
from components.training_job.tuning.trials import summaries_of
from components.training_job.tuning.tuning_outcome import has_ended, outcome_of, remedy_for
from components.training_job.tuning.tuning_state import progress_line

_FAILED_TRIALS = 3
"""How many failed trials are reported: mostly all fail for the same reason."""


def wait_for_tunings(
    client: Any, names: Sequence[str], deadline: float, progress: Progress
) -> dict[str, dict[str, Any]]:
    """The descriptions of the tuning jobs once all have ended, by name; `deadline` is in seconds.

    Each tick describes those that run. Now and then it is said why their trials wait.

    Raises:
        TrainingJobError: one has not ended at the deadline, or its record is gone.
    """
    ended: dict[str, dict[str, Any]] = {}
    reported: dict[str, str] = {}
    times = NoticeTimes()
    start = time.monotonic()
    while (waited := time.monotonic() - start) < deadline:
        for name in names:
            if name in ended:
                continue
            description = _described(client, name)
            line = progress_line(description)
            if reported.get(name) != line:
                progress(f"{name}: {line} ({format_duration(waited)})")
                reported[name] = line
            if has_ended(description):
                ended[name] = description
            elif times.is_due(name, waited, waits=True) and (notice := trials_notice(client, name)):
                progress(f"{name}: {notice}")
        if len(ended) == len(names):
            return ended
        time.sleep(tick_after(waited))
    still = ", ".join(sorted(set(names) - set(ended)))
    raise TrainingJobError(
        f"still running after {format_duration(deadline)}: {still}. "
        "They run on; `pulumi up` waits for them again."
    )


def trials_notice(client: Any, name: str) -> str:
    """Why trials of a tuning job wait, by the first of them; "" where none does."""
    running = list(summaries_of(client, name, "InProgress"))
    described = (describe(client, each["TrainingJobName"]) for each in running)
    waiting = [each for each in described if each and is_pending(each)]
    if not waiting:
        return ""
    return (
        f"{len(waiting)} of {len(running)} running trials wait. {waiting[0]['TrainingJobName']}: "
        f"{pending_notice(waiting[0], datetime.now(UTC))}"
    )


def failure_of(client: Any, logs: Any, description: Mapping[str, Any], lines: int) -> str:
    """Why a tuning job did not complete, what its failed trials say, and the remedy.

    The last log lines are those of the newest trial that failed, `lines` for each of its instances.
    """
    name, outcome = TUNING_JOB.name_of(description), outcome_of(description)
    status = TUNING_JOB.status_of(description)
    reason = description.get("FailureReason") or status
    failed = list(summaries_of(client, name, "Failed"))[::-1]
    log = last_log_lines(logs, failed[0]["TrainingJobName"], lines) if failed else []
    return "\n".join(
        [
            ending_of(name, status, outcome, reason),
            ages_of(
                description["CreationTime"],
                description.get("HyperParameterTuningEndTime") or description["LastModifiedTime"],
            ),
            *_reasons(failed),
            *(f"  {line}" for line in log),
            f"Remedy: {remedy_for(outcome)}.",
        ]
    )


def _reasons(failed: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    """What the newest failed trials ended with, and how many others failed."""
    for each in islice(failed, _FAILED_TRIALS):
        yield f"  {each['TrainingJobName']}: {each.get('FailureReason', 'no reason is known')}"
    if len(failed) > _FAILED_TRIALS:
        yield f"  and {len(failed) - _FAILED_TRIALS} more trials failed"


def _described(client: Any, name: str) -> dict[str, Any]:
    description = TUNING_JOB.describe(client, name)
    if description is None:
        raise TrainingJobError(
            f"the record of {name} is gone, so its end can't be known. Run `pulumi up --refresh`."
        )
    return description
