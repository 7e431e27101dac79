"""How often spot capacity was taken away, and how long it took to go on, by the records of jobs.

Nothing is published for SageMaker's instances. So each figure begins with an assumption, which
counts as much as a few records, and the records of jobs move it. Pure functions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Description = Mapping[str, Any]
"""What DescribeTrainingJob says of a job."""

ASSUMED_PER_INSTANCE_HOUR = 0.05
"""Interruptions for each hour of an instance: one in twenty hours."""
ASSUMED_RESTART_SECONDS = 360.0
ASSUMED_WAIT_SECONDS = 900.0
ASSUMED_SPOT_SHARE = 0.3
"""The share of the on-demand price that spot is billed, as the program's `cost.py` has it."""

_ASSUMED_HOURS = 10.0
"""The instance-hours that the assumed rate counts as much as."""
_ASSUMED_TIMES = 3.0
"""The starts, or jobs, that another assumption counts as much as."""

_WAITING = frozenset({"Starting", "Pending", "LaunchingMLInstances", "Restarting"})
_PREPARING = frozenset({"Downloading", "DownloadingTrainingImage", "PreparingTrainingStack"})
_SECONDS_PER_HOUR = 3600


@dataclass(frozen=True)
class Rates:
    """What spot capacity does, as far as it is known."""

    per_instance_hour: float
    """Interruptions for each hour that an instance trains."""
    restart: float
    """Seconds from new instances until the script starts."""
    wait: float
    """Seconds of waiting for instances."""
    spot_share: float
    """The share of the on-demand price that is billed on spot."""
    interruptions: int = 0
    """The interruptions that were seen."""
    instance_hours: float = 0.0
    """The instance-hours on spot that were seen."""
    runs: int = 0
    """The jobs on spot that were seen, trials among them."""

    @property
    def source(self) -> str:
        """Where the rate is from, in words."""
        if not self.instance_hours:
            return f"assumed: {self.per_instance_hour:.2f} per instance-hour"
        times = "interruption" if self.interruptions == 1 else "interruptions"
        return (
            f"{self.interruptions} {times} in {self.instance_hours:.0f} instance-hours of this "
            f"stack's own: {self.per_instance_hour:.2f} per instance-hour"
        )


ASSUMED = Rates(
    ASSUMED_PER_INSTANCE_HOUR, ASSUMED_RESTART_SECONDS, ASSUMED_WAIT_SECONDS, ASSUMED_SPOT_SHARE
)
"""The rates where no job has run."""


def rates_of(jobs: Iterable[Description]) -> Rates:
    """The rates by the records of jobs; those that did not run on spot say nothing."""
    spot = [each for each in jobs if each.get("EnableManagedSpotTraining")]
    hours = sum(_instance_hours(each) for each in spot)
    interruptions = sum(_count(each, "Interrupted") for each in spot)
    starts = [start for each in spot for start in _starts(each)]
    shares = [share for each in spot if (share := _billed_share(each)) is not None]
    assumed = ASSUMED_PER_INSTANCE_HOUR * _ASSUMED_HOURS
    return Rates(
        per_instance_hour=(assumed + interruptions) / (_ASSUMED_HOURS + hours),
        restart=_mean(ASSUMED_RESTART_SECONDS, [each.preparing for each in starts]),
        wait=_mean(ASSUMED_WAIT_SECONDS, [each.waiting for each in starts]),
        spot_share=_mean(ASSUMED_SPOT_SHARE, shares),
        interruptions=interruptions,
        instance_hours=hours,
        runs=len(spot),
    )


def training_seconds(jobs: Iterable[Description], lineage: str, lineage_tag: str) -> float | None:
    """How long the newest completed run of a lineage trained; None where none completed.

    What interruptions made it repeat is in it, so it is rather too long than too short. A trial of
    a tuning job has the lineage's tag and is no run of it.
    """
    completed = [
        each for each in _completed(jobs, lineage, lineage_tag) if "TuningJobArn" not in each
    ]
    newest = max(completed, key=lambda each: each["CreationTime"], default=None)
    return None if newest is None else float(newest.get("TrainingTimeInSeconds", 0)) or None


def trial_seconds(jobs: Iterable[Description], lineage: str, lineage_tag: str) -> float | None:
    """How long the completed trials of a lineage's newest tuning job trained, on average.

    None where none completed. Those that were stopped early do not count, so it is rather too long
    than too short.
    """
    trials = [each for each in _completed(jobs, lineage, lineage_tag) if "TuningJobArn" in each]
    newest = max(trials, key=lambda each: each["CreationTime"], default=None)
    if newest is None:
        return None
    of_newest = [each for each in trials if each["TuningJobArn"] == newest["TuningJobArn"]]
    return sum(each.get("TrainingTimeInSeconds", 0) for each in of_newest) / len(of_newest) or None


def _completed(jobs: Iterable[Description], lineage: str, lineage_tag: str) -> list[Description]:
    """The jobs of a lineage that completed, trials among them."""
    return [
        each
        for each in jobs
        if each["TrainingJobStatus"] == "Completed"
        and {"Key": lineage_tag, "Value": lineage} in each.get("Tags", [])
    ]


@dataclass(frozen=True)
class _Start:
    """How long a job took to come to its script, in seconds."""

    waiting: float
    preparing: float


def _starts(job: Description) -> list[_Start]:
    """Each start that came to the script."""
    starts, waiting, preparing = list[_Start](), 0.0, 0.0
    for visit in job.get("SecondaryStatusTransitions", ()):
        if visit["Status"] in _WAITING:
            waiting += _seconds(visit)
        elif visit["Status"] in _PREPARING:
            preparing += _seconds(visit)
        elif visit["Status"] == "Training":
            starts.append(_Start(waiting, preparing))
            waiting = preparing = 0.0
    return starts


def _instance_hours(job: Description) -> float:
    visits = job.get("SecondaryStatusTransitions", ())
    trained = sum(_seconds(each) for each in visits if each["Status"] == "Training")
    return trained * _instances(job) / _SECONDS_PER_HOUR


def _instances(job: Description) -> int:
    resources = job["ResourceConfig"]
    groups = resources.get("InstanceGroups") or [resources]
    return sum(int(each.get("InstanceCount", 0)) for each in groups)


def _count(job: Description, status: str) -> int:
    return sum(each["Status"] == status for each in job.get("SecondaryStatusTransitions", ()))


def _billed_share(job: Description) -> float | None:
    trained, billed = job.get("TrainingTimeInSeconds"), job.get("BillableTimeInSeconds")
    return billed / trained if trained and billed is not None else None


def _seconds(visit: Mapping[str, Any]) -> float:
    """How long a status lasted; 0 for one that has not ended."""
    start: datetime = visit["StartTime"]
    end: datetime | None = visit.get("EndTime")
    return 0.0 if end is None else (end - start).total_seconds()


def _mean(assumed: float, seen: Sequence[float]) -> float:
    return (assumed * _ASSUMED_TIMES + sum(seen)) / (_ASSUMED_TIMES + len(seen))
