"""What a stack says of its jobs in its outputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pulumi

from components.training_job.resource import TrainingJob


def job_report(
    job: TrainingJob, results: pulumi.Output[dict[str, dict[str, Any]]]
) -> pulumi.Output[dict[str, Any]]:
    """A job's outputs, with how it ended where the stack waited for that."""
    known = pulumi.Output.all(
        name=job.training_job_name,
        arn=job.training_job_arn,
        status=job.status,
        secondary_status=job.secondary_status,
        outcome=job.outcome,
        failure_reason=job.failure_reason,
        attempt=job.attempt,
        model_uri=job.model_uri,
        checkpoint_uri=job.checkpoint_uri,
        training_seconds=job.training_seconds,
        billable_seconds=job.billable_seconds,
        cost_usd=job.cost_usd,
        cost_ceiling_usd=job.cost_ceiling_usd,
    )
    return pulumi.Output.all(known, results).apply(
        lambda both: {"metrics": {}} | both[0] | both[1].get(both[0]["name"], {})
    )


def only_name(names: Sequence[str]) -> str:
    """The only name that is not empty, "" where none or several are."""
    launched = [name for name in names if name]
    return launched[0] if len(launched) == 1 else ""
