"""The rules of CreateHyperParameterTuningJob that are not in the service model.

Where AWS's own words are known, the messages have them. What a definition has in common with a
training job is checked as CreateTrainingJob checks it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from localcloud.protocol.errors import ServiceError, validation_error
from localcloud.sagemaker.tuning import ranges, scheduler
from localcloud.sagemaker.tuning.early_stopping import resources
from localcloud.sagemaker.tuning.trial_requests import OBJECTIVE_PARAMETER

Document = dict[str, Any]

_MOST_LIVE_JOBS = 100
_MOST_PARALLEL = 10
_MOST_RANGES = 30
_MOST_HYPERPARAMETERS = 100
_MOST_EPOCHS = 20_000
_LONGEST_VARIABLE = 512
_NOT_OFFERED = ("TrainingJobDefinitions", "Autotune")
_NOT_OFFERED_IN_DEFINITIONS = ("TuningObjective", "HyperParameterRanges")
_NOT_IN_RESOURCES = (
    "KeepAlivePeriodInSeconds",
    "InstanceGroups",
    "InstancePreferences",
    "TrainingPlanArn",
    "TrainingPlanArns",
)
_NUMERIC = ("IntegerParameterRanges", "ContinuousParameterRanges")
_CATEGORICAL = "CategoricalParameterRanges"


def check(request: Document) -> None:
    """Raises the service's ServiceError for the first rule that the request breaks."""
    for rule in _RULES:
        for message in rule(request):
            raise validation_error(message)
    parallel = _config(request)["ResourceLimits"]["MaxParallelTrainingJobs"]
    if parallel > _MOST_PARALLEL:
        name = "Maximum number of parallel training jobs per hyperparameter tuning job"
        raise _too_many(name, _MOST_PARALLEL, 0, parallel)


def check_live_jobs(live: int) -> None:
    """Raises the service's ServiceError if so many tuning jobs run that no other one may."""
    if live >= _MOST_LIVE_JOBS:
        name = "Maximum number of concurrent hyperparameter tuning jobs"
        raise _too_many(name, _MOST_LIVE_JOBS, live, 1)


def _too_many(limit: str, most: int, used: int, more: int) -> ServiceError:
    return ServiceError(
        "ResourceLimitExceeded",
        f"The account-level service limit '{limit}' is {most}, with current utilization of {used} "
        f"and a request delta of {more}. Please contact AWS support to request an increase for "
        "this limit.",
    )


def _offered(request: Document) -> Iterator[str]:
    for member in _NOT_OFFERED:
        if member in request:
            yield f"{member} is not offered by the local cloud"
    definition = request.get("TrainingJobDefinition")
    if definition is None:
        yield "Exactly one of TrainingJobDefinition and TrainingJobDefinitions must be specified"
        return
    for member in _NOT_OFFERED_IN_DEFINITIONS:
        if member in definition:
            yield f"{member} is only supported in TrainingJobDefinitions"
    if "AutoParameters" in _config(request).get("ParameterRanges", {}):
        yield "AutoParameters is not offered by the local cloud"


def _definition(request: Document) -> Iterator[str]:
    definition = request["TrainingJobDefinition"]
    tuned = definition.get("HyperParameterTuningResourceConfig")
    if ("ResourceConfig" in definition) == (tuned is not None):
        yield (
            "Exactly one of ResourceConfig and HyperParameterTuningResourceConfig must be specified"
        )
        return
    if tuned is not None:
        yield from _choice_of_instances(tuned)
    for member in _NOT_IN_RESOURCES:
        if member in definition.get("ResourceConfig", {}):
            yield f"{member} is not supported for hyperparameter tuning jobs"
    for name, value in definition.get("Environment", {}).items():
        if len(value) > _LONGEST_VARIABLE:
            yield (
                f"Value of {len(value)} characters at 'trainingJobDefinition.environment.{name}' "
                "failed to satisfy constraint: Member must have length less than or equal to "
                f"{_LONGEST_VARIABLE}"
            )


def _choice_of_instances(config: Document) -> Iterator[str]:
    """Problems of HyperParameterTuningResourceConfig, which has one type or a list."""
    single = [name for name in ("InstanceType", "InstanceCount") if name in config]
    if "InstanceConfigs" in config:
        for name in (*single, *[name for name in ("VolumeSizeInGB",) if name in config]):
            yield f"InstanceConfigs can't be combined with {name}"
    elif len(single) < 2:
        yield "InstanceType and InstanceCount are required unless InstanceConfigs are given"


def _objective(request: Document) -> Iterator[str]:
    objective = _config(request).get("HyperParameterTuningJobObjective")
    algorithm = request["TrainingJobDefinition"]["AlgorithmSpecification"]
    metrics = [each["Name"] for each in algorithm.get("MetricDefinitions", [])]
    if objective is None:
        yield "HyperParameterTuningJobObjective is required with TrainingJobDefinition"
    elif not metrics:
        yield (
            "A metric is required for this hyperparameter tuning job objective. Provide a metric "
            "in the metric definitions."
        )
    elif objective["MetricName"] not in metrics:
        yield (
            f"The objective metric {objective['MetricName']} is not in the metric definitions: "
            f"{', '.join(metrics)}"
        )


def _names(request: Document) -> Iterator[str]:
    static = request["TrainingJobDefinition"].get("StaticHyperParameters", {})
    names = [each["Name"] for each in _all_ranges(request)]
    if not names:
        yield "At least one hyperparameter range must be specified"
    if len(names) > _MOST_RANGES:
        yield f"At most {_MOST_RANGES} hyperparameter ranges can be specified: {len(names)} are"
    for name, times in sorted(Counter(names).items()):
        if times > 1:
            yield f"Duplicate hyperparameter {name} in ParameterRanges"
    for name in sorted(set(names) & set(static)):
        yield f"Hyperparameter {name} is both static and in ParameterRanges"
    for name in sorted({OBJECTIVE_PARAMETER} & {*names, *static}):
        yield f"Hyperparameter {name} is reserved for the service"
    total = len(names) + len(static) + 1
    if total > _MOST_HYPERPARAMETERS:
        yield (
            f"A training job can have {_MOST_HYPERPARAMETERS} hyperparameters, with "
            f"{OBJECTIVE_PARAMETER}, which the service adds: {total} are specified"
        )


def _ends(request: Document) -> Iterator[str]:
    """Problems of the ends of ranges, and of their scaling."""
    given = _config(request).get("ParameterRanges", {})
    for kind in _NUMERIC:
        for each in given.get(kind, []):
            yield from (
                f"{problem}: hyperparameter {each['Name']}" for problem in _numeric(kind, each)
            )
    for each in given.get(_CATEGORICAL, []):
        values, name = each["Values"], each["Name"]
        if len(set(values)) < len(values):
            yield f"Values of a categorical range must be unique: hyperparameter {name}"
        elif len(values) < 2:
            yield f"A range must have more than one value: hyperparameter {name}"


def _numeric(kind: str, given: Document) -> Iterator[str]:
    integer = kind == "IntegerParameterRanges"
    read: Callable[[str], float | None] = ranges.whole if integer else ranges.number
    ends = [(member, read(given[member])) for member in ("MinValue", "MaxValue")]
    unread = [member for member, value in ends if value is None]
    if unread:
        what = "a whole number" if integer else "a number"
        yield f"{unread[0]} {given[unread[0]]!r} must be {what}"
        return
    low, high = (value for _, value in ends if value is not None)
    if low == high:
        yield f"A range must have more than one value, and MinValue and MaxValue are {low:g}"
    elif low > high:
        yield f"MinValue {low:g} must be less than MaxValue {high:g}"
    scaling = given.get("ScalingType", "Auto")
    if scaling == "Logarithmic" and low <= 0:
        yield f"ScalingType Logarithmic needs values greater than 0, and MinValue is {low:g}"
    if scaling == "ReverseLogarithmic" and integer:
        yield "ScalingType ReverseLogarithmic is only supported for continuous ranges"
    elif scaling == "ReverseLogarithmic" and not (low >= 0 and high < 1):
        yield "ScalingType ReverseLogarithmic needs values from 0 to less than 1"


def _limits(request: Document) -> Iterator[str]:
    config = _config(request)
    strategy, limits = config["Strategy"], config["ResourceLimits"]
    count = limits.get("MaxNumberOfTrainingJobs")
    if strategy == "Grid":
        yield from _grid(config, count)
        return
    if count is None:
        if "MaxRuntimeInSeconds" not in limits:
            yield "MaxNumberOfTrainingJobs is required unless MaxRuntimeInSeconds is given"
        return
    most = scheduler.MOST_RANDOM_TRIALS if strategy == "Random" else scheduler.MOST_TRIALS
    if count > most:
        yield f"MaxNumberOfTrainingJobs {count} must not be greater than {most} with {strategy}"
    different = ranges.combinations(ranges.ranges_of(config))
    if different is not None and count > different:
        yield (
            f"MaxNumberOfTrainingJobs {count} is greater than the number of different "
            f"combinations of hyperparameters, which is {different}"
        )


def _grid(config: Document, count: int | None) -> Iterator[str]:
    given = config.get("ParameterRanges", {})
    if any(given.get(kind) for kind in _NUMERIC):
        yield "Strategy Grid only supports categorical parameter ranges"
        return
    product = ranges.combinations(ranges.ranges_of(config)) or 0
    if count is not None and count != product:
        yield (
            f"MaxNumberOfTrainingJobs {count} must be equal to the number of combinations of the "
            f"grid, which is {product}"
        )
    if product > scheduler.MOST_TRIALS:
        yield f"The grid has {product} combinations; the most are {scheduler.MOST_TRIALS}"


def _strategy(request: Document) -> Iterator[str]:
    config = _config(request)
    if config["Strategy"] != "Hyperband":
        if "StrategyConfig" in config:
            yield "StrategyConfig is only supported with Strategy Hyperband"
        return
    if config.get("TrainingJobEarlyStoppingType") == "Auto":
        yield "TrainingJobEarlyStoppingType must be Off with Strategy Hyperband"
    static = request["TrainingJobDefinition"].get("StaticHyperParameters", {})
    least, most = resources(config, static)
    if most is None:
        yield (
            "MaxResource can't be inferred: specify it in HyperbandStrategyConfig, or one of "
            "epochs, numepochs, n-epochs, n_epochs and num_epochs in StaticHyperParameters"
        )
    elif most > _MOST_EPOCHS:
        yield f"MaxResource {most} must not be greater than {_MOST_EPOCHS}"
    elif least >= most:
        yield f"MinResource {least} must be less than MaxResource {most}"


def _config(request: Document) -> Document:
    config: Document = request["HyperParameterTuningJobConfig"]
    return config


def _all_ranges(request: Document) -> Iterator[Document]:
    given = _config(request).get("ParameterRanges", {})
    for kind in (*_NUMERIC, _CATEGORICAL):
        yield from given.get(kind, [])


_RULES = (_offered, _definition, _objective, _names, _ends, _limits, _strategy)
