"""The operations on tuning jobs as a client sees them; their trials really run."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from tests.localcloud.alerting import Alerting
from tests.localcloud.cloud import LISTEN, Cloud, eventually, refusal
from tests.localcloud.roles import World, allow, trust
from tests.localcloud.sagemaker.tuning.tunings import (
    CONFIG,
    DEFINITION,
    LIMITS,
    describe,
    ended,
    request_of,
    trials,
    with_launcher,
)

SCRIPT = """
import argparse, json, os
parser = argparse.ArgumentParser()
parser.add_argument('--rate', type=float)
parser.add_argument('--kind')
given = parser.parse_args()  # exits with 2 if there are others
print('known:', json.dumps(json.load(open('/opt/ml/input/config/hyperparameters.json'))))
for epoch in (1, 0):
    print(f'loss={(given.rate - 0.3) ** 2 + epoch}', flush=True)
"""
_numbers = itertools.count(1)


def new_name() -> str:
    return f"tuning-service-{next(_numbers)}"


def create(cloud: Cloud, script: str, **changes: Any) -> str:
    """Creates a tuning job and returns its name."""
    name = new_name()
    request = request_of(cloud, name, script, **changes)
    cloud.sagemaker.create_hyper_parameter_tuning_job(**request)
    return name


def called(name: str) -> dict[str, str]:
    return {"HyperParameterTuningJobName": name}


@pytest.fixture(scope="module")
def finished(cloud: Cloud) -> str:
    """The name of a tuning job of three trials that has ended."""
    name = create(
        cloud,
        SCRIPT,
        Tags=[{"Key": "team", "Value": "research"}],
        **{f"{LIMITS}.MaxNumberOfTrainingJobs": 3, f"{CONFIG}.Strategy": "Bayesian"},
    )
    assert ended(cloud, name)["HyperParameterTuningJobStatus"] == "Completed"
    return name


def test_each_trial_is_a_training_job_that_ran_with_its_values(cloud: Cloud, finished: str):
    for number, trial in enumerate(trials(cloud, finished), 1):
        job = cloud.describe(trial["TrainingJobName"])
        values = trial["TunedHyperParameters"]

        assert trial["TrainingJobName"].startswith(f"{finished}-{number:03}-")
        assert job["TrainingJobStatus"] == trial["TrainingJobStatus"] == "Completed"
        assert job["TuningJobArn"].endswith(f":hyper-parameter-tuning-job/{finished}")
        assert job["HyperParameters"].items() >= values.items()
        assert job["HyperParameters"]["_tuning_objective_metric"] == "loss"
        assert set(values) == {"rate", "kind"}
        tags = cloud.sagemaker.list_tags(ResourceArn=trial["TrainingJobArn"])["Tags"]
        assert tags == [{"Key": "team", "Value": "research"}]
        assert '"_tuning_objective_metric": "loss"' in cloud.lines(trial["TrainingJobName"])[0]
        objective = trial["FinalHyperParameterTuningJobObjectiveMetric"]["Value"]
        assert objective == pytest.approx((float(values["rate"]) - 0.3) ** 2, abs=1e-6)


def test_a_description_has_the_counters_and_the_best_trial(cloud: Cloud, finished: str):
    answer = describe(cloud, finished)
    best = min(
        trials(cloud, finished),
        key=lambda each: each["FinalHyperParameterTuningJobObjectiveMetric"]["Value"],
    )

    assert answer["BestTrainingJob"] == best
    assert answer["TrainingJobStatusCounters"]["Completed"] == 3
    assert answer["ObjectiveStatusCounters"] == {"Succeeded": 3, "Pending": 0, "Failed": 0}
    assert answer["HyperParameterTuningEndTime"] >= best["TrainingEndTime"]
    assert answer["ConsumedResources"]["RuntimeInSeconds"] > 0
    assert "OverallBestTrainingJob" not in answer
    assert answer[DEFINITION]["StaticHyperParameters"]["sagemaker_program"] == "main.py"


def test_jobs_and_trials_are_listed_in_pages_and_orders(cloud: Cloud, finished: str):
    page = cloud.sagemaker.list_hyper_parameter_tuning_jobs(
        NameContains=finished, StatusEquals="Completed", MaxResults=100
    )
    (summary,) = page["HyperParameterTuningJobSummaries"]
    assert summary["HyperParameterTuningJobName"] == finished
    assert summary["Strategy"] == "Bayesian"

    arguments = {**called(finished), "SortBy": "FinalObjectiveMetricValue", "MaxResults": 2}
    read = cloud.sagemaker.list_training_jobs_for_hyper_parameter_tuning_job
    first = read(**arguments)
    second = read(**arguments, NextToken=first["NextToken"])
    found = [*first["TrainingJobSummaries"], *second["TrainingJobSummaries"]]
    values = [each["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] for each in found]
    assert len(values) == 3
    assert values == sorted(values)
    assert read(**called(finished), StatusEquals="Failed")["TrainingJobSummaries"] == []


def test_tags_of_a_tuning_job_are_added_listed_and_deleted(cloud: Cloud, finished: str):
    arn = describe(cloud, finished)["HyperParameterTuningJobArn"]

    cloud.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "x", "Value": "1"}])
    cloud.sagemaker.delete_tags(ResourceArn=arn, TagKeys=["team"])

    assert cloud.sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "x", "Value": "1"}]


def test_a_name_can_be_used_once_in_lower_or_upper_case(cloud: Cloud, finished: str):
    request = request_of(cloud, finished.upper(), SCRIPT)

    code, message = refusal(cloud.sagemaker.create_hyper_parameter_tuning_job, **request)

    assert code == "ResourceInUse"
    assert "must be unique within an AWS account and region" in message


@pytest.mark.parametrize("operation", ["describe", "stop", "delete"])
def test_a_tuning_job_that_does_not_exist_is_reported(cloud: Cloud, operation: str):
    call = getattr(cloud.sagemaker, f"{operation}_hyper_parameter_tuning_job")
    assert refusal(call, **called("missing")) == (
        "ResourceNotFound",
        "Requested resource not found.",
    )


def test_a_finished_tuning_job_cannot_be_stopped(cloud: Cloud, finished: str):
    assert refusal(cloud.sagemaker.stop_hyper_parameter_tuning_job, **called(finished)) == (
        "ValidationException",
        "The request was rejected because the hyperparameter tuning job is in status Completed.",
    )


def test_a_stopped_tuning_job_stops_its_trials_and_is_deleted_only_afterwards(cloud: Cloud):
    name = new_name()
    request = with_launcher(cloud, request_of(cloud, name, ""), LISTEN)
    cloud.sagemaker.create_hyper_parameter_tuning_job(**request)
    for trial in eventually(lambda: found if len(found := trials(cloud, name)) == 3 else None):
        cloud.wait_for_line(trial["TrainingJobName"], "running")
    delete = cloud.sagemaker.delete_hyper_parameter_tuning_job
    assert refusal(delete, **called(name))[0] == "ResourceInUse"

    cloud.sagemaker.stop_hyper_parameter_tuning_job(**called(name))

    answer = ended(cloud, name)
    assert answer["HyperParameterTuningJobStatus"] == "Stopped"
    assert answer["TrainingJobStatusCounters"]["Stopped"] == 3
    assert answer["ObjectiveStatusCounters"]["Failed"] == 3
    jobs = [each["TrainingJobName"] for each in trials(cloud, name)]
    delete(**called(name))
    assert refusal(cloud.sagemaker.describe_hyper_parameter_tuning_job, **called(name))[0] == (
        "ResourceNotFound"
    )
    assert [cloud.describe(each)["TrainingJobStatus"] for each in jobs] == ["Stopped"] * 3
    # AWS does not document whether the name is free again.
    assert refusal(cloud.sagemaker.create_hyper_parameter_tuning_job, **request)[0] == (
        "ResourceInUse"
    )


def test_tuning_jobs_and_their_trials_are_found_by_search(cloud: Cloud, finished: str):
    arn = describe(cloud, finished)["HyperParameterTuningJobArn"]

    def found(resource: str, name: str, value: str) -> list[dict[str, Any]]:
        expression = {"Filters": [{"Name": name, "Operator": "Equals", "Value": value}]}
        answer = cloud.sagemaker.search(Resource=resource, SearchExpression=expression)
        return [each[resource] for each in answer["Results"]]

    (job,) = found("HyperParameterTuningJob", "HyperParameterTuningJobArn", arn)
    assert job["HyperParameterTuningJobStatus"] == "Completed"
    assert job["BestTrainingJob"] == describe(cloud, finished)["BestTrainingJob"]
    assert job["Tags"] == cloud.sagemaker.list_tags(ResourceArn=arn)["Tags"]
    names = {each["TrainingJobName"] for each in trials(cloud, finished)}
    rows = found("TrainingJob", "TuningJobArn", arn)
    assert {each["TrainingJobName"] for each in rows} == names
    call = {"Resource": "HyperParameterTuningJob", "SortBy": "TrainingJobStatus"}
    assert refusal(cloud.sagemaker.search, **call)[1] == (
        "Unknown property of hyperparameter tuning jobs: TrainingJobStatus"
    )


def test_a_warm_start_knows_the_parents_trials_and_the_best_of_all(cloud: Cloud, finished: str):
    parent = describe(cloud, finished)
    request = {
        **request_of(cloud, new_name(), SCRIPT, **{f"{LIMITS}.MaxNumberOfTrainingJobs": 1}),
        "WarmStartConfig": {
            "ParentHyperParameterTuningJobs": [called(finished)],
            "WarmStartType": "IdenticalDataAndAlgorithm",
        },
    }
    definition = request[DEFINITION]
    definition["InputDataConfig"] = parent[DEFINITION]["InputDataConfig"]
    create_job = cloud.sagemaker.create_hyper_parameter_tuning_job
    missing = {**request, "WarmStartConfig": {**request["WarmStartConfig"]}}
    missing["WarmStartConfig"]["ParentHyperParameterTuningJobs"] = [called("missing")]
    assert refusal(create_job, **missing)[1] == "The parent tuning job 'missing' does not exist"
    # As in the parent's description, not as in its request.
    for channel in definition["InputDataConfig"]:
        channel.pop("CompressionType")
        channel.pop("RecordWrapperType")

    create_job(**request)

    answer = ended(cloud, request["HyperParameterTuningJobName"])
    bests = [parent["BestTrainingJob"], answer["BestTrainingJob"]]
    assert answer["OverallBestTrainingJob"] == min(
        bests, key=lambda each: each["FinalHyperParameterTuningJobObjectiveMetric"]["Value"]
    )
    assert answer["WarmStartConfig"] == request["WarmStartConfig"]


def test_a_tuning_job_whose_trials_all_fail_has_failed(cloud: Cloud):
    name = create(cloud, "raise SystemExit(3)", **{f"{LIMITS}.MaxParallelTrainingJobs": 5})

    answer = ended(cloud, name)

    assert answer["HyperParameterTuningJobStatus"] == "Failed"
    assert answer["FailureReason"] == (
        "No training job succeeded after 5 attempts. Please take a look at the training job "
        "failures to get more details."
    )
    assert answer["TrainingJobStatusCounters"]["NonRetryableError"] >= 5
    assert trials(cloud, name)[0]["FailureReason"].endswith("exit code: 3")


def test_the_role_must_trust_the_service_for_trials_and_tuning_jobs(cloud: Cloud):
    both = [
        "arn:aws:sagemaker:us-east-1:123456789012:training-job/*",
        "arn:aws:sagemaker:us-east-1:123456789012:hyper-parameter-tuning-job/*",
    ]
    world = World(cloud)
    for sources, accepted in ((both, True), (both[:1], False), (both[1:], False)):
        condition = {"ArnLike": {"aws:SourceArn": sources}}
        role = world.role(allow("*"), trust=trust(Condition=condition))
        request = request_of(cloud, new_name(), SCRIPT, **{f"{DEFINITION}.RoleArn": role})
        create_job = cloud.sagemaker.create_hyper_parameter_tuning_job
        if accepted:
            create_job(**request)
            cloud.sagemaker.stop_hyper_parameter_tuning_job(
                **called(request["HyperParameterTuningJobName"])
            )
        else:
            code, message = refusal(create_job, **request)
            assert code == "ValidationException"
            assert message.startswith("Could not assume role")


def test_each_status_of_a_tuning_job_is_an_event_and_each_of_its_trials(
    cloud: Cloud, alerting: Alerting
):
    kinds = [
        "SageMaker HyperParameter Tuning Job State Change",
        "SageMaker Training Job State Change",
    ]
    name = new_name()
    pattern = {
        "detail-type": kinds,
        "detail": {
            "$or": [
                {"HyperParameterTuningJobName": [name]},
                {"TrainingJobName": [{"prefix": name}]},
            ]
        },
    }
    target = {"Arn": alerting.queue_arn}
    alerting.rule(alerting.name, target, EventPattern=json.dumps(pattern))
    request = request_of(cloud, name, SCRIPT, **{f"{LIMITS}.MaxNumberOfTrainingJobs": 1})

    cloud.sagemaker.create_hyper_parameter_tuning_job(**request)

    # Two of the tuning job, and five of its trial: Starting, Downloading, Training, Uploading, and
    # Completed.
    events = alerting.received(7)
    own = [each for each in events if each["detail-type"] == kinds[0]]
    assert [each["detail"]["HyperParameterTuningJobStatus"] for each in own] == [
        "InProgress",
        "Completed",
    ]
    assert own[1]["resources"] == [describe(cloud, name)["HyperParameterTuningJobArn"]]
    assert own[1]["detail"]["TrainingJobStatusCounters"]["Completed"] == 1
    assert own[1]["detail"]["CreationTime"] > 1e12  # in milliseconds
    assert {each["detail"]["TuningJobArn"] for each in events if each not in own} == set(
        own[0]["resources"]
    )
