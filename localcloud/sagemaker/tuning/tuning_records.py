"""The record of a hyperparameter tuning job and of its trials: plain data, no behaviour.

A trial is one choice of values, and the training job that tries it. Times are seconds since the
epoch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from localcloud.sagemaker.jobs.quota_book import Place

MOST_VALUES = 20_000
"""Values of a trial's objective that are kept in order: as many as the largest MaxResource."""
ENDED = frozenset({"Completed", "Failed", "Stopped"})
"""The statuses with which trials and tuning jobs end."""


@dataclass
class Trial:
    """One choice of hyperparameters, and what became of its training job."""

    number: int
    """From 1."""
    tuning: str
    """The name of the tuning job."""
    name: str
    """The name of the training job."""
    parameters: dict[str, str]
    """The values that were chosen, by the names of their ranges."""
    status: str = ""
    """The status of the training job; empty before it was created."""
    created: float = 0.0
    started: float | None = None
    ended: float | None = None
    failure: str = ""
    seconds: int | None = None
    """Its training time, when it has ended."""
    values: list[float] = field(default_factory=list)
    """The values of the objective in the order in which they were printed, MOST_VALUES at most."""
    value: float | None = None
    """The last value of the objective."""
    asked_to_stop: bool = False

    def document(self) -> dict[str, Any]:
        """The trial as a document, which shares only what does not change in place."""
        return vars(self) | {"values": list(self.values)}

    @property
    def live(self) -> bool:
        """Whether its training job waits to be created, or runs."""
        return self.status not in ENDED

    @property
    def objective_status(self) -> str:
        """What is known of its objective: the last value counts when the job has ended."""
        if self.live:
            return "Pending"
        failed = self.status == "Failed" or self.value is None
        return "Failed" if failed else "Succeeded"


@dataclass(frozen=True)
class End:
    """How a tuning job ends, and why if it failed."""

    status: str
    reason: str = ""


@dataclass(frozen=True)
class Point:
    """A choice of hyperparameters and its objective; None if that is not known."""

    parameters: Mapping[str, str]
    value: float | None
    pending: bool = False
    """Whether the objective may be known later."""


@dataclass
class TuningJob:
    """One tuning job: the request as it was sent, and its state."""

    name: str
    account: str
    region: str
    request: dict[str, Any]
    created: float
    modified: float
    seed: int
    """Decides all choices, together with the objectives of the trials."""
    tags: dict[str, str] = field(default_factory=dict)
    trials: list[Trial] = field(default_factory=list)
    inherited: tuple[Point, ...] = ()
    """The trials of its parents, as choices within its own ranges."""
    best_inherited: Trial | None = None
    """The best trial of its parents."""
    end: End | None = None
    """How it ends, as soon as that is decided: then its trials are stopped."""
    ended: float | None = None
    converged: float | None = None
    """When it was found that it no longer improves."""

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> TuningJob:
        """The job that a document was made of."""
        best, end = document["best_inherited"], document["end"]
        return cls(
            **document
            | {
                "trials": [Trial(**each) for each in document["trials"]],
                "inherited": tuple(Point(**each) for each in document["inherited"]),
                "best_inherited": Trial(**best) if best else None,
                "end": End(**end) if end else None,
            }
        )

    def document(self) -> dict[str, Any]:
        """The job as a document, which shares only what does not change in place."""
        best, end = self.best_inherited, self.end
        return vars(self) | {
            "trials": [each.document() for each in self.trials],
            "inherited": [vars(each) for each in self.inherited],
            "best_inherited": best.document() if best else None,
            "end": vars(end) if end else None,
        }

    @property
    def arn(self) -> str:
        """The job's Amazon Resource Name."""
        return tuning_job_arn((self.account, self.region), self.name)

    @property
    def place(self) -> Place:
        """Its account and region."""
        return self.account, self.region

    @property
    def config(self) -> dict[str, Any]:
        """HyperParameterTuningJobConfig of the request."""
        config: dict[str, Any] = self.request["HyperParameterTuningJobConfig"]
        return config

    @property
    def definition(self) -> dict[str, Any]:
        """TrainingJobDefinition of the request."""
        definition: dict[str, Any] = self.request["TrainingJobDefinition"]
        return definition

    @property
    def minimises(self) -> bool:
        """Whether the smallest objective is the best."""
        objective = self.config["HyperParameterTuningJobObjective"]
        return bool(objective["Type"] == "Minimize")

    @property
    def objective(self) -> str:
        """The name of the objective's metric."""
        name: str = self.config["HyperParameterTuningJobObjective"]["MetricName"]
        return name

    @property
    def status(self) -> str:
        """HyperParameterTuningJobStatus: a job that was asked to stop is Stopping until it ends."""
        if self.end is None:
            return "InProgress"
        if self.ended is None:
            return "Stopping" if self.end.status == "Stopped" else "InProgress"
        return self.end.status

    @property
    def best(self) -> Trial | None:
        """The trial with the best objective; of equal ones the first. None without any."""
        return best_of(self.trials, minimises=self.minimises)


def best_of(trials: list[Trial], *, minimises: bool) -> Trial | None:
    """The trial with the best objective; of equal ones the first. None without any."""
    found = [(each.value, each) for each in trials if each.objective_status == "Succeeded"]
    known = [(value, each) for value, each in found if value is not None]
    sign = 1 if minimises else -1
    return min(known, key=lambda row: sign * row[0], default=(0.0, None))[1]


def tuning_job_arn(place: Place, name: str) -> str:
    """The ARN of a tuning job."""
    account, region = place
    return f"arn:aws:sagemaker:{region}:{account}:hyper-parameter-tuning-job/{name}"
