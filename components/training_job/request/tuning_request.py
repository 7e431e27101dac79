"""From a job's training request to the request of its tuning: pure functions.

A tuning job has a training job's request in it, with other names and less in it: there is no entry
point in a trial's definition. So the launcher is named twice. An image with the SageMaker training
toolkit starts it as the program of two hyperparameters. An image of one's own has it as its
ENTRYPOINT. Both read the launcher's arguments from a variable.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from components.problems import Problem
from components.training_job.request.definition import (
    CODE_CHANNEL,
    LAUNCHER,
    LAUNCHER_COMMAND,
    MACHINE_LEARNING_ROOT,
    Request,
    as_text,
)
from components.training_job.request.service_model import (
    request_problems,
    tuning_shape,
    value_problems,
)

if TYPE_CHECKING:  # the provider's host needs no settings, which take time to load
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

OBJECTIVE_PARAMETER = "_tuning_objective_metric"
"""The hyperparameter that SageMaker adds to those of each trial."""

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

_ENTRY_POINT_PATHS = tuple(f"AlgorithmSpecification.{each}" for each in _ENTRY_POINT)

_OTHER_CAPACITY = (
    "InstanceGroups",
    "InstancePreferences",
    "KeepAlivePeriodInSeconds",
    "TrainingPlanArn",
)
"""Members of ResourceConfig that the model has in a trial's too. AWS says nowhere that a tuning job
takes them."""


def definition_shape() -> Any:
    """The shape of a HyperParameterTrainingJobDefinition."""
    return tuning_shape().members["TrainingJobDefinition"]


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
                "MaxNumberOfTrainingJobs": tuning.trial_limit,
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
    """The members of a training request, by dotted path, that a trial's definition can't have.

    How the launcher is started is not one of them: `tuning_request` says it in another way.
    """
    wanted = {key: value for key, value in request.items() if key not in _OF_THE_TUNING}
    resources = wanted.get("ResourceConfig", {})
    found = [*_unknown_members(wanted, definition_shape())]
    found += [f"ResourceConfig.{each}" for each in _OTHER_CAPACITY if each in resources]
    if _has_launcher(request.get("AlgorithmSpecification", {})):
        found = [each for each in found if each not in _ENTRY_POINT_PATHS]
    return sorted(found)


def tuning_problems(request: Request, config: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with the requests of a trial and of its tuning: each value is reported once.

    `request` is the job's CreateTrainingJob request, `config` its HyperParameterTuningJobConfig.
    Unknown values are not checked.
    """
    rule = "is a member of a training job that a trial of a tuning job can't have"
    lost = [
        Problem(f"request.{path}", "(set)", rule, "remove it, or the tuning")
        for path in not_in_a_trial(request)
    ]
    found = [*request_problems(request), *lost]
    reported = {each.path for each in found}
    made, members = tuning_request(request, config), tuning_shape().members
    trial, whole = "TrainingJobDefinition", "HyperParameterTuningJobConfig"
    of_trial = map(_as_in_a_job, value_problems("request", made[trial], members[trial]))
    found += [each for each in of_trial if each.path not in reported]
    return [*found, *value_problems("tuning", made[whole], members[whole])]


def _as_in_a_job(problem: Problem) -> Problem:
    """The same problem of a trial's definition, with the name that a training job's request has."""
    path = problem.path.replace("request.StaticHyperParameters", "request.HyperParameters", 1)
    return replace(problem, path=path)


def launcher_variable(arguments: Sequence[str]) -> str:
    """The launcher's arguments as the value of a variable."""
    return json.dumps(list(arguments), separators=(",", ":"))


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
    if _has_launcher(algorithm):
        static = static | TOOLKIT_PARAMETERS
        arguments = launcher_variable(algorithm.get("ContainerArguments", []))
        environment = environment | {LAUNCHER_VARIABLE: arguments}
    trial = {
        **kept,
        "AlgorithmSpecification": {k: v for k, v in algorithm.items() if k not in _ENTRY_POINT},
        "StaticHyperParameters": static,
        "Environment": environment,
    }
    return {key: value for key, value in trial.items() if value != {}}


def _has_launcher(algorithm: Any) -> bool:
    """Whether this AlgorithmSpecification starts the launcher."""
    command = algorithm.get("ContainerEntrypoint") if isinstance(algorithm, Mapping) else None
    return command == list(LAUNCHER_COMMAND)


def _unknown_members(value: Mapping[str, Any], shape: Any, parent: str = "") -> Iterator[str]:
    """The dotted paths in a structure that its shape has not."""
    for key, each in value.items():
        member = shape.members.get(key)
        if member is None:
            yield f"{parent}{key}"
        elif isinstance(each, Mapping) and member.type_name == "structure":
            yield from _unknown_members(each, member, f"{parent}{key}.")


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
                "MinValue": _number(each.from_, each.integer),
                "MaxValue": _number(each.to, each.integer),
                "ScalingType": _SCALES[each.scale],
            }
        found.setdefault(f"{kind}ParameterRanges", []).append({"Name": name, **values})
    return found


def _number(value: float | None, integer: bool) -> str:
    """An end of a range; "" for one that is missing, which the rules refuse."""
    if value is None:
        return ""
    return as_text(int(value) if integer else value)


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
