"""The tuning jobs as SageMaker knows them, with their trials; boto3, no Pulumi."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from components.training_job.aws.sagemaker_jobs import TUNING_JOB
from components.training_job.tuning.attempts import Attempt, earlier_names, lineage_attempts
from components.training_job.tuning.trials import Trial, trials_of
from components.training_job.tuning.tuning_outcome import has_ended
from components.training_job.tuning.tuning_waiting import trials_notice

_ANY_NAME = ""
"""Other stacks' tuning jobs are few on a local cloud, so the tags of all new ones are read."""


@dataclass(frozen=True)
class TuningJob:
    """A tuning job, and what became of its trials."""

    description: Mapping[str, Any]
    """What DescribeHyperParameterTuningJob says."""
    trials: Sequence[Trial] = ()
    """The trials of all attempts at its definition, the best first; only of a lineage's newest."""

    @property
    def name(self) -> str:
        """The name as the service knows it."""
        return TUNING_JOB.name_of(self.description)

    @property
    def tuned(self) -> list[str]:
        """The names of the hyperparameters that have ranges."""
        ranges = self.description["HyperParameterTuningJobConfig"].get("ParameterRanges", {})
        return sorted(each["Name"] for of_kind in ranges.values() for each in of_kind)

    @property
    def metric(self) -> str:
        """The metric that says how good a trial is."""
        return str(_objective(self.description)["MetricName"])


def attempts_of(sagemaker: Any, lineages: Iterable[str]) -> list[Attempt]:
    """The newest tuning jobs of the lineages, the newest first."""
    found = (each for name in lineages for each in lineage_attempts(sagemaker, name, _ANY_NAME))
    return sorted(found, key=attrgetter("created"), reverse=True)


def tunings_of(sagemaker: Any, lineages: Iterable[str]) -> Iterator[TuningJob]:
    """Yields the tuning jobs of each lineage, the newest first, of which it has the trials."""
    for lineage in lineages:
        for index, attempt in enumerate(attempts_of(sagemaker, [lineage])):
            description = TUNING_JOB.describe(sagemaker, attempt.name)
            if description is not None:
                trials = () if index else _trials_of_definition(sagemaker, description)
                yield TuningJob(description, trials)


def trials_that_wait(sagemaker: Any, tunings: Iterable[TuningJob]) -> Iterator[str]:
    """Yields a line for each running tuning job with trials that wait for their instances."""
    for tuning in tunings:
        live = not has_ended(tuning.description)
        if live and (notice := trials_notice(sagemaker, tuning.name)):
            yield f"{tuning.name}: {notice}"


def best_first(trials: Iterable[Trial], objective_type: str) -> list[Trial]:
    """The trials by their objectives: first those that completed, at last those without one."""
    sign = 1 if objective_type == "Minimize" else -1

    def place(trial: Trial) -> tuple[bool, bool, float]:
        unknown = trial.objective is None
        return unknown, trial.status != "Completed", sign * (trial.objective or 0)

    return sorted(trials, key=place)


def stop_live_tunings(sagemaker: Any, lineages: Iterable[str]) -> list[str]:
    """Asks the service to stop the lineages' running tuning jobs, and returns their names."""
    names = [each.name for each in attempts_of(sagemaker, lineages) if each.status == "InProgress"]
    for name in names:
        TUNING_JOB.stop(sagemaker, name)
    return names


def _trials_of_definition(sagemaker: Any, description: Mapping[str, Any]) -> list[Trial]:
    """The trials of a tuning job and of the attempts before it, the best first."""
    earlier = earlier_names(TUNING_JOB.name_of(description))
    known = [description, *(TUNING_JOB.describe(sagemaker, each) for each in earlier)]
    trials = (trial for each in known if each for trial in trials_of(sagemaker, each))
    return best_first(trials, _objective(description)["Type"])


def _objective(description: Mapping[str, Any]) -> Mapping[str, Any]:
    config = description["HyperParameterTuningJobConfig"]
    objective: Mapping[str, Any] = config["HyperParameterTuningJobObjective"]
    return objective
