"""The rules for a job's tuning: each is refused with its path, its rule and a remedy, once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from components.training_job.settings.job_settings import JobSettings
from tests.raw_settings import GROUPS, problems, stack

Raw = dict[str, Any]
VALUES: Raw = {"a": {"values": [1, 2, 3]}, "b": {"values": ["x", "y"]}}
SIX = {"ranges": VALUES, "strategy": "grid"}


def tuned(tuning: Raw | None = None, **job: Any) -> Raw:
    """A job with tuning; `tuning` changes that, keywords the job."""
    valid = {"objective": {"minimize": "loss"}, "ranges": one_range(), "maxTrials": 20}
    return {"metrics": {"loss": "loss=(.*)"}, "tuning": valid | (tuning or {}), **job}


def one_range(name: str = "rate", start: float = 0.1, to: float = 0.5, **changes: Any) -> Raw:
    return {name: {"from": start, "to": to} | changes}


RIGHT: list[Raw] = [
    tuned(),
    tuned({"objective": {"maximize": "loss"}, "maxTrials": None, "maxRuntime": "24h"}),
    tuned({"ranges": one_range(scale="reverseLog") | VALUES}),
    tuned({"ranges": one_range(start=1, to=20.0, integer=True, scale="log")}),
    tuned({"ranges": {"flag": {"values": [True, False]}}, "maxTrials": 2, "parallel": 2}),
    tuned({**SIX, "maxTrials": None, "parallel": 6}),
    tuned({**SIX, "maxTrials": 6}),
    tuned({"strategy": "random", "maxTrials": 10_000, "parallel": 100}),
    tuned({"strategy": "hyperband", "epochs": {"min": 2, "max": 20}}),
    tuned({"stopWhen": {"reaches": 1, "notImprovingFor": 3, "converged": True}, "seed": 7}),
    tuned({"ranges": {f"a{n}": {"from": 0, "to": 1} for n in range(30)}}),
    tuned(compressModel=False, maxPending="2h", spot=False, relaunch="onFailure", maxRetries=2),
    tuned({"objective": {"minimize": "validation:rmse"}}, source=None, metrics={}),
    tuned(environment={f"A{n}": "" for n in range(47)}),
    tuned(hyperparameters={f"a{n}": 1 for n in range(96)}),
]


@pytest.mark.parametrize("job", RIGHT)
def test_right_tuning_is_accepted(project: Path, job: Raw) -> None:
    assert problems(stack(job), project) == {}


OBJECTIVES: list[tuple[Raw, str, str]] = [
    (tuned({"objective": {}}), "tuning.objective", "exactly one"),
    (tuned({"objective": {"minimize": "loss", "maximize": "loss"}}), "tuning.objective",
     "exactly one"),
    (tuned({"objective": {"maximize": "gain"}}), "tuning.objective.maximize", "which are loss"),
    (tuned({"objective": {"minimize": ""}}, metrics={}, source=None), "tuning.objective.minimize",
     "1 to 255"),
]  # fmt: skip
RANGES: list[tuple[Raw, str, str]] = [
    ({}, "tuning.ranges", "1 entries or more"),
    ({f"a{n}": {"from": 0, "to": 1} for n in range(31)}, "tuning.ranges", "30 entries or fewer"),
    ({"a": {}}, "tuning.ranges.a", "set from and to, or values"),
    ({"a": {"from": 1}}, "tuning.ranges.a.to", "two ends"),
    ({"a": {"to": 1}}, "tuning.ranges.a.from", "two ends"),
    ({"a": {"from": True, "to": 1}}, "tuning.ranges.a.from", "a number"),
    ({"a": {"from": float("nan"), "to": 1}}, "tuning.ranges.a.from", "finite"),
    (one_range(values=[1, 2]), "tuning.ranges.rate", '"from", "to", "values"'),
    ({"a": {"values": [1, 2], "integer": True}}, "tuning.ranges.a", "a list of values"),
    ({"a": {"values": [1, 2], "scale": "log"}}, "tuning.ranges.a", "a list of values"),
    ({"a": {"values": ["x"]}}, "tuning.ranges.a.values", "only one value"),
    ({"a": {"values": list(range(31))}}, "tuning.ranges.a.values", "30"),
    ({"a": {"values": [True, "true"]}}, "tuning.ranges.a.values.1", "becomes a text"),
    ({"a": {"values": [1, "1"]}}, "tuning.ranges.a.values.1", "becomes a text"),
    ({"a": {"values": ["x", "a\nb"]}}, "tuning.ranges.a.values.1", "must match"),
    ({"a": {"values": ["x", "y" * 257]}}, "tuning.ranges.a.values.1", "256"),
    ({"a": {"values": ["x", "y\0"]}}, "tuning.ranges.a.values.1", "NUL"),
    ({"a": {"values": ["x", "AKIA0123456789ABCDEF", "y"]}}, "tuning.ranges.a.values.1", "(hidden)"),
    ({"api_key": {"values": ["x", 2]}}, "tuning.ranges.api_key.values.0", "(hidden)"),
    ({"a": {"values": ["x", 1.2345678901234567e22, 2, 3]}}, "tuning.ranges.a.values.1", "quotes"),
    (one_range(to=0.1), "tuning.ranges.rate.to", "only one value"),
    (one_range(to=0), "tuning.ranges.rate.from", "above to"),
    (one_range(integer=True, to=3), "tuning.ranges.rate.from", "whole number"),
    (one_range(start=0, scale="log"), "tuning.ranges.rate.scale", "above 0"),
    (one_range(scale="reverseLog", to=1), "tuning.ranges.rate.scale", "below 1"),
    (one_range(start=-1, scale="reverseLog"), "tuning.ranges.rate.scale", "from 0"),
    (one_range(start=0, to=9, scale="reverseLog", integer=True),
     "tuning.ranges.rate.scale", "integer is true"),
    (one_range("_rate"), "tuning.ranges._rate", "without _"),
    (one_range("sagemaker_rate"), "tuning.ranges.sagemaker_rate", "sagemaker_"),
    (one_range("a=b"), "tuning.ranges.a=b", "has no '='"),
    (one_range("a" * 257), f"tuning.ranges.{'a' * 257}", "256"),
]  # fmt: skip
PLANS: list[tuple[Raw, str, str]] = [
    ({"maxTrials": None}, "tuning.maxTrials", "the cost has no limit"),
    ({"maxTrials": 751}, "tuning.maxTrials", "at most 750"),
    ({"maxTrials": 10_001, "strategy": "random"}, "tuning.maxTrials", "10000"),
    ({"ranges": VALUES, "maxTrials": 7}, "tuning.maxTrials", "only 6 combinations"),
    ({"ranges": one_range(start=1, to=4, integer=True), "maxTrials": 5},
     "tuning.maxTrials", "only 4 combinations"),
    ({**SIX, "maxTrials": 5}, "tuning.maxTrials", "each of the 6"),
    ({"strategy": "grid", "maxTrials": None}, "tuning.ranges.rate", "lists of values"),
    ({"strategy": "grid", "maxTrials": None,
      "ranges": {name: {"values": list(range(10))} for name in "abc"}}, "tuning.ranges", "1000"),
    ({"parallel": 21}, "tuning.parallel", "20 or less"),
    ({**SIX, "maxTrials": None, "parallel": 7}, "tuning.parallel", "6 or less"),
    ({"parallel": 101}, "tuning.parallel", "100 or less"),
    ({"maxRuntime": "31d"}, "tuning.maxRuntime", "2592000 or less"),
    ({"maxRuntime": 119}, "tuning.maxRuntime", "120 or more"),
    ({"strategy": "hyperband"}, "tuning.epochs", "{min: 2, max: 20}"),
    ({"strategy": "hyperband", "epochs": {"min": 3, "max": 3}}, "tuning.epochs.min", "below max"),
    ({"strategy": "hyperband", "epochs": {"max": 20_001}}, "tuning.epochs.max", "20000"),
    ({"epochs": {"max": 20}}, "tuning.epochs", "strategy: hyperband"),
    ({"strategy": "hyperband", "epochs": {"max": 9}, "earlyStopping": True},
     "tuning.earlyStopping", "ends weak trials itself"),
    ({"strategy": "hyperband", "epochs": {"max": 9}, "ranges": one_range("epochs")},
     "tuning.ranges.epochs", "tuning.epochs"),
    ({"stopWhen": {}}, "tuning.stopWhen", "names nothing"),
    ({"stopWhen": {"notImprovingFor": 2}}, "tuning.stopWhen.notImprovingFor", "3 or more"),
    ({"seed": -1}, "tuning.seed", "0 or more"),
    ({"seed": 2**31}, "tuning.seed", "2147483647"),
    ({"strategy": "best"}, "tuning.strategy", "bayesian"),
]  # fmt: skip
BESIDE: list[tuple[Raw, str, str]] = [
    (tuned(hyperparameters={"rate": 1}), "tuning.ranges.rate", "hyperparameters.rate"),
    (tuned(hyperparameters={"_tuning_objective_metric": "x"}),
     "hyperparameters._tuning_objective_metric", "SageMaker adds it"),
    (tuned(hyperparameters={"sagemaker_program": "x"}), "hyperparameters.sagemaker_program",
     "toolkit"),
    (tuned({"strategy": "hyperband", "epochs": {"max": 9}}, hyperparameters={"epochs": 9}),
     "hyperparameters.epochs", "tuning.epochs"),
    (tuned(environment={"LAUNCHER_ARGUMENTS": "x"}), "environment.LAUNCHER_ARGUMENTS", "rename"),
    (tuned(environment={f"A{n}": "" for n in range(48)}), "environment", "at most 48"),
    (tuned(hyperparameters={f"a{n}": 1 for n in range(97)}), "hyperparameters", "at most 100"),
    (tuned(metrics={f"m{n}": "(x)" for n in range(40)} | {"loss": "(x)"}), "metrics", "40"),
    (tuned(source={"dir": "src", "entryPoint": "train.py", "arguments": ["x" * 250] * 2}),
     "source.arguments", "at most 512"),
    (tuned(source={"dir": "src", "entryPoint": "train.py", "arguments": ["x" * 600]}),
     "source", "256"),
    (tuned(keepAlive="30m"), "keepAlive", "or tuning"),
    (tuned(keepAlive="30m", spot=False), "keepAlive", "or tuning"),
    (tuned(instanceGroups=GROUPS), "instanceGroups", "or tuning"),
    (tuned(instancePreferences=[{"instanceType": "ml.g5.xlarge"}]), "instancePreferences",
     "or tuning"),
    (tuned(trainingPlan="arn"), "trainingPlan", "or tuning"),
    (tuned(fallbacks=[{"spot": False}]), "fallbacks", "or tuning"),
    (tuned(distributionGroups=["gpu"]), "distributionGroups", "or tuning"),
    (tuned(extra={"ProfilerConfig": {"Unknown": 1}}), "extra.ProfilerConfig", "or tuning"),
    (tuned(extra={"AlgorithmSpecification": {"TrainingImageConfig": {}}}),
     "extra.AlgorithmSpecification.TrainingImageConfig", "or tuning"),
    (tuned(source=None, extra={"AlgorithmSpecification": {"ContainerArguments": ["serve"]}}),
     "extra.AlgorithmSpecification.ContainerArguments", "or tuning"),
    (tuned(extra={"Nothing": 1}), "extra.Nothing", "not known"),
    (tuned(extra={"RetryStrategy": {}}), "extra.RetryStrategy", "use maxRetries"),
]  # fmt: skip
WRONG = [
    *OBJECTIVES,
    *((tuned({"ranges": ranges, "maxTrials": 2}), path, hint) for ranges, path, hint in RANGES),
    *((tuned(plan), path, hint) for plan, path, hint in PLANS),
    *BESIDE,
]


@pytest.mark.parametrize(("job", "path", "hint"), WRONG, ids=[row[1][:60] for row in WRONG])
def test_wrong_tuning_is_refused_with_path_rule_and_remedy(
    project: Path, job: Raw, path: str, hint: str
) -> None:
    found = problems(stack(job), project)
    assert list(found) == [f"jobs.digits.{path}"]
    assert hint in str(found[f"jobs.digits.{path}"])


def test_all_that_is_wrong_is_reported_at_once(project: Path) -> None:
    ranges = {"a": {"values": ["x"]}, "b": {"from": 2, "to": 1}}
    tuning = {"objective": {}, "ranges": ranges, "parallel": 30, "stopWhen": {}, "seed": "x"}
    found = problems(stack(tuned(tuning, keepAlive="1h", extra={"RemoteDebugConfig": {}})), project)
    assert sorted(found) == [
        "jobs.digits.extra.RemoteDebugConfig",
        "jobs.digits.keepAlive",
        "jobs.digits.tuning.objective",
        "jobs.digits.tuning.parallel",
        "jobs.digits.tuning.ranges.a.values",
        "jobs.digits.tuning.ranges.b.from",
        "jobs.digits.tuning.seed",
        "jobs.digits.tuning.stopWhen",
    ]


@pytest.mark.parametrize(
    ("tuning", "hours"),
    [
        ({}, 20 * 4),
        ({"parallel": 3}, 7 * 4),
        ({"parallel": 3, "maxRuntime": "5h"}, 5),
        ({"maxTrials": None, "maxRuntime": "9d"}, 9 * 24),
        ({**SIX, "maxTrials": None, "parallel": 4}, 2 * 4),
        ({"maxTrials": 750}, 30 * 24),
    ],
)
def test_a_tuned_job_takes_as_long_as_its_rounds_or_its_limit(tuning: Raw, hours: int) -> None:
    job = JobSettings.model_validate(tuned(tuning, image="a", maxRuntime="2h", spot=True))
    assert job.longest_seconds == hours * 3600
    assert job.training_seconds == 4 * 3600


def test_a_subnet_has_room_for_all_trials_that_run_at_once(project: Path) -> None:
    one_zone = {"cidr": "10.80.0.0/24"}
    job = tuned({"parallel": 10}, instanceCount=2)
    assert problems(stack(job, network=one_zone), project).keys() == {"network.cidr"}
    assert problems(stack(tuned(instanceCount=2), network=one_zone), project) == {}


def test_a_checkpoint_is_kept_for_a_trial_and_not_for_all_of_them(project: Path) -> None:
    artifacts = {"checkpointDays": 3}
    long = tuned({"maxTrials": 100}, maxRuntime="1d", spot={"maxWait": "2d"})
    assert problems(stack(long, artifacts=artifacts), project) == {}
