"""From a job's training request to the request of its tuning: pure functions.

A tuning job has a training job's request in it, with other names and less in it: there is no entry
point in a trial's definition. So the launcher is named twice. An image with the SageMaker training
toolkit starts it as the program of two hyperparameters. An image of one's own has it as its
ENTRYPOINT. Both read the launcher's arguments from a variable.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from components.training_job.aws.sdk_session import service_model
from components.training_job.request.definition import CODE_CHANNEL, Request
from components.training_job.request.training_request import (
    LAUNCHER,
    MACHINE_LEARNING_ROOT,
    as_text,
)
from components.training_job.settings.tuning_settings import RangeSettings, TuningSettings

LAUNCHER_VARIABLE = "LAUNCHER_ARGUMENTS"
"""The container's variable that has the launcher's arguments, as a list in JSON."""

TOOLKIT_PARAMETERS = {
    "sagemaker_program": LAUNCHER,
    "sagemaker_submit_directory": f"{MACHINE_LEARNING_ROOT}/input/data/{CODE_CHANNEL}",
}
"""The hyperparameters by which the training toolkit starts the launcher. It copies a folder, which
works without a network; a URI in S3 it would download."""

EPOCHS = "epochs"
"""The hyperparameter in which a script gets Hyperband's most epochs."""

_STRATEGIES = {
    "bayesian": "Bayesian",
    "random": "Random",
    "grid": "Grid",
    "hyperband": "Hyperband",
}
_SCALES = {
    "auto": "Auto",
    "linear": "Linear",
    "log": "Logarithmic",
    "reverseLog": "ReverseLogarithmic",
}
_OF_THE_TUNING = frozenset({"HyperParameters", "Tags", "TrainingJobName"})
"""Members of a training request that a tuning's request has elsewhere, or under another name."""
_ENTRY_POINT = ("ContainerEntrypoint", "ContainerArguments")


@cache
def definition_shape() -> Any:
    """The shape of a HyperParameterTrainingJobDefinition."""
    operation = service_model("sagemaker").operation_model("CreateHyperParameterTuningJob")
    return operation.input_shape.members["TrainingJobDefinition"]


def tuning_config(tuning: TuningSettings) -> dict[str, Any]:
    """The HyperParameterTuningJobConfig that the settings say."""
    objective = tuning.objective
    config = {
        "Strategy": _STRATEGIES[tuning.strategy],
        "HyperParameterTuningJobObjective": {
            "Type": "Maximize" if objective.maximize else "Minimize",
            "MetricName": objective.metric,
        },
        "ResourceLimits": _without_none(
            {
                "MaxNumberOfTrainingJobs": trial_limit(tuning),
                "MaxParallelTrainingJobs": tuning.parallel,
                "MaxRuntimeInSeconds": tuning.max_runtime,
            }
        ),
        "ParameterRanges": _parameter_ranges(tuning.ranges),
        "TrainingJobEarlyStoppingType": "Auto" if tuning.early_stopping else "Off",
        "RandomSeed": tuning.seed,
        "StrategyConfig": _hyperband(tuning),
        "TuningJobCompletionCriteria": _completion_criteria(tuning) or None,
    }
    return _without_none(config)


def trial_limit(tuning: TuningSettings) -> int | None:
    """The most trials; those of a grid are its combinations, None for what is not said."""
    return combinations(tuning) if tuning.strategy == "grid" else tuning.max_trials


def combinations(tuning: TuningSettings) -> int | None:
    """How many different trials there can be; None where a range has no end of values."""
    product = 1
    for each in tuning.ranges.values():
        if each.values:
            product *= len(each.values)
        elif each.integer and isinstance(each.from_, int) and isinstance(each.to, int):
            product *= each.to - each.from_ + 1
        else:
            return None
    return product


def tuning_request(request: Request, config: Mapping[str, Any]) -> Request:
    """The CreateHyperParameterTuningJob request, without its name and its warm start.

    `request` is the CreateTrainingJob request of the same job. Nothing in it is lost, apart from
    what `not_in_a_trial` names.
    """
    return {
        "HyperParameterTuningJobConfig": dict(config),
        "TrainingJobDefinition": _trial_definition(request, config),
        "Tags": request.get("Tags", []),
    }


def not_in_a_trial(request: Mapping[str, Any]) -> list[str]:
    """The members of a training request that the definition of a trial can't have."""
    known = definition_shape().members.keys() | _OF_THE_TUNING
    return sorted(request.keys() - known)


def training_view(request: Mapping[str, Any]) -> Request:
    """A tuning's request as the training request of one of its trials, without tuned values."""
    definition = request["TrainingJobDefinition"]
    others = {key: value for key, value in definition.items() if key != "StaticHyperParameters"}
    return others | {
        "HyperParameters": definition.get("StaticHyperParameters", {}),
        "Tags": request.get("Tags", []),
    }


def _trial_definition(request: Request, config: Mapping[str, Any]) -> dict[str, Any]:
    algorithm = request["AlgorithmSpecification"]
    kept = {key: request[key] for key in definition_shape().members if key in request}
    static = request.get("HyperParameters", {}) | _epochs(config)
    environment = request.get("Environment", {})
    if "ContainerEntrypoint" in algorithm:
        static = static | TOOLKIT_PARAMETERS
        arguments = json.dumps(algorithm.get("ContainerArguments", []), separators=(",", ":"))
        environment = environment | {LAUNCHER_VARIABLE: arguments}
    trial = {
        **kept,
        "AlgorithmSpecification": {k: v for k, v in algorithm.items() if k not in _ENTRY_POINT},
        "StaticHyperParameters": static,
        "Environment": environment,
    }
    return {key: value for key, value in trial.items() if value != {}}


def _epochs(config: Mapping[str, Any]) -> dict[str, str]:
    hyperband = config.get("StrategyConfig", {}).get("HyperbandStrategyConfig", {})
    return {EPOCHS: str(hyperband["MaxResource"])} if "MaxResource" in hyperband else {}


def _parameter_ranges(ranges: Mapping[str, RangeSettings]) -> dict[str, Any]:
    found: dict[str, list[dict[str, Any]]] = {}
    for name, each in sorted(ranges.items()):
        values: dict[str, Any]
        if each.values:
            kind, values = "Categorical", {"Values": [as_text(value) for value in each.values]}
        else:
            kind = "Integer" if each.integer else "Continuous"
            values = {
                "MinValue": as_text(each.from_ if each.from_ is not None else ""),
                "MaxValue": as_text(each.to if each.to is not None else ""),
                "ScalingType": _SCALES[each.scale],
            }
        found.setdefault(f"{kind}ParameterRanges", []).append({"Name": name, **values})
    return found


def _hyperband(tuning: TuningSettings) -> dict[str, Any] | None:
    if tuning.epochs is None:
        return None
    resource = {"MinResource": tuning.epochs.min, "MaxResource": tuning.epochs.max}
    return {"HyperbandStrategyConfig": resource}


def _completion_criteria(tuning: TuningSettings) -> dict[str, Any]:
    when = tuning.stop_when
    if when is None:
        return {}
    not_improving = when.not_improving_for
    return _without_none(
        {
            "TargetObjectiveMetricValue": when.reaches,
            "BestObjectiveNotImproving": {"MaxNumberOfTrainingJobsNotImproving": not_improving}
            if not_improving
            else None,
            "ConvergenceDetected": {"CompleteOnConvergence": "Enabled"} if when.converged else None,
        }
    )


def _without_none(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}
