"""What a stack says in its outputs of its jobs, and of where their metrics are to be shown."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from typing import Any

from tracking.errors import TrackingError


def stack_outputs(stack: str | None) -> dict[str, Any]:
    """The outputs of a stack, or of the selected one, as Pulumi has them.

    Raises:
        TrackingError: Pulumi can't say them.
    """
    command = ["pulumi", "stack", "output", "--json", "--non-interactive"]
    command += ["--stack", stack] if stack else []
    remedy = "name the lineages with --lineage, or the stack with --stack"
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        message = f"`pulumi` is not on PATH, so no stack can be read: install it, or {remedy}."
        raise TrackingError(message) from error
    if done.returncode:
        message = f"`{' '.join(command)}` failed: {done.stderr.strip()}\nLog in, or {remedy}."
        raise TrackingError(message)
    outputs: dict[str, Any] = json.loads(done.stdout)
    return outputs


def lineages_in(outputs: Mapping[str, Any]) -> list[str]:
    """The lineages of a stack's jobs.

    Raises:
        TrackingError: there are none.
    """
    kinds = (outputs.get(kind, {}) for kind in ("training_jobs", "tuning_jobs"))
    jobs = [job for jobs in kinds for job in jobs.values()]
    lineages = sorted({job["lineage"] for job in jobs if job.get("lineage")})
    if not lineages:
        message = "The stack has no training jobs: bring it up first, or name a --lineage."
        raise TrackingError(message)
    return lineages


def complete_tunings_in(outputs: Mapping[str, Any]) -> set[str]:
    """The names of a stack's tuning jobs that have nothing left to try."""
    jobs = outputs.get("tuning_jobs", {}).values()
    return {job["name"] for job in jobs if job.get("outcome") == "completed"}


def region_in(outputs: Mapping[str, Any]) -> str | None:
    """The region of the stack, from the ARN of its bucket's key; None where it has none."""
    parts = str(outputs.get("artifact_key_arn", "")).split(":")
    return parts[3] if len(parts) > 3 else None
