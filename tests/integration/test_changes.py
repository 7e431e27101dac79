"""What an edit does to a job that runs, on the real engine."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from components.training_job.request.job_tags import OWNER_TAG
from development.jobs import stop_live
from development.log_lines import read_lines
from tests.integration.engine import Stack
from tests.integration.settings import FOREVER, counting_job, stack_with
from toolchain.layout import CHECKOUT

pytestmark = pytest.mark.integration

NewStack = Callable[[dict[str, Any]], Stack]
TRAINING_JOB = "pulumi-python:dynamic/sagemaker:TrainingJob"
LIVE = ("InProgress", "Stopping")


def test_an_infrastructure_edit_never_touches_a_run(new_stack: NewStack) -> None:
    stack = new_stack(stack_with(work=counting_job(FOREVER)))
    stack.up().succeeded()
    stack.settings["costCenter"] = "4711"
    result = stack.up().succeeded()
    assert result.operations(TRAINING_JOB) == ["update"]
    assert "create" not in result.changes

    other = counting_job(image="123456789012.dkr.ecr.us-east-1.amazonaws.com/another:1")
    renamed = stack.settings["jobs"]["work"] | {"resumeFrom": stack.lineage("work")}
    stack.settings["jobs"] = {"renamed": renamed, "other": other}
    result = stack.up().succeeded()
    assert "update" in result.operations("aws:iam/rolePolicy:RolePolicy")
    assert result.operations(TRAINING_JOB) == ["create"]
    [job] = stack.jobs("work")
    assert job["TrainingJobStatus"] == "InProgress"
    assert tag_of(stack, job, "cost-center") == "4711"


def test_another_definition_resumes_the_lineage_and_never_doubles(new_stack: NewStack) -> None:
    stack = new_stack(stack_with(work=counting_job(FOREVER)))
    stack.up().succeeded()
    names = []
    for seconds, instances in ((0.03, 2), (0.02, 1)):  # to B, and back to A
        running = stack.wait_for_job("work", lambda job: has_checkpoint(stack, job))
        names.append(running["TrainingJobName"])
        stack.settings["jobs"]["work"] = counting_job(FOREVER, seconds, instanceCount=instances)
        said = " ".join(stack.up().succeeded().text.split())
        assert f"{names[-1]}: goes on from its newest checkpoint" in said
        assert f"on {instances} × ml.m5.large, on spot capacity" in said
        newest, before = stack.jobs("work")[:2]
        assert newest["ResourceConfig"]["InstanceCount"] == instances
        assert before["TrainingJobStatus"] == "Stopped"
        assert before["TrainingEndTime"] <= newest["CreationTime"]
        assert newest["CheckpointConfig"] == before["CheckpointConfig"]
    newest = stack.wait_for_job("work", lambda job: log_of(stack, job) != "")
    assert int(log_of(stack, newest).split()[2]) > 0  # "resumed at N"
    jobs = stack.jobs("work")
    assert len(jobs) == 3
    assert newest["TrainingJobName"] == names[0].removesuffix("1") + "2"
    assert [job["TrainingJobStatus"] for job in jobs if job["TrainingJobStatus"] in LIVE] == [
        "InProgress"
    ]


def test_the_switch_launches_once_and_off_stops_nothing(new_stack: NewStack) -> None:
    stack = new_stack(stack_with(work=counting_job(FOREVER)))
    stack.up().succeeded()
    [job] = stack.jobs("work")
    for switch in (False, True):
        stack.settings["enableTrainingJob"] = switch
        assert stack.up().succeeded().operations(TRAINING_JOB) == []
        [same] = stack.jobs("work")
        assert same["TrainingJobName"] == job["TrainingJobName"]
        assert same["TrainingJobStatus"] == "InProgress"


def test_a_pause_stops_in_place_and_the_next_attempt_goes_on(new_stack: NewStack) -> None:
    stack = new_stack(stack_with(work=counting_job(FOREVER)))
    stack.up().succeeded()
    stack.wait_for_job("work", lambda job: has_checkpoint(stack, job))
    stack.settings["jobs"]["work"]["paused"] = True
    assert stack.up().succeeded().operations(TRAINING_JOB) == ["update"]
    [paused] = stack.jobs("work")
    assert paused["TrainingJobStatus"] == "Stopped"
    assert stack.up().succeeded().changes == {}

    stack.settings["jobs"]["work"]["paused"] = False
    stack.up().succeeded()
    resumed = stack.wait_for_job("work", lambda job: log_of(stack, job) != "")
    assert resumed["TrainingJobName"] == paused["TrainingJobName"].removesuffix("1") + "2"
    assert int(log_of(stack, resumed).split()[2]) > 0
    assert len(stack.jobs("work")) == 2


@pytest.mark.deep
def test_a_paused_job_goes_on_on_one_host_and_then_on_three_as_accurate_as_ever(
    new_stack: NewStack,
) -> None:
    """The digits example, whose model has a test accuracy of 0.98 and more on any number of hosts.

    It trains so fast that it is stopped first, as `make pause` does, and then paused.
    """
    digits = yaml.safe_load((CHECKOUT / "Pulumi.dev.yaml").read_text())["config"]
    stack = new_stack(stack_with(digits=digits["sagemaker-training:jobs"]["digits"]))
    job = stack.settings["jobs"]["digits"]
    assert job["instanceCount"] == 2
    job["hyperparameters"]["epochs"] = 80
    stack.up().succeeded()
    steps = []
    for instances in (1, 3):
        stack.wait_for_job("digits", lambda run: "epoch=" in printed(stack, run), 240)
        assert len(stop_live(stack.client("sagemaker"), [stack.lineage("digits")])) == 1
        job["paused"] = True
        stack.up().succeeded()
        [paused, *_] = stack.jobs("digits")
        assert paused["TrainingJobStatus"] == "Stopped"
        [step] = re.findall(r"asked to stop: step (\d+) of 3520 is saved", printed(stack, paused))
        steps.append(int(step))

        job |= {"paused": False, "instanceCount": instances}
        said = " ".join(stack.preview().succeeded().text.split())
        capacity = f"{instances} × ml.c5.xlarge, on spot capacity"
        assert f"{paused['TrainingJobName']}: goes on from step {step} on {capacity}" in said
        stack.settings["waitForCompletion"] = instances == 3
        stack.up().succeeded()
        resumed = stack.wait_for_job(
            "digits", lambda run: "goes on after step" in printed(stack, run), 120
        )
        assert resumed["ResourceConfig"]["InstanceCount"] == instances
        assert f"goes on after step {step} of 3520" in printed(stack, resumed)

    assert 0 < steps[0] < steps[1] < 3520
    ended = stack.outputs()["training_jobs"]["digits"]
    assert (ended["status"], ended["instance_count"]) == ("Completed", 3)
    assert ended["metrics"]["test_accuracy"] == pytest.approx(0.986, abs=0.01)


@pytest.mark.parametrize(
    "by_hand", [False, pytest.param(True, marks=pytest.mark.deep)], ids=["replaced", "deleted"]
)
def test_a_job_stays_the_stacks_own_when_its_role_is_made_again(
    new_stack: NewStack, by_hand: bool
) -> None:
    stack = new_stack(stack_with(work=counting_job(FOREVER)))
    stack.up().succeeded()
    stack.wait_for_job("work", lambda job: has_checkpoint(stack, job))
    before, role = stack.outputs(), urn_of(stack, "aws:iam/role:Role", "-execution-role")
    if by_hand:
        delete_role(stack, before["sagemaker_execution_role_arn"])
        stack.refresh().succeeded()
    made_again = stack.up(*([] if by_hand else ["--replace", role])).succeeded()
    assert stack.outputs()["sagemaker_execution_role_arn"] != before["sagemaker_execution_role_arn"]
    assert made_again.operations(TRAINING_JOB) == ["update"]
    assert stack.up().succeeded().changes == {}
    [job] = stack.jobs("work")
    assert job["TrainingJobStatus"] == "InProgress"
    assert tag_of(stack, job, OWNER_TAG) == before["artifact_bucket_name"]

    # As after a crash whose launch was never recorded: it is found, and not launched twice.
    stack.forget(urn_of(stack, TRAINING_JOB, "-work"))
    assert stack.up().succeeded().operations(TRAINING_JOB) == ["create"]
    assert [each["TrainingJobName"] for each in stack.jobs("work")] == [job["TrainingJobName"]]

    stack.settings["jobs"]["work"]["paused"] = True
    stack.up().succeeded()
    [paused] = stack.jobs("work")
    assert paused["TrainingJobStatus"] == "Stopped"

    stack.settings |= {"jobs": {"work": counting_job()}, "waitForCompletion": True}
    stack.up().succeeded()
    completed, _ = stack.jobs("work")
    assert completed["TrainingJobStatus"] == "Completed"
    assert completed["RoleArn"] == stack.outputs()["sagemaker_execution_role_arn"]


def urn_of(stack: Stack, type_: str, name: str) -> str:
    """The URN of the resource of a type whose name ends so."""
    [urn] = [
        str(each["urn"])
        for each in stack.resources()
        if each["type"] == type_ and each["urn"].endswith(name)
    ]
    return urn


def delete_role(stack: Stack, arn: str) -> None:
    iam, role = stack.client("iam"), arn.rpartition("/")[2]
    for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        iam.delete_role_policy(RoleName=role, PolicyName=policy)
    iam.delete_role(RoleName=role)


def has_checkpoint(stack: Stack, job: dict[str, Any]) -> bool:
    bucket, _, prefix = job["CheckpointConfig"]["S3Uri"].removeprefix("s3://").partition("/")
    listed = stack.client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix)
    return any(each["Key"].endswith(".txt") for each in listed.get("Contents", []))


def printed(stack: Stack, job: dict[str, Any]) -> str:
    """All that the job's first host has printed so far, one line after the other."""
    lines = read_lines(stack.client("logs"), f"{job['TrainingJobName']}/")
    return "\n".join(line.message for line in lines if line.host == "algo-1")


def log_of(stack: Stack, job: dict[str, Any]) -> str:
    """The first line that the job's script printed."""
    lines = read_lines(stack.client("logs"), f"{job['TrainingJobName']}/")
    return next((line.message for line in lines if "resumed at" in line.message), "")


def tag_of(stack: Stack, job: dict[str, Any], key: str) -> str:
    tags = stack.client("sagemaker").list_tags(ResourceArn=job["TrainingJobArn"])["Tags"]
    return next((tag["Value"] for tag in tags if tag["Key"] == key), "")
