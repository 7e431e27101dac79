"""The rules for a job's tuning: its ranges, its strategy, its limits, and what can't be beside it.

https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-limits.html has the limits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from components.problems import Problem, under
from components.training_job.request.definition import as_text
from components.training_job.request.service_model import (
    request_shape,
    tuning_shape,
    value_problems,
)
from components.training_job.request.tuning_request import (
    EPOCHS,
    LAUNCHER_VARIABLE,
    OBJECTIVE_PARAMETER,
    TOOLKIT_PARAMETERS,
    not_in_a_trial,
)
from components.training_job.settings.job_settings import JobSettings
from components.training_job.settings.tuning_settings import RangeSettings, TuningSettings

MOST_TRIALS = 750
MOST_RANDOM_TRIALS = 10_000
MOST_VALUES = 30
RESERVED_NAMES = ("_", "sagemaker_")
NOT_WITH_TUNING = {
    "keep_alive": "keepAlive",
    "instance_groups": "instanceGroups",
    "instance_preferences": "instancePreferences",
    "training_plan": "trainingPlan",
    "fallbacks": "fallbacks",
    "distribution_groups": "distributionGroups",
}
"""The settings that a job with tuning can't have: attributes, and their names in the file."""


def tuned_job_problems(job: JobSettings) -> Iterator[Problem]:
    """Everything that is wrong with a job's tuning, and with the rest of the job because of it."""
    tuning = job.tuning
    if tuning is None:
        return
    yield from _objective_problems(tuning, job)
    for name, each in tuning.ranges.items():
        found = [*_name_problems(name, tuning, job)] or [*_range_problems(each)]
        yield from under(f"tuning.ranges.{name}", found)
    for rule in _RULES:
        yield from under("tuning", rule(tuning))
    yield from _taken_names(tuning, job)
    yield from _not_beside_tuning(job)
    yield from _not_in_extra(job.extra)


def _objective_problems(tuning: TuningSettings, job: JobSettings) -> Iterator[Problem]:
    objective = tuning.objective
    if (objective.maximize is None) == (objective.minimize is None):
        rule = "a tuning has one objective, exactly one of maximize and minimize"
        written = objective.model_dump(exclude_none=True) or None
        yield Problem("tuning.objective", written, rule, "write {minimize: <one of metrics>}")
        return
    path = f"tuning.objective.{'minimize' if objective.maximize is None else 'maximize'}"
    if job.source is None and not job.metrics:
        # An algorithm of AWS's own, or of AWS Marketplace, defines its metrics itself.
        yield from _first_problem(path, objective.metric, _metric_shape())
    elif objective.metric not in job.metrics:
        known = ", ".join(job.metrics) or "none"
        rule = f"is not one of the job's metrics, which are {known}"
        remedy = "name one of them, or add it to metrics: {name: a regular expression}"
        yield Problem(path, objective.metric, rule, remedy)


def _first_problem(path: str, value: str, shape: Any) -> Iterator[Problem]:
    """What the model refuses of a text; a pattern says nothing new of one that is too short."""
    yield from islice(value_problems(path, value, shape), 1)


def _metric_shape() -> Any:
    config = tuning_shape().members["HyperParameterTuningJobConfig"]
    return config.members["HyperParameterTuningJobObjective"].members["MetricName"]


def categories_shape() -> Any:
    """The shape of a range's names and values; those of numbers are the same."""
    config = tuning_shape().members["HyperParameterTuningJobConfig"]
    return config.members["ParameterRanges"].members["CategoricalParameterRanges"].member


def _name_problems(name: str, tuning: TuningSettings, job: JobSettings) -> Iterator[Problem]:
    if name in job.hyperparameters:
        rule = "is in hyperparameters too, where its value is fixed"
        yield Problem("", name, rule, f"remove it here, or hyperparameters.{name}")
    elif name == EPOCHS and tuning.strategy == "hyperband":
        rule = "is the hyperparameter in which the script gets the largest of tuning.epochs"
        yield Problem("", name, rule, "remove it")
    elif name.startswith(RESERVED_NAMES):
        rule = "begins as the hyperparameters do that SageMaker and its images keep for themselves"
        yield Problem("", name, rule, "rename it, without _ or sagemaker_ at its beginning")
    elif not name or set(name) & {"=", "\0"}:
        rule = "the script gets it as --name value, so its name is not empty and has no '='"
        yield Problem("", name, rule, "rename it")
    else:
        yield from _first_problem("", name, categories_shape().members["Name"])


def _range_problems(each: RangeSettings) -> Iterator[Problem]:
    """What is wrong with one range; the paths are relative to it."""
    has_ends = each.from_ is not None or each.to is not None
    if not each.values:
        yield from _end_problems(each)
    elif has_ends or each.integer or each.scale != "auto":
        rule = "a range is from one number to another, or a list of values"
        remedy = "remove values; or remove from, to, integer and scale"
        written = each.model_dump(by_alias=True, exclude_unset=True)
        yield Problem("", sorted(written), rule, remedy)
    else:
        yield from _value_problems(each)


def _value_problems(each: RangeSettings) -> Iterator[Problem]:
    texts = [as_text(value) for value in each.values]
    if len(texts) == 1:
        rule = "SageMaker tunes no hyperparameter that has only one value"
        yield Problem("values", 1, rule, "add values, or write it into hyperparameters")
    elif len(texts) > MOST_VALUES:
        rule = f"a range has at most {MOST_VALUES} values"
        yield Problem("values", len(texts), rule, "remove some")
    for position, text in enumerate(texts):
        path = f"values.{position}"
        if text in texts[:position]:
            rule = f"is in the list already: every value becomes a text, and this one is {text}"
            yield Problem(path, each.values[position], rule, "remove one of the two")
        elif "\0" in text:
            rule = "has the character NUL, which no process can get"
            yield Problem(path, text, rule, "remove it")
        else:
            yield from _first_problem(path, text, categories_shape().members["Values"].member)


def _end_problems(each: RangeSettings) -> Iterator[Problem]:
    start, end = each.from_, each.to
    if start is None and end is None:
        rule = "a range is from one number to another, or a list of values"
        yield Problem("", None, rule, "set from and to, or values")
        return
    if start is None or end is None:
        path = "from" if start is None else "to"
        yield Problem(path, None, "a range has two ends", f"set {path}")
        return
    fractions = [key for key, value in (("from", start), ("to", end)) if int(value) != value]
    for key in fractions if each.integer else ():
        value = start if key == "from" else end
        yield Problem(key, value, "is not a whole number, and integer is true", "round it")
    if start == end:
        rule = (
            "is also the other end, and SageMaker tunes no hyperparameter that has only one value"
        )
        yield Problem("to", end, rule, "choose another, or write it into hyperparameters")
    elif start > end:
        yield Problem("from", start, f"is above to, {end}", "swap the two")
    else:
        yield from _scale_problems(each, start, end)


def _scale_problems(each: RangeSettings, start: float, end: float) -> Iterator[Problem]:
    if each.scale == "log" and start <= 0:
        rule = f"is for ranges above 0, and this one begins with {start}"
        yield Problem("scale", each.scale, rule, "begin above 0, or choose auto or linear")
    if each.scale == "reverseLog" and each.integer:
        rule = "is for ranges of any numbers, and integer is true"
        yield Problem("scale", each.scale, rule, "choose auto, linear or log")
    elif each.scale == "reverseLog" and (start < 0 or end >= 1):
        rule = f"is for ranges from 0 to below 1, and this one is {start} to {end}"
        yield Problem("scale", each.scale, rule, "choose auto, linear or log")


def _grids_have_values(tuning: TuningSettings) -> Iterator[Problem]:
    if tuning.strategy != "grid":
        return
    for name, each in tuning.ranges.items():
        if not each.values and each.from_ is not None and each.to is not None:
            rule = "a grid tries all combinations, so its ranges are lists of values"
            remedy = "list the values in values, or choose another strategy"
            yield Problem(f"ranges.{name}", [each.from_, each.to], rule, remedy)


def _trials_are_limited(tuning: TuningSettings) -> Iterator[Problem]:
    """The number of trials is also what the bill is limited by."""
    trials, grid = tuning.max_trials, tuning.strategy == "grid"
    combinations = tuning.combinations if _are_right(tuning.ranges.values()) else None
    most = MOST_RANDOM_TRIALS if tuning.strategy == "random" else MOST_TRIALS
    if grid and combinations is not None and combinations > most:
        rule = f"has {combinations} combinations, and a tuning job makes at most {most} trials"
        yield Problem("ranges", combinations, rule, "remove values, or choose strategy: random")
    elif grid and combinations is not None and trials not in (None, combinations):
        rule = f"a grid makes one trial for each of the {combinations} combinations"
        yield Problem("maxTrials", trials, rule, "remove it")
    elif not grid and trials is None and tuning.max_runtime is None:
        rule = "is required: without it, and without tuning.maxRuntime, the cost has no limit"
        yield Problem("maxTrials", None, rule, "set it, as 20")
    elif trials is not None and trials > most:
        rule = f"a tuning job makes at most {most} trials with strategy: {tuning.strategy}"
        yield Problem("maxTrials", trials, rule, f"set it to {most} or less")
    elif trials is not None and combinations is not None and trials > combinations:
        rule = f"there are only {combinations} combinations, and SageMaker refuses more trials"
        yield Problem("maxTrials", trials, rule, f"set it to {combinations} or less")


def _are_right(ranges: Iterable[RangeSettings]) -> bool:
    """Whether the combinations can be counted; what is wrong is reported by itself."""
    return not any(problem for each in ranges for problem in _range_problems(each))


def _trials_at_once_are_trials(tuning: TuningSettings) -> Iterator[Problem]:
    limit = tuning.trial_limit if _are_right(tuning.ranges.values()) else tuning.max_trials
    if limit is not None and tuning.parallel > limit:
        rule = f"more trials can't run at once than there are, {limit}"
        yield Problem("parallel", tuning.parallel, rule, f"set it to {limit} or less")


def _only_hyperband_counts_epochs(tuning: TuningSettings) -> Iterator[Problem]:
    epochs, hyperband = tuning.epochs, tuning.strategy == "hyperband"
    if hyperband and epochs is None:
        rule = "is required: Hyperband compares trials by their epochs"
        yield Problem("epochs", None, rule, "set it, as {min: 2, max: 20}")
    elif epochs is not None and not hyperband:
        rule = f"is only for strategy: hyperband, and the strategy is {tuning.strategy}"
        yield Problem("epochs", epochs.model_dump(), rule, "remove it, or set strategy: hyperband")
    elif epochs is not None and epochs.min >= epochs.max:
        rule = f"is not below max, {epochs.max}, so Hyperband could end no trial early"
        yield Problem("epochs.min", epochs.min, rule, "lower it, or raise max")
    if hyperband and tuning.early_stopping:
        rule = "Hyperband ends weak trials itself, and SageMaker refuses both together"
        yield Problem("earlyStopping", True, rule, "remove it, or choose another strategy")


def _stop_conditions_are_named(tuning: TuningSettings) -> Iterator[Problem]:
    when = tuning.stop_when
    if when is None:
        return
    if when.reaches is None and when.not_improving_for is None and not when.converged:
        rule = "names nothing that ends the tuning"
        yield Problem("stopWhen", None, rule, "set reaches, notImprovingFor or converged")


_RULES: tuple[Callable[[TuningSettings], Iterator[Problem]], ...] = (
    _grids_have_values,
    _trials_are_limited,
    _trials_at_once_are_trials,
    _only_hyperband_counts_epochs,
    _stop_conditions_are_named,
)


def _taken_names(tuning: TuningSettings, job: JobSettings) -> Iterator[Problem]:
    """The names that the tuning itself gives values to."""
    taken = {OBJECTIVE_PARAMETER: "SageMaker adds it to each trial"}
    if tuning.strategy == "hyperband":
        taken[EPOCHS] = "with hyperband, the script gets the largest of tuning.epochs in it"
    if job.source is not None:
        by_the_launcher = "with tuning, the training toolkit is started by it"
        taken |= dict.fromkeys(TOOLKIT_PARAMETERS, by_the_launcher)
    for name in sorted(taken.keys() & job.hyperparameters.keys()):
        value = job.hyperparameters[name]
        yield Problem(f"hyperparameters.{name}", value, taken[name], "remove it")
    if job.source is not None and LAUNCHER_VARIABLE in job.environment:
        path, value = f"environment.{LAUNCHER_VARIABLE}", job.environment[LAUNCHER_VARIABLE]
        yield Problem(
            path, value, "with tuning, the launcher gets its arguments in it", "rename it"
        )


def _not_beside_tuning(job: JobSettings) -> Iterator[Problem]:
    """What AWS refuses in a trial, or says nothing of."""
    written = job.model_dump(by_alias=True, exclude_none=True)
    for attribute, key in NOT_WITH_TUNING.items():
        if getattr(job, attribute):
            rule = "can't be set together with tuning: the trials of a tuning job don't have it"
            yield Problem(key, written[key], rule, "remove it, or tuning")


def _not_in_extra(extra: dict[str, Any]) -> Iterator[Problem]:
    for path in not_in_a_trial(extra):
        if _is_of_a_training_job(path):
            rule = "is a member of a training job that a trial of a tuning job can't have"
            yield Problem(f"extra.{path}", "(set)", rule, "remove it, or tuning")


def _is_of_a_training_job(path: str) -> bool:
    """Whether CreateTrainingJob knows a member; what it doesn't is reported as such."""
    shape = request_shape()
    for member in path.split("."):
        shape = shape.members.get(member)
        if shape is None:
            return False
    return True
