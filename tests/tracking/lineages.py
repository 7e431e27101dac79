"""Attempts of a lineage as SageMaker describes them, and the points of their logs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from components.training_job.reader.points import Point
from components.training_job.reader.run_attempts import Attempt

LINEAGE = "research-dev-digits"
PLACE = "arn:aws:sagemaker:us-east-1:123456789012:training-job"
BEGIN = datetime(2026, 11, 1, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return BEGIN + timedelta(seconds=seconds)


def milliseconds(seconds: float) -> int:
    return round(at(seconds).timestamp() * 1000)


def point(metric: str, step: int | None, value: float, seconds: float) -> Point:
    return Point(metric, step, value, milliseconds(seconds))


def attempt(number: int, created: float, **changes: Any) -> Attempt:
    """A job that runs; with TrainingJobStatus and TrainingEndTime, one that has ended."""
    name = f"{LINEAGE}-01234567-{number}"
    description = {
        "TrainingJobName": name,
        "TrainingJobArn": f"{PLACE}/{name}",
        "TrainingJobStatus": "InProgress",
        "SecondaryStatus": "Training",
        "CreationTime": at(created),
        "LastModifiedTime": at(created),
        "AlgorithmSpecification": {"TrainingImage": "image@sha256:00"},
        "HyperParameters": {"epochs": "3", "_tuning_objective_metric": "loss"},
        "OutputDataConfig": {"S3OutputPath": f"s3://bucket/output/{LINEAGE}"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 1},
        "CheckpointConfig": {"S3Uri": f"s3://bucket/checkpoints/{LINEAGE}/"},
    }
    record = {"revision": {"commit": "c0ffee", "modified": False}, "source_hash": "5eed"}
    return Attempt(description | changes, {"sagemaker-training:hash": "01234567"}, record)


@dataclass
class World:
    """A lineage while it trains: time goes on with each thing that happens."""

    found: list[tuple[Attempt, list[Point]]] = field(default_factory=list)
    seconds: int = 0
    step: int = 0

    def launch(self, epochs: int) -> None:
        if self.found and self.found[-1][0].is_live:
            self.end("Stopped")
        self.seconds += 1
        number = len(self.found) + 1
        self.found.append(
            (attempt(number, self.seconds, HyperParameters={"epochs": str(epochs)}), [])
        )

    def train(self, steps: int) -> None:
        for _ in range(steps if self.found and self.found[-1][0].is_live else 0):
            self.seconds += 1
            self.step += 1
            points = self.found[-1][1]
            points.append(point("loss", self.step, 1 / self.seconds, self.seconds))
            points.append(point("speed", None, self.seconds, self.seconds))

    def wait(self, seconds: int) -> None:
        self.seconds += seconds

    def interrupt(self, lost: int) -> None:
        """Spot capacity is taken back: the job goes on from a checkpoint, in the same attempt."""
        self.step = max(0, self.step - lost)

    def end(self, status: str) -> None:
        if not self.found or not self.found[-1][0].is_live:
            return
        self.seconds += 1
        live, points = self.found[-1]
        ended = {"TrainingJobStatus": status, "TrainingEndTime": at(self.seconds)}
        description = {**live.description, **ended, "SecondaryStatus": status}
        self.found[-1] = (Attempt(description, live.tags, live.record), points)


def trained() -> World:
    """An attempt that fails after an interruption, and one that runs."""
    world = World()
    world.launch(epochs=2)
    world.train(5)
    world.interrupt(2)
    world.train(2)
    world.end("Failed")
    world.launch(epochs=2)
    world.train(1)
    return world


EVENTS: st.SearchStrategy[Callable[[World], None]] = st.one_of(
    st.integers(1, 3).map(lambda epochs: lambda world: world.launch(epochs)),
    st.integers(1, 5).map(lambda steps: lambda world: world.train(steps)),
    st.integers(0, 5).map(lambda lost: lambda world: world.interrupt(lost)),
    st.just(lambda world: world.wait(90_000)),
    st.sampled_from(["Failed", "Stopped", "Completed"]).map(lambda s: lambda world: world.end(s)),
)
"""What may happen to a lineage."""
