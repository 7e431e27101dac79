"""The inputs of a job as a resource: its request, and what a launch needs to know beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

from components.training_job.request.cost import Cost, cost_ceiling, expected_cost, tuning_ceiling
from components.training_job.request.definition import Request, definition_hash, definition_of
from components.training_job.request.fallbacks import all_requests
from components.training_job.request.plain_inputs import plain
from components.unknowns import UNKNOWN, has_unknown

_CHANGE = "change"
_ANOTHER_RUN = {_CHANGE: "another run"}
"""The metadata of an input that says which run a job is: another value takes another job."""
_IN_PLACE = {_CHANGE: "in place"}
"""Of an input whose change is recorded, and applies to the next launch."""
_WITH_OTHERS = {_CHANGE: "with others"}
"""Of an input that is recorded when others change, and by itself changes nothing."""


@dataclass(frozen=True, kw_only=True)
class JobInputs:
    """Each input of a job.

    A value may be a Pulumi output, except for those that a preview must show. None stands for an
    input that a job does not have, or that the provider's check adds.
    """

    lineage: Any = field(metadata=_ANOTHER_RUN)
    """The chain of jobs that share one checkpoint prefix."""
    account_id: Any = field(metadata=_ANOTHER_RUN)
    region: Any = field(metadata=_ANOTHER_RUN)
    definition_hash: Any = field(default=None, metadata=_ANOTHER_RUN)
    """The hash over all that makes the run what it is; added by check."""
    request: Request = field(metadata=_IN_PLACE)
    """The CreateTrainingJob request, without the name and the tags of a launch."""
    fallbacks: list[Request] | None = field(default=None, metadata=_IN_PLACE)
    """What each attempt after the first changes in the request; None for a job without."""
    tuning: dict[str, Any] | None = field(default=None, metadata=_IN_PLACE)
    """The HyperParameterTuningJobConfig of a job that is tuned; None for any other."""
    warm_start: str | None = field(default=None, metadata=_IN_PLACE)
    """Of a job that is tuned, whether it learns from the lineage's earlier trials: lineage or
    never."""
    paused: bool = field(metadata=_IN_PLACE)
    relaunch: str = field(metadata=_IN_PLACE)
    """Whether a failed job is tried again: never, or onFailure."""
    max_attempts: int = field(metadata=_IN_PLACE)
    owner: Any = field(metadata=_IN_PLACE)
    """The name of the bucket that the lineage is in.

    It distinguishes this stack's jobs from another's that uses the same names, and stays the same
    as long as the lineage does.
    """
    cost_ceiling_usd: Any = field(default=None, metadata=_WITH_OTHERS)
    """The most that all attempts can cost, in USD for all instances, where that is known; added
    by check."""
    expected_cost_usd: Any = field(default=None, metadata=_WITH_OTHERS)
    """What the job is likely to cost if it takes all its time, in USD, where that is known; added
    by check."""
    expected_seconds: int | None = field(default=None, metadata=_WITH_OTHERS)
    """How long the job, or a trial of it, should train without interruptions, in seconds; only for
    its forecast."""
    source_hash: str
    """The hash of the source's contents, "" without source; the definition's hash covers it."""
    run_id: str
    """Part of the definition, by which a person asks for another run of the same one."""
    recurring: str | None = None
    """What the lineages of all runs of a recurring job begin with; None for any other job."""
    last_runs: list[dict[str, Any]] | None = None
    """Of a recurring job, the channels that read the model of a last run, and of which job it is.

    The provider's check adds them to the request. None for a job without.
    """
    launch: bool
    """The launch switch; of a recurring job, also whether it has a run."""
    preflight: bool
    """Whether AWS is asked what would make a launch fail."""
    tuning_name_prefix: str | None = None
    """What the names of the lineage's tuning jobs begin with; None for a job that is not tuned."""

    @classmethod
    def of(cls, properties: Mapping[str, Any]) -> Self:
        """The inputs among the properties of a job, as the engine hands them to its provider."""
        return cls(**inputs_of(properties))

    def properties(self) -> dict[str, Any]:
        """The inputs as the engine takes them: those that there are.

        Raises:
            pulumi.RunError: in an output that is marked as a secret.
        """
        values = {name: getattr(self, name) for name in INPUTS}
        return {name: plain(value, name) for name, value in values.items() if value is not None}


INPUTS = tuple(each.name for each in fields(JobInputs))


def _changing(*changes: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(each.name for each in fields(JobInputs) if each.metadata in changes)


IDENTITY = _changing(_ANOTHER_RUN)
"""The inputs that say which run it is; the definition's hash covers all the rest."""

COMPARED = _changing(_IN_PLACE)
"""The inputs whose change is recorded in place."""

RECORDED = _changing(_IN_PLACE, _WITH_OTHERS)
"""The inputs that are recorded in place, the costs of a new price among them."""

ADDED_BY_CHECK = ("definition_hash", "cost_ceiling_usd", "expected_cost_usd")
"""The inputs that `added_by_check` computes."""


def added_by_check(properties: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs that follow from the others; the hash is unknown while a part of it is."""
    request, tuning = properties["request"], properties.get("tuning")
    definition = definition_of(request, properties["source_hash"], properties["run_id"], tuning)
    ceiling, expected = costs_of(properties)
    return {
        "definition_hash": UNKNOWN if has_unknown(definition) else definition_hash(definition),
        "cost_ceiling_usd": ceiling,
        "expected_cost_usd": expected,
    }


def costs_of(properties: Mapping[str, Any]) -> tuple[Cost, Cost]:
    """What a job can cost at most, and what it is expected to cost, in USD.

    The ceiling is that of all attempts. What is expected is said of the first choice only.
    """
    request, tuning = properties["request"], properties.get("tuning")
    fallbacks = properties.get("fallbacks") or ()
    attempts = properties["max_attempts"] if properties["relaunch"] == "onFailure" else 1
    on_spot = request["EnableManagedSpotTraining"]
    if tuning is None:
        ceiling = cost_ceiling(all_requests(request, fallbacks), attempts)
        first_choice = cost_ceiling([request], attempts)
    else:
        ceiling = first_choice = tuning_ceiling(request, tuning, attempts)
    return ceiling, expected_cost(first_choice, on_spot)


def inputs_of(state: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs among what is recorded of a job."""
    return {key: state[key] for key in INPUTS if key in state}
