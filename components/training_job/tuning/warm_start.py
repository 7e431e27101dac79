"""From which earlier tuning jobs the next one of a lineage goes on: pure functions.

The rules are those of the Developer Guide, "Run a Warm Start Hyperparameter Tuning Job", and of the
service's own refusals. A request and a description have the same members here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from components.training_job.aws.errors import TrainingJobError
from components.training_job.aws.sagemaker_jobs import TUNING_JOB
from components.training_job.run.outcome import LIVE_STATUSES

MOST_PARENTS = 5
MOST_TRIALS = 750
"""How many trials a tuning job and its parents may have together. The guide has this limit for one
tuning job, and says that those of parents count against it."""
_MOST_CHANGES = 10
"""How many hyperparameters may have another value, or begin or cease to be tuned."""

_UNCHANGED = {
    "EnableNetworkIsolation": "network isolation",
    "EnableInterContainerTrafficEncryption": "encryption between containers",
    "RetryStrategy": "how often a trial is started again",
}
"""Members of a trial's definition that are not among those that may change."""
_DEFAULTS: tuple[Any, ...] = (None, "None", {}, [])
_IMAGE = ("TrainingImage", "AlgorithmName", "TrainingInputMode")


@dataclass(frozen=True)
class Parent:
    """A tuning job that has ended, and that the next one may learn from."""

    name: str
    succeeded: int
    """How many of its trials have an objective."""
    trials: int
    """How many trials it has started."""
    description: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True)
class WarmStart:
    """What the next tuning job knows of earlier ones."""

    parents: tuple[Parent, ...] = ()
    is_identical: bool = False
    """Whether data and image are those of all parents."""
    refusal: str = ""
    """Why it knows nothing of the one that it would have learnt most from, "" where it does."""

    @property
    def config(self) -> dict[str, Any] | None:
        """The WarmStartConfig, None for a tuning job that starts cold."""
        if not self.parents:
            return None
        kind = "IdenticalDataAndAlgorithm" if self.is_identical else "TransferLearning"
        names = [{"HyperParameterTuningJobName": each.name} for each in self.parents]
        return {"ParentHyperParameterTuningJobs": names, "WarmStartType": kind}


def warm_start(request: Mapping[str, Any], candidates: Iterable[Parent]) -> WarmStart:
    """What a tuning job can learn from these, of which the best come first.

    No more of them are looked at than are needed.
    """
    parents: list[Parent] = []
    refusal = ""
    limits = request["HyperParameterTuningJobConfig"]["ResourceLimits"]
    room = MOST_TRIALS - limits.get("MaxNumberOfTrainingJobs", 0)
    for each in candidates:
        reason = cold_reason(request, each.description) or _room_reason(each, room)
        if not reason:
            parents.append(each)
            room -= each.trials
        elif not refusal:
            refusal = f"{each.name}: {reason}"
        if len(parents) == MOST_PARENTS:
            break
    identical = all(_is_identical(request, each.description) for each in parents)
    return WarmStart(tuple(parents), bool(parents) and identical, "" if parents else refusal)


def cold_reason(request: Mapping[str, Any], parent: Mapping[str, Any]) -> str:
    """Why a tuning job can't go on from a parent, "" where it can."""
    config, before = (each["HyperParameterTuningJobConfig"] for each in (request, parent))
    definition, earlier = (each["TrainingJobDefinition"] for each in (request, parent))
    if is_grid(config):
        return "a grid knows nothing of earlier trials"
    return (
        _objective_reason(config, before)
        or _parameter_reason(_parameters(request), _parameters(parent))
        or _environment_reason(definition, earlier)
        or next(
            (
                f"{words} has changed"
                for member, words in _UNCHANGED.items()
                if (definition.get(member) or None) != (earlier.get(member) or None)
            ),
            "",
        )
    )


def is_grid(config: Mapping[str, Any]) -> bool:
    """Whether a HyperParameterTuningJobConfig asks for a grid."""
    return bool(config["Strategy"] == "Grid")


def refuse_pause_of_grid(description: Mapping[str, Any]) -> None:
    """Refuses to stop a grid, which could only begin again.

    Raises:
        TrainingJobError: the description is that of a live grid.
    """
    live = TUNING_JOB.status_of(description) in LIVE_STATUSES
    if live and is_grid(description["HyperParameterTuningJobConfig"]):
        raise TrainingJobError(
            f"{TUNING_JOB.name_of(description)} tries a grid, and a grid can't go on after a "
            "pause: it would make all trials again. Wait for its end, or remove the job from the "
            "settings to stop it. A job with strategy: random or bayesian can be paused."
        )


def trials_left(config: Mapping[str, Any], succeeded: int) -> int | None:
    """How many trials are left when so many have succeeded; None where there is no limit.

    A grid is tried as a whole, so the service refuses any number but that of its combinations.
    """
    most: int | None = config["ResourceLimits"].get("MaxNumberOfTrainingJobs")
    return most if most is None or is_grid(config) else max(most - succeeded, 0)


def limited_to(config: Mapping[str, Any], trials: int | None) -> dict[str, Any]:
    """The config with so many trials; no more of them at once than there are."""
    if trials is None:
        return dict(config)
    limits = config["ResourceLimits"]
    parallel = min(limits["MaxParallelTrainingJobs"], trials)
    changed = {"MaxNumberOfTrainingJobs": trials, "MaxParallelTrainingJobs": parallel}
    return {**config, "ResourceLimits": limits | changed}


def _room_reason(parent: Parent, room: int) -> str:
    if parent.trials <= room:
        return ""
    return f"with its {parent.trials} trials there would be more than {MOST_TRIALS} together"


def _objective_reason(config: Mapping[str, Any], before: Mapping[str, Any]) -> str:
    objective, earlier = (each["HyperParameterTuningJobObjective"] for each in (config, before))
    if (objective["Type"], objective["MetricName"]) == (earlier["Type"], earlier["MetricName"]):
        return ""
    return f"its objective was to {earlier['Type'].lower()} {earlier['MetricName']}"


@dataclass(frozen=True)
class _Parameters:
    """The hyperparameters of a tuning job: values of the static ones, types of the others."""

    static: Mapping[str, str]
    tuned: Mapping[str, str]

    @property
    def names(self) -> set[str]:
        return {*self.static, *self.tuned}


def _parameters(request: Mapping[str, Any]) -> _Parameters:
    """Without what the service itself adds to a description."""
    ranges = request["HyperParameterTuningJobConfig"].get("ParameterRanges", {})
    static = request["TrainingJobDefinition"].get("StaticHyperParameters", {})
    return _Parameters(
        {name: value for name, value in static.items() if not name.startswith("_")},
        {each["Name"]: kind for kind, of_kind in ranges.items() for each in of_kind},
    )


def _parameter_reason(now: _Parameters, before: _Parameters) -> str:
    if other := sorted(now.names ^ before.names):
        return f"not both have the hyperparameters {', '.join(other)}"
    kinds = sorted(
        name
        for name in now.tuned.keys() & before.tuned.keys()
        if now.tuned[name] != before.tuned[name]
    )
    if kinds:
        return f"the ranges of {', '.join(kinds)} were of another type"
    moved = now.tuned.keys() ^ before.tuned.keys()
    values = [
        name
        for name in now.static.keys() & before.static.keys()
        if now.static[name] != before.static[name]
    ]
    changes = len(moved) + len(values)
    if changes > _MOST_CHANGES:
        return f"{changes} hyperparameters have changed, and at most {_MOST_CHANGES} may"
    return ""


def _environment_reason(now: Mapping[str, Any], before: Mapping[str, Any]) -> str:
    """Names variables only: a value may be long, or not be for a log."""
    variables, earlier = (each.get("Environment", {}) for each in (now, before))
    names = variables.keys() | earlier.keys()
    changed = sorted(name for name in names if variables.get(name) != earlier.get(name))
    return f"the environment has changed: {', '.join(changed)}" if changed else ""


def _is_identical(request: Mapping[str, Any], parent: Mapping[str, Any]) -> bool:
    """Whether both run the same image on the same data, of which the source is a part."""
    now, before = (each["TrainingJobDefinition"] for each in (request, parent))
    image, earlier = (each["AlgorithmSpecification"] for each in (now, before))
    same_image = all(image.get(key) == earlier.get(key) for key in _IMAGE)
    return same_image and _data(now) == _data(before)


def _data(definition: Mapping[str, Any]) -> dict[str, Any]:
    """The channels by name, without what is as it is by default: a description may have that."""
    channels = definition.get("InputDataConfig", [])
    return {channel["ChannelName"]: _without_defaults(channel) for channel in channels}


def _without_defaults(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    kept = {key: _without_defaults(each) for key, each in value.items()}
    return {key: each for key, each in kept.items() if each not in _DEFAULTS}
