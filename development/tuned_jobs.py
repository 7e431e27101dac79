"""The tuning jobs as SageMaker knows them, with their trials; boto3, no Pulumi."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from operator import attrgetter
from typing import Any

from components.training_job.aws.sagemaker_jobs import TUNING_JOB
from components.training_job.reader.tunings import FoundTuning, Tuning
from components.training_job.tuning.attempts import Attempt, lineage_attempts
from components.training_job.tuning.trials import best_first, trials_of_all_attempts
from components.training_job.tuning.tuning_outcome import has_ended
from components.training_job.tuning.tuning_waiting import trials_notice

_ANY_NAME = ""
"""Other stacks' tuning jobs are few on a local cloud, so the tags of all new ones are read."""


def attempts_of(sagemaker: Any, lineages: Iterable[str]) -> list[Attempt]:
    """The newest tuning jobs of the lineages, the newest first."""
    found = (each for name in lineages for each in lineage_attempts(sagemaker, name, _ANY_NAME))
    return sorted(found, key=attrgetter("created"), reverse=True)


def tunings_of(sagemaker: Any, lineages: Iterable[str]) -> Iterator[FoundTuning]:
    """Yields the tuning jobs of each lineage, the newest first; only the newest has its trials.

    These are the trials of all attempts at its definition, the best first.
    """
    for lineage in lineages:
        for index, attempt in enumerate(attempts_of(sagemaker, [lineage])):
            description = TUNING_JOB.describe(sagemaker, attempt.name)
            if description is not None:
                tuning = Tuning(description)
                trials = [] if index else trials_of_all_attempts(sagemaker, description)
                yield tuning, best_first(trials, tuning.objective["Type"])


def trials_that_wait(sagemaker: Any, tunings: Iterable[FoundTuning]) -> Iterator[str]:
    """Yields a line for each running tuning job with trials that wait for their instances."""
    for tuning, _ in tunings:
        live = not has_ended(tuning.description)
        if live and (notice := trials_notice(sagemaker, tuning.name)):
            yield f"{tuning.name}: {notice}"


def stop_live_tunings(sagemaker: Any, lineages: Iterable[str]) -> list[str]:
    """Asks the service to stop the lineages' running tuning jobs, and returns their names."""
    names = [each.name for each in attempts_of(sagemaker, lineages) if each.status == "InProgress"]
    for name in names:
        TUNING_JOB.stop(sagemaker, name)
    return names
