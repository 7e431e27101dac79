"""Jobs that are tuned, on the real engine: their end, a pause, a resume, and what leaves."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.integration.engine import TIMEOUT_SECONDS, Stack
from tests.integration.settings import JOB_FOLDER, counting_job, stack_with

pytestmark = pytest.mark.integration

NewStack = Callable[[dict[str, Any]], Stack]


def tuned_job(seconds: float = 0.1, **tuning: Any) -> dict[str, Any]:
    """A job whose trials work so many seconds."""
    return counting_job(
        source={"dir": JOB_FOLDER, "entryPoint": "tuned.py"},
        metrics={"loss": "loss=([0-9.]+)"},
        tuning={
            "objective": {"minimize": "loss"},
            "ranges": {
                "rate": {"from": 0.1, "to": 1},
                "layers": {"from": 1, "to": 8, "integer": True},
            },
            "strategy": "random",
            "maxTrials": 4,
            "parallel": 2,
            "seed": 7,
        }
        | tuning,
    ) | {"hyperparameters": {"seconds": seconds}, "maxRuntime": "5m", "spot": False}


def tunings(stack: Stack) -> list[dict[str, Any]]:
    """The tuning jobs of a stack, the oldest first."""
    sagemaker = stack.client("sagemaker")
    prefix = stack.outputs()["tuning_jobs"]["digits"]["name"].rpartition("-")[0]
    listed = sagemaker.list_hyper_parameter_tuning_jobs(
        NameContains=prefix, SortBy="CreationTime", SortOrder="Ascending"
    )["HyperParameterTuningJobSummaries"]
    return [
        sagemaker.describe_hyper_parameter_tuning_job(
            HyperParameterTuningJobName=each["HyperParameterTuningJobName"]
        )
        for each in listed
    ]


@pytest.fixture
def new_tuned_stack(new_stack: NewStack) -> Iterator[NewStack]:
    """Makes stacks whose tuning jobs are stopped after the test."""
    made: list[Stack] = []

    def make(settings: dict[str, Any]) -> Stack:
        made.append(new_stack(settings))
        return made[-1]

    yield make
    for stack in made:
        stack.destroy()


def test_a_tuned_job_ends_with_its_best_trial_and_a_table_of_all(new_tuned_stack: NewStack) -> None:
    stack = new_tuned_stack(stack_with(wait=True, digits=tuned_job()))
    result = stack.up().succeeded()
    tuned = stack.outputs()["tuning_jobs"]["digits"]
    assert (tuned["status"], tuned["outcome"]) == ("Completed", "completed")
    assert tuned["counters"]["completed"] == 4
    assert set(tuned["best_hyperparameters"]) == {"rate", "layers", "seconds"}
    bucket, _, key = tuned["trials_uri"].removeprefix("s3://").partition("/")
    table = json.loads(stack.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
    losses = [each["objective"] for each in table["trials"]]
    assert len(losses) == 4
    assert tuned["objective_value"] == min(losses)
    assert tuned["cost_usd"] == pytest.approx(sum(each["cost_usd"] for each in table["trials"]))
    assert stack.outputs()["training_cost_usd"]["billed"] == tuned["cost_usd"]
    assert "4 of 4 trials ended" in result.text
    report = f"{tuned['trials_uri'].removesuffix('trials.json')}report.html"
    assert f"its report is {report}" in result.text
    model_bucket, _, model = tuned["model_uri"].removeprefix("s3://").partition("/")
    assert stack.client("s3").head_object(Bucket=model_bucket, Key=model)
    refreshed = stack.up("--refresh").succeeded()
    assert refreshed.changes == {}
    assert_nothing_is_lost(stack, tuned)


def assert_nothing_is_lost(stack: Stack, tuned: dict[str, Any]) -> None:
    """Checks that each member of the job's training request arrived in a trial."""
    [job] = [each for each in stack.resources() if each["type"].endswith(":TuningJob")]
    request, sagemaker = job["inputs"]["request"], stack.client("sagemaker")
    trial = sagemaker.describe_training_job(TrainingJobName=tuned["best_training_job"])
    tags = sagemaker.list_tags(ResourceArn=trial["TrainingJobArn"])["Tags"]
    name, entry_point = tuned["name"], ("ContainerEntrypoint", "ContainerArguments")
    assert trial["TuningJobArn"] == tuned["arn"]
    for member, value in request.items():
        match member:
            case "Tags":
                assert all(each in tags for each in value)
            case "HyperParameters" | "Environment":
                assert value.items() <= trial[member].items()
            case "AlgorithmSpecification":
                sent = {key: each for key, each in value.items() if key not in entry_point}
                image = trial[member]["TrainingImage"]
                assert image.partition("@")[0] == sent.pop("TrainingImage").rpartition(":")[0]
                assert sent.items() <= trial[member].items()
                arguments = json.loads(trial["Environment"]["LAUNCHER_ARGUMENTS"])
                assert arguments == value["ContainerArguments"]
            case "CheckpointConfig":
                assert trial[member] == value | {"S3Uri": f"{value['S3Uri']}{name}/"}
            case "InputDataConfig":
                for sent, arrived in zip(value, trial[member], strict=True):
                    assert sent.items() <= arrived.items()  # the service adds its defaults
            case "ResourceConfig" | "OutputDataConfig" | "StoppingCondition" | "VpcConfig":
                assert value.items() <= trial[member].items()
            case _:
                assert trial[member] == value, member


@pytest.mark.deep
def test_a_tuning_that_was_paused_makes_as_many_trials_in_all_as_were_asked_for(
    new_tuned_stack: NewStack, report: Callable[[str], None]
) -> None:
    job = tuned_job(5, maxTrials=12)
    stack = new_tuned_stack(stack_with(digits=job))
    stack.up().succeeded()
    wait_until(stack, lambda each: each["ObjectiveStatusCounters"]["Succeeded"] >= 4)
    stack.settings["jobs"]["digits"] = job | {"paused": True}
    stack.up().succeeded()
    stack.settings["jobs"]["digits"] = job
    stack.settings["waitForCompletion"] = True
    stack.up().succeeded()
    succeeded = [each["ObjectiveStatusCounters"]["Succeeded"] for each in tunings(stack)]
    assert len(succeeded) == 2
    assert sum(succeeded) == 12
    sagemaker, losses = stack.client("sagemaker"), list[float]()
    for each in tunings(stack):
        pages = sagemaker.get_paginator(
            "list_training_jobs_for_hyper_parameter_tuning_job"
        ).paginate(HyperParameterTuningJobName=each["HyperParameterTuningJobName"])
        found = [trial for page in pages for trial in page["TrainingJobSummaries"]]
        metric = "FinalHyperParameterTuningJobObjectiveMetric"
        losses += [trial[metric]["Value"] for trial in found if metric in trial]
    assert stack.outputs()["tuning_jobs"]["digits"]["objective_value"] == min(losses)
    report(f"Tuning, paused and resumed: {succeeded[0]} + {succeeded[1]} of 12 trials")


@pytest.mark.deep
def test_a_tuned_job_is_paused_and_goes_on_with_what_it_has_learnt(
    new_tuned_stack: NewStack,
) -> None:
    job = tuned_job(2, maxTrials=100)
    stack = new_tuned_stack(stack_with(digits=job))
    stack.up().succeeded()
    wait_until(stack, lambda each: each["ObjectiveStatusCounters"]["Succeeded"] >= 2)
    stack.settings["jobs"]["digits"] = job | {"paused": True}
    paused = stack.up(preview=True).succeeded()
    assert "with an objective count, and the others start again" in paused.text
    [first] = tunings(stack)
    assert first["HyperParameterTuningJobStatus"] == "Stopped"
    assert stack.up().succeeded().changes == {}

    succeeded = first["ObjectiveStatusCounters"]["Succeeded"]
    stack.settings["jobs"]["digits"] = job
    resumed = stack.up().succeeded()
    assert f"{100 - succeeded} are left" in resumed.text
    _, second = tunings(stack)
    assert second["HyperParameterTuningJobStatus"] == "InProgress"
    assert second["WarmStartConfig"]["WarmStartType"] == "IdenticalDataAndAlgorithm"
    trials = second["HyperParameterTuningJobConfig"]["ResourceLimits"]["MaxNumberOfTrainingJobs"]
    assert trials == 100 - succeeded
    tuned = stack.outputs()["tuning_jobs"]["digits"]
    assert tuned["attempt"] == 2
    assert tuned["warm_start_parents"] == [first["HyperParameterTuningJobName"]]


@pytest.mark.deep
def test_a_job_that_is_no_longer_tuned_ends_its_trials_before_the_job_starts(
    new_tuned_stack: NewStack,
) -> None:
    stack = new_tuned_stack(stack_with(digits=tuned_job(60)))
    stack.up().succeeded()
    wait_until(stack, lambda each: each["TrainingJobStatusCounters"]["InProgress"] == 2)
    name = stack.outputs()["tuning_jobs"]["digits"]["name"]
    stack.settings["jobs"]["digits"] = counting_job()
    result = stack.up().succeeded()
    assert "is no longer tuned" in result.text
    sagemaker = stack.client("sagemaker")
    ended = sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    assert ended["HyperParameterTuningJobStatus"] == "Stopped"
    [job] = stack.jobs("digits")
    assert job["CreationTime"] >= ended["HyperParameterTuningEndTime"]


def wait_until(
    stack: Stack, condition: Callable[[dict[str, Any]], bool], seconds: float = TIMEOUT_SECONDS
) -> None:
    """Waits until the newest tuning job meets a condition."""
    until = time.monotonic() + seconds
    while not condition(tunings(stack)[-1]):
        assert time.monotonic() < until
        time.sleep(0.2)
