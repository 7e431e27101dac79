"""What a tuning job does next: pure functions of its record and the time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from struct import pack, unpack

from localcloud.sagemaker.tuning.early_stopping import hopeless
from localcloud.sagemaker.tuning.ranges import combinations, ranges_of
from localcloud.sagemaker.tuning.tuning_records import End, Trial, TuningJob

MOST_TRIALS = 750
MOST_RANDOM_TRIALS = 10_000
_ATTEMPTS = 5
"""Trials without a success after which a tuning job fails."""
_SIGNIFICANT = 0.01
"""The share by which an objective has to be better to count as an improvement (API reference)."""
_FEWEST_TO_CONVERGE, _WITHOUT_PROGRESS = 20, 10
"""It has converged after so many trials with an objective, of which the last ones did not improve.
AWS documents no numbers."""
_SEE_FAILURES = "Please take a look at the training job failures to get more details."
_NO_OBJECTIVE = (
    "Please ensure that the custom algorithm is emitting the objective metric as defined by the "
    "regular expression provided."
)


@dataclass(frozen=True)
class Decision:
    """What has to be done for a tuning job now."""

    launch: int = 0
    """How many trials to begin."""
    stop: tuple[Trial, ...] = ()
    """Trials to stop."""
    end: End | None = None
    """How it ends, if that is decided now."""
    converged: bool = False
    """Whether it is found now that it has converged."""


def decide(job: TuningJob, now: float) -> Decision:
    """What has to be done for a tuning job that has not ended."""
    converged = job.converged is None and _converged(job)
    end = job.end or _end(job, now, converged=converged or job.converged is not None)
    if end is not None:
        running = tuple(_stoppable(job.trials))
        return Decision(stop=running, end=None if job.end else end, converged=converged)
    live = sum(each.live for each in job.trials)
    room = job.config["ResourceLimits"]["MaxParallelTrainingJobs"] - live
    launch = max(0, min(room, most_trials(job) - len(job.trials)))
    return Decision(launch, tuple(_stoppable(hopeless(job))), converged=converged)


def most_trials(job: TuningJob) -> int:
    """How many trials a tuning job has at most."""
    limit = job.config["ResourceLimits"].get("MaxNumberOfTrainingJobs")
    if limit is not None:
        return int(limit)
    if job.config["Strategy"] == "Grid":
        return combinations(ranges_of(job.config)) or 0
    random = job.config["Strategy"] == "Random"
    most = MOST_RANDOM_TRIALS if random else MOST_TRIALS
    return min(most, combinations(ranges_of(job.config)) or most)


def not_improving(job: TuningJob) -> int:
    """The number of trials since the last that improved the best objective by more than 1 %."""
    ended = sorted(_succeeded(job), key=lambda each: each.ended or 0.0)
    best: float | None = None
    since = 0
    for value in (each.value for each in ended if each.value is not None):
        gain = 0.0 if best is None else (best - value if job.minimises else value - best)
        if best is None or gain > _SIGNIFICANT * abs(best):
            best, since = value, 0
        else:
            since += 1
    return since


def _stoppable(trials: Iterable[Trial]) -> list[Trial]:
    return [each for each in trials if each.status == "InProgress" and not each.asked_to_stop]


def _end(job: TuningJob, now: float, *, converged: bool) -> End | None:
    """How a tuning job ends now; None if it goes on."""
    if (reason := _failure(job)) is not None:
        return End("Failed", reason)
    if _is_complete(job, converged=converged):
        return End("Completed")
    limit = job.config["ResourceLimits"].get("MaxRuntimeInSeconds")
    if limit is not None and now >= job.created + limit:
        return End("Stopped")
    if len(job.trials) >= most_trials(job) and not any(each.live for each in job.trials):
        return End("Completed")
    return None


def _failure(job: TuningJob) -> str | None:
    """Why a tuning job fails: its first trials, or all of them, brought no objective."""
    ended = [each for each in job.trials if not each.live]
    last = len(job.trials) >= most_trials(job) and len(ended) == len(job.trials)
    if _succeeded(job) or len(ended) < (1 if last else _ATTEMPTS):
        return None
    count = min(len(ended), _ATTEMPTS)
    if all(each.status == "Failed" for each in ended):
        return f"No training job succeeded after {count} attempts. {_SEE_FAILURES}"
    return f"No objective metrics found after running {count} training jobs. {_NO_OBJECTIVE}"


def _is_complete(job: TuningJob, *, converged: bool) -> bool:
    """Whether one of the completion criteria is met."""
    criteria = job.config.get("TuningJobCompletionCriteria", {})
    target, best = criteria.get("TargetObjectiveMetricValue"), job.best
    if target is not None and best is not None and best.value is not None:
        (target,) = unpack("f", pack("f", target))  # objectives have this precision
        reached = best.value <= target if job.minimises else best.value >= target
        if reached:
            return True
    patience = criteria.get("BestObjectiveNotImproving", {}).get(
        "MaxNumberOfTrainingJobsNotImproving"
    )
    if patience is not None and not_improving(job) >= patience:
        return True
    enabled = criteria.get("ConvergenceDetected", {}).get("CompleteOnConvergence") == "Enabled"
    return enabled and converged


def _converged(job: TuningJob) -> bool:
    enough = len(_succeeded(job)) >= _FEWEST_TO_CONVERGE
    return enough and not_improving(job) >= _WITHOUT_PROGRESS


def _succeeded(job: TuningJob) -> list[Trial]:
    return [each for each in job.trials if each.objective_status == "Succeeded"]
