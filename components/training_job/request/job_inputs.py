"""The inputs of a job as a resource: its request, and what a launch needs to know beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from components.training_job.request.definition import Request

_CHANGE = "change"
_ANOTHER_RUN = {_CHANGE: "another run"}
"""The metadata of an input that says which run a job is: another value takes another job."""
_IN_PLACE = {_CHANGE: "in place"}
"""Of an input whose change is recorded, and applies to the next launch."""
_BY_THE_WAY = {_CHANGE: "by the way"}
"""Of an input that is recorded with such changes, and by itself is no change of a job."""


@dataclass(frozen=True, kw_only=True)
class JobInputs:
    """Each input of a job; its value may be a Pulumi output, but for what a preview must show.

    None stands for an input that a job does not have, or that the provider's check adds.
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
    paused: bool = field(metadata=_IN_PLACE)
    relaunch: str = field(metadata=_IN_PLACE)
    """Whether a failed job is tried again: never, or onFailure."""
    max_attempts: int = field(metadata=_IN_PLACE)
    owner: Any = field(metadata=_IN_PLACE)
    """The name of the bucket that the lineage is in; it tells this stack's jobs from another's."""
    cost_ceiling_usd: Any = field(default=None, metadata=_BY_THE_WAY)
    """The most that all attempts can cost, in USD for all instances, where that is known."""
    expected_cost_usd: Any = field(default=None, metadata=_BY_THE_WAY)
    """What the job is likely to cost if it takes all its time, in USD, where that is known."""
    source_hash: str
    """The hash of the source's contents, "" without source; the definition's hash covers it."""
    run_id: str
    """Part of the definition, by which a person asks for another run of the same one."""
    launch: bool
    """The launch switch."""
    preflight: bool
    """Whether AWS is asked what would make a launch fail."""

    def properties(self) -> dict[str, Any]:
        """The inputs as the engine takes them: those that there are."""
        values = {name: getattr(self, name) for name in INPUTS}
        return {name: value for name, value in values.items() if value is not None}


INPUTS = tuple(each.name for each in fields(JobInputs))

ADDED_BY_CHECK = ("definition_hash", "cost_ceiling_usd", "expected_cost_usd")


def _with(*marks: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(each.name for each in fields(JobInputs) if each.metadata in marks)


IDENTITY = _with(_ANOTHER_RUN)
"""The inputs that say which run it is; the definition's hash covers all the rest."""

COMPARED = _with(_IN_PLACE)
"""The inputs whose change is recorded in place."""

RECORDED = _with(_IN_PLACE, _BY_THE_WAY)
"""The inputs that are recorded in place, the costs of a new price among them."""


def inputs_of(state: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs among what is recorded of a job."""
    return {key: state[key] for key in INPUTS if key in state}
