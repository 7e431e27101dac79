"""What a stack says of its jobs in its outputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pulumi

from components.training_job.resource import TrainingJob
from components.training_job.run.cost import UNKNOWN_COST

_DEFAULTS: Mapping[str, Any] = {
    "name": "",
    "arn": "",
    "lineage": "",
    "status": "",
    "secondary_status": "",
    "outcome": "",
    "failure_reason": "",
    "image_digest": "",
    "instance_type": "",
    "instance_count": 0,
    "attempt": 0,
    "interruptions": 0,
    "model_uri": "",
    "checkpoint_uri": "",
    "console_url": "",
    "log_url": "",
    "training_seconds": 0,
    "billable_seconds": 0,
    "training_instance_seconds": 0,
    "billable_instance_seconds": 0,
    "savings_percent": 0,
    "cost_usd": UNKNOWN_COST,
    "expected_cost_usd": UNKNOWN_COST,
    "cost_ceiling_usd": UNKNOWN_COST,
}
"""A job's outputs, and what stands for one that its state does not have.

A state that an earlier version wrote lacks some until the next refresh, and a null would vanish.
"""

_ATTRIBUTES = {"name": "training_job_name", "arn": "training_job_arn"}
"""The resource's own names of outputs that have others here."""


def job_report(
    job: TrainingJob, lineage: str, results: pulumi.Output[dict[str, dict[str, Any]]]
) -> pulumi.Output[dict[str, Any]]:
    """A job's outputs, with how it ended where the stack waited for that."""
    own = [name for name in _DEFAULTS if name != "lineage"]
    known = pulumi.Output.all(**{name: getattr(job, _ATTRIBUTES.get(name, name)) for name in own})
    return pulumi.Output.all(known, results).apply(
        lambda both: merged_report(both[0] | {"lineage": lineage}, both[1])
    )


def merged_report(
    known: Mapping[str, Any], results: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """What a job's state and its end, where it is known, say together; nothing is null."""
    report = {
        name: default if known.get(name) is None else known[name]
        for name, default in _DEFAULTS.items()
    }
    return {"metrics": {}} | report | dict(results.get(report["name"], {}))


def total_cost(reports: Iterable[Mapping[str, Any]]) -> dict[str, float | str]:
    """The cost of all jobs together in USD: at most, likely, and billed for their newest runs.

    A sum is "unknown" where one of its parts is.
    """
    jobs = list(reports)
    return {
        "ceiling": _sum(job["cost_ceiling_usd"] for job in jobs),
        "expected": _sum(job["expected_cost_usd"] for job in jobs),
        "billed": _sum(job["cost_usd"] for job in jobs),
    }


def only_name(names: Sequence[str]) -> str:
    """The only name that is not empty, "" where none or several are."""
    launched = [name for name in names if name]
    return launched[0] if len(launched) == 1 else ""


def _sum(costs: Iterable[float | str]) -> float | str:
    values = list(costs)
    known = [cost for cost in values if not isinstance(cost, str)]
    return round(sum(known), 6) if len(known) == len(values) else UNKNOWN_COST
