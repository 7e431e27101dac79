"""How a job is stopped and let go, so that no later launch adopts it. boto3, no Pulumi."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from components.training_job.aws.errors import TrainingJobError, has_expired, is_gone, message_of
from components.training_job.aws.sagemaker_jobs import TRAINING_JOB, JobKind
from components.training_job.request.job_tags import RELEASED_TAG
from components.training_job.run.outcome import LIVE_STATUSES, outcome_of
from components.training_job.run.service_record import describe, tags_of

STOP_DEADLINE_SECONDS = 1800
"""How long a stopping job may take: two minutes' grace, then the upload of what it leaves."""


def stop_and_wait(client: Any, name: str, kind: JobKind = TRAINING_JOB) -> dict[str, Any] | None:
    """Stops a job if it runs, and returns its description once it has ended; None if it vanished.

    Raises:
        TrainingJobError: it has not ended within the deadline.
    """
    seen = ""
    for waited in ticks(STOP_DEADLINE_SECONDS):
        description = kind.describe(client, name)
        if description is None or kind.status_of(description) not in LIVE_STATUSES:
            return description
        status = kind.status_of(description)
        if status == "InProgress":
            kind.stop(client, name)
        elif (visit := description.get("SecondaryStatus", status)) != seen:
            seen = visit
            print(f"{name}: {seen} ({waited:.0f} s)")
    raise TrainingJobError(
        f"{name} is still stopping after {STOP_DEADLINE_SECONDS} s. "
        "Look at it in the SageMaker console, then run the same command again."
    )


def let_go(
    client: Any, description: Mapping[str, Any], reason: str, kind: JobKind = TRAINING_JOB
) -> dict[str, Any] | None:
    """Marks a job as released, so that no later launch adopts it, and stops it if it runs.

    The mark comes first. A crash between the two leaves a job that says why it was stopped: if it
    returns to the settings, it is launched again. A job that a person stopped is not.

    Returns its description once it has ended; None if its record vanished.

    Raises:
        TrainingJobError: it has not ended within the deadline, or it has, and can't be marked.
    """
    name, tag = kind.name_of(description), {"Key": RELEASED_TAG, "Value": reason}
    try:
        client.add_tags(ResourceArn=kind.arn_of(description), Tags=[tag])
    except client.exceptions.ClientError as error:
        if has_expired(error) or is_gone(error):
            raise
        stop_and_wait(client, name, kind)  # what can't be marked must not be billed
        raise TrainingJobError(
            f"{name} has ended, but its tag {RELEASED_TAG} can't be written, so a later launch "
            f"could take it for its own: {message_of(error)}"
        ) from None
    return stop_and_wait(client, name, kind)


def was_let_go(client: Any, name: str, arn: str) -> bool:
    """Whether a job was let go before it had ended; false for one whose record is gone."""
    if RELEASED_TAG not in tags_of(client, arn):
        return False
    description = describe(client, name)
    return description is not None and outcome_of(description) in ("running", "stopped")


def ticks(deadline: float) -> Iterator[float]:
    """Seconds waited so far, at growing intervals until the deadline."""
    start, interval = time.monotonic(), 0.25
    while (waited := time.monotonic() - start) < deadline:
        yield waited
        time.sleep(interval)
        interval = min(interval * 1.5, 10)
