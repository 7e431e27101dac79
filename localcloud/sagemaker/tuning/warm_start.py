"""What a tuning job takes over from earlier ones, and which of them it may name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from localcloud.sagemaker.tuning.ranges import fits, ranges_of
from localcloud.sagemaker.tuning.tuning_records import (
    ENDED,
    Point,
    Trial,
    TuningJob,
    best_of,
)

Document = dict[str, Any]

_MOST_TRIALS = 750
"""Trials of the parents and of the job together."""
_MOST_CHANGES = 10
"""Static values that change, and hyperparameters that become static or tunable."""
_UNCHANGED = (
    "Environment",
    "EnableNetworkIsolation",
    "EnableInterContainerTrafficEncryption",
    "RetryStrategy",
)
"""Members of a definition that the service does not let change."""


def problems(request: Document, parents: Sequence[TuningJob]) -> Iterator[str]:
    """Why a request can't be warm-started from these tuning jobs."""
    names = [each.name for each in parents]
    if len(set(names)) < len(names):
        yield "ParentHyperParameterTuningJobs must not name a tuning job twice"
    for parent in parents:
        if parent.status not in ENDED:
            yield (
                f"The parent tuning job {parent.name} is in status {parent.status}: all parents "
                "must be in a terminal state"
            )
            continue
        yield from (f"{each}: parent {parent.name}" for each in _differences(request, parent))
    most = request["HyperParameterTuningJobConfig"]["ResourceLimits"].get(
        "MaxNumberOfTrainingJobs", 0
    )
    total = most + sum(len(each.trials) for each in parents)
    if total > _MOST_TRIALS:
        yield (
            f"The tuning job and its parents have {total} training jobs: together they must not "
            f"have more than {_MOST_TRIALS}"
        )


def inherited(job: TuningJob, parents: Sequence[TuningJob]) -> tuple[Point, ...]:
    """The trials of the parents whose values are within the job's ranges.

    A value that was static counts too. This is not recursive: the parents' parents don't count.
    """
    ranges = ranges_of(job.config)
    return tuple(
        Point({each.name: chosen[each.name] for each in ranges}, trial.value)
        for parent in parents
        for trial in parent.trials
        if trial.objective_status == "Succeeded"
        for chosen in ({**_static(parent.definition), **trial.parameters},)
        if fits(ranges, chosen)
    )


def best(parents: Sequence[TuningJob], *, minimises: bool) -> Trial | None:
    """The best trial of all parents."""
    return best_of([each for parent in parents for each in parent.trials], minimises=minimises)


def _differences(request: Document, parent: TuningJob) -> Iterator[str]:
    config, definition = request["HyperParameterTuningJobConfig"], request["TrainingJobDefinition"]
    objective = "HyperParameterTuningJobObjective"
    if config.get(objective) != parent.config[objective]:
        yield "The objective metric must be the same as that of all parent tuning jobs"
    own, others = _names(config, definition), _names(parent.config, parent.definition)
    if own != others:
        different = ", ".join(sorted(set(own) ^ set(others)) or ["their types"])
        yield (
            "The static and tunable hyperparameters must be the same as those of all parent "
            f"tuning jobs; they differ in {different}"
        )
    if _changes(request, parent) > _MOST_CHANGES:
        yield f"More than {_MOST_CHANGES} hyperparameters changed"
    for member in _UNCHANGED:
        if (definition.get(member) or None) != (parent.definition.get(member) or None):
            yield f"{member} must be the same as that of all parent tuning jobs"
    warm_start = request["WarmStartConfig"]["WarmStartType"]
    if warm_start == "IdenticalDataAndAlgorithm":
        yield from _other_data_or_algorithm(definition, parent.definition)


def _other_data_or_algorithm(definition: Document, parent: Document) -> Iterator[str]:
    images = [each["AlgorithmSpecification"]["TrainingImage"] for each in (definition, parent)]
    for member, differs in (
        ("InputDataConfig", definition.get("InputDataConfig") != parent.get("InputDataConfig")),
        ("TrainingImage", images[0] != images[1]),
    ):
        if differs:
            yield (
                f"{member} must be the same as that of all parent tuning jobs with WarmStartType "
                "IdenticalDataAndAlgorithm"
            )


def _names(config: Document, definition: Document) -> set[str]:
    return {each.name for each in ranges_of(config)} | set(_static(definition))


def _changes(request: Document, parent: TuningJob) -> int:
    """How many static values differ, also those that were tunable or became so."""
    own, other = _static(request["TrainingJobDefinition"]), _static(parent.definition)
    return sum(own.get(name) != other.get(name) for name in own.keys() | other.keys())


def _static(definition: Document) -> dict[str, str]:
    static: dict[str, str] = definition.get("StaticHyperParameters", {})
    return static
