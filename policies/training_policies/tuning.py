"""A tuning job: a training job that runs many times, several at once, with other values.

A tuning job's request has what its trials need in a TrainingJobDefinition, which is a training
request under another name, and how many trials there are in a HyperParameterTuningJobConfig.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from training_policies.request import (
    Request,
    is_training_request,
    mappings_within,
    named,
    spelling,
    without,
)
from training_policies.resource import MISSING, UNKNOWN, Resource

OWN_TUNING_TYPE = "pulumi-python:dynamic/sagemaker:TuningJob"
AWS_TUNING_TYPE = "aws:sagemaker/hyperParameterTuningJob:HyperParameterTuningJob"

_LIMITS = frozenset({"maxnumberoftrainingjobs", "maxparalleltrainingjobs"})
_DEFINITIONS = frozenset({"trainingjobdefinition", "trainingjobdefinitions"})
_TUNING_NAMES = (
    _LIMITS
    | _DEFINITIONS
    | {
        "hyperparametertuningjobconfig",
        "hyperparametertuningjobname",
        "hyperparametertuningjobobjective",
    }
)
"""Names of a tuning job's request, as `spelling` writes them. One of them is enough: no other
request has any."""


@dataclass(frozen=True)
class Tuning:
    """What limits the trials of a tuning job; each value may be MISSING or UNKNOWN."""

    config: Request
    """The HyperParameterTuningJobConfig."""
    is_automatic: bool = False
    """Whether Autotune chooses what the request leaves out."""

    @property
    def parallel(self) -> Any:
        """The most trials that run at once."""
        return self.config.read("ResourceLimits.MaxParallelTrainingJobs")

    @property
    def trials(self) -> Any:
        """The most trials."""
        return self.config.read("ResourceLimits.MaxNumberOfTrainingJobs")

    @property
    def max_runtime(self) -> Any:
        """The longest time for all trials together, in seconds."""
        return self.config.read("ResourceLimits.MaxRuntimeInSeconds")


def trials_of(properties: Any) -> list[Request]:
    """The training request of each TrainingJobDefinition, with the tuning job's tags.

    One with nothing else in it where there is no definition.
    """
    definitions = named(properties, "TrainingJobDefinition")
    listed = definitions if isinstance(definitions, list) else [definitions]
    return [trial(Request({} if each is MISSING else each), properties) for each in listed or [{}]]


def trial(definition: Request, tuning: Any) -> Request:
    """The training request of a definition, with the tags of its tuning job.

    Nothing is known of a definition that is no mapping, nor on which of the types in a
    HyperParameterTuningResourceConfig a trial runs.
    """
    values = definition.values
    if not isinstance(values, Mapping):
        return Request(UNKNOWN)
    added = {
        name: each
        for name in ("Tags", "TagsAll")
        if (each := named(tuning, name)) is not MISSING and named(values, name) is MISSING
    }
    if named(values, "HyperParameterTuningResourceConfig") is not MISSING:
        added["ResourceConfig"] = UNKNOWN
    kept = without(values, {spelling(name) for name in added})
    return Request(kept | added, definition.flat)


def tuning_within(resource: Resource) -> tuple[Tuning, Any] | None:
    """The tuning anywhere in a resource of any type, and the mapping that has its definitions.

    None for a resource that has none. Where there are several, only the provider knows which of
    them it sends, so nothing of the tuning is known.
    """
    try:
        found = [each for each in mappings_within(resource) if _has_any(each, _TUNING_NAMES)]
        if not found:
            return None
        limits, outer = _only(found, _LIMITS), _only(found, _DEFINITIONS)
    except RecursionError:
        return Tuning(Request(UNKNOWN)), UNKNOWN
    is_automatic = any(named(each, "Autotune") is not MISSING for each in found)
    return Tuning(_limits(limits), is_automatic), outer


def _only(found: Sequence[Mapping[str, Any]], names: frozenset[str]) -> Any:
    """The mapping with one of these names; MISSING for none, UNKNOWN for several that differ."""
    having = [each for each in found if _has_any(each, names)]
    if not having:
        return MISSING
    return having[0] if all(each == having[0] for each in having) else UNKNOWN


def _limits(values: Any) -> Request:
    """ResourceLimits by themselves; a longest time beside members of a trial is the trial's."""
    if not isinstance(values, Mapping):
        return Request(UNKNOWN)
    of_a_trial = {"maxruntimeinseconds"} if is_training_request(values) else set()
    return Request(without(values, of_a_trial), flat=True)


def _has_any(values: Mapping[str, Any], names: frozenset[str]) -> bool:
    return any(spelling(name) in names for name in values)


def range_values(tuning: Tuning, request: Request) -> Iterator[tuple[str, Any]]:
    """Each value that a category of hyperparameters can have, and the hyperparameter's name."""
    places = (
        tuning.config.read("ParameterRanges.CategoricalParameterRanges"),
        request.read("HyperParameterRanges.CategoricalParameterRanges"),
    )
    for each in (each for place in places if isinstance(place, list) for each in place):
        name, values = named(each, "Name"), named(each, "Value")
        for value in values if isinstance(values, list) else ():
            yield name if isinstance(name, str) else "", value
