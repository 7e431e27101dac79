"""The record of a training job: plain data, no behaviour.

Times are seconds since the epoch.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Transition:
    """One row of the secondary statuses; the open row has no end."""

    status: str
    start: float
    message: str
    end: float | None = None


@dataclass(frozen=True)
class Metric:
    """The last value of a metric that the job printed."""

    name: str
    value: float
    time: float


@dataclass(frozen=True)
class WarmPool:
    """The instances of a job that are, or will be, kept after its end."""

    began: float
    """When the instances were launched, for this job or an earlier one."""
    since: float = 0.0
    """When the job ended."""
    until: float = 0.0
    """When the instances are released, or were released or taken by another job."""
    reused_by: str = ""
    """The name of the job that took the instances."""
    folder: str = field(default_factory=lambda: f"warm-pool-{secrets.token_hex(4)}")
    """The name of the folder whose contents the instances keep from job to job."""


@dataclass
class TrainingJob:
    """One training job: the request as it was sent, and its state."""

    name: str
    account: str
    region: str
    request: dict[str, Any]
    created: float
    modified: float
    transitions: tuple[Transition, ...]
    tags: dict[str, str] = field(default_factory=dict)
    metrics: tuple[Metric, ...] = ()
    warm_pool: WarmPool | None = None
    tuning_job_arn: str = ""
    """The tuning job that created it; empty if a call did."""

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> TrainingJob:
        """The job that a document was made of."""
        transitions = tuple(Transition(**row) for row in document["transitions"])
        metrics = tuple(Metric(**metric) for metric in document["metrics"])
        pool = document.get("warm_pool")
        return cls(
            **document
            | {
                "transitions": transitions,
                "metrics": metrics,
                "warm_pool": WarmPool(**pool) if pool else None,
            }
        )

    def document(self) -> dict[str, Any]:
        """The job as a document, which shares the job's request and tags."""
        return vars(self) | {
            "transitions": [vars(row) for row in self.transitions],
            "metrics": [vars(metric) for metric in self.metrics],
            "warm_pool": None if self.warm_pool is None else vars(self.warm_pool),
        }

    @property
    def arn(self) -> str:
        """The job's Amazon Resource Name."""
        return training_job_arn(self.account, self.region, self.name)


def training_job_arn(account: str, region: str, name: str) -> str:
    """The ARN of a training job."""
    return f"arn:aws:sagemaker:{region}:{account}:training-job/{name}"
