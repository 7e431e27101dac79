"""A stack from its first preview to its end, on the real engine."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.engine import Stack
from tests.integration.settings import FOREVER, counting_job, stack_with

pytestmark = pytest.mark.integration

NewStack = Callable[[dict[str, Any]], Stack]
TRAINING_JOB = "pulumi-python:dynamic/sagemaker:TrainingJob"
COMPLETION = "pulumi-python:dynamic/sagemaker:TrainingJobCompletion"
INTERFACES = "pulumi-python:dynamic/ec2:TrainingNetworkInterfaces"


def test_a_job_runs_to_its_end_once_and_leaves_its_model(new_stack: NewStack) -> None:
    stack = new_stack(stack_with(work=counting_job(), wait=True))
    first = stack.up().succeeded()
    assert first.operations(TRAINING_JOB) == ["create"]
    assert first.operations(COMPLETION) == ["create"]
    outputs = stack.outputs()
    [job] = stack.jobs("work")
    assert job["TrainingJobStatus"] == "Completed"
    assert outputs["training_job_name"] == job["TrainingJobName"]
    assert outputs["training_jobs"]["work"]["status"] == "Completed"
    assert outputs["training_jobs"]["work"]["metrics"] == {"step": 3}
    assert model_in(stack, outputs) == "3"
    report = (
        f"output/{job['TrainingJobName'].rsplit('-', 2)[0]}/{job['TrainingJobName']}/report.html"
    )
    assert f"its report is s3://{outputs['artifact_bucket_name']}/{report}" in first.text
    kept = stack.client("s3").get_object(Bucket=outputs["artifact_bucket_name"], Key=report)
    assert "The newest job completed on " in kept["Body"].read().decode()

    assert stack.up().succeeded().changes == {}
    stack.refresh().succeeded()
    assert stack.up().succeeded().changes == {}
    assert len(stack.jobs("work")) == 1

    stack.destroy().succeeded()
    assert stack.resources() == []
    [kept] = stack.jobs("work")
    assert kept["TrainingJobStatus"] == "Completed"
    assert bucket_names(stack, outputs) == []


@pytest.mark.deep
def test_the_switch_off_shows_the_job_and_launches_nothing(new_stack: NewStack) -> None:
    stack = new_stack(stack_with(work=counting_job(), launch=False))
    preview = stack.preview().succeeded()
    assert TRAINING_JOB in preview.text or "sagemaker:TrainingJob" in preview.text
    stack.up().succeeded()
    assert stack.jobs("work") == []
    outputs = stack.outputs()
    assert outputs["training_job_name"] == ""
    assert outputs["training_jobs"]["work"]["status"] == "NotLaunched"
    assert outputs["training_jobs"]["work"]["cost_ceiling_usd"] > 0

    assert stack.up().succeeded().changes == {}
    stack.settings["enableTrainingJob"] = True
    assert stack.up().succeeded().operations(TRAINING_JOB)
    assert len(stack.jobs("work")) == 1


def test_destroy_stops_a_running_job_before_its_role_and_network_go(
    new_stack: NewStack, report: Callable[[str], None]
) -> None:
    stack = new_stack(stack_with(work=counting_job(FOREVER)))
    created = [step.type for step in stack.up().succeeded().steps]
    stack.wait_for_job("work", lambda job: job["SecondaryStatus"] == "Training")
    vpc = stack.outputs()["vpc_id"]
    assert interfaces_in(stack, vpc)
    destroyed = stack.destroy().succeeded().steps
    deleted = [step.type for step in destroyed]
    [job] = stack.jobs("work")
    assert job["TrainingJobStatus"] == "Stopped"
    for needed in ("aws:iam/rolePolicy:RolePolicy", "aws:ec2/vpcEndpoint:VpcEndpoint"):
        assert last(created, needed) < created.index(TRAINING_JOB)
        assert deleted.index(TRAINING_JOB) < deleted.index(needed)
    # The job's network interfaces outlive it, and go only while its role may remove them.
    names = [step.name.removeprefix(f"{stack.settings['team']}-dev-") for step in destroyed]
    interfaces = names.index("network-interfaces-a")
    assert names.index("work") < interfaces
    for needed in ("execution-role-policy", "network-groups-training", "network-private-a"):
        assert interfaces < names.index(needed)
        report(
            f"Destroy with a live job: its interfaces were gone at step {interfaces + 1} of "
            f"{len(names)}, {needed} went at step {names.index(needed) + 1}"
        )
    assert interfaces_in(stack, vpc) == []


@pytest.mark.deep
def test_destroy_removes_the_interfaces_itself_where_the_role_was_deleted_by_hand(
    new_stack: NewStack,
) -> None:
    stack = new_stack(stack_with(work=counting_job(FOREVER)))
    stack.up().succeeded()
    stack.wait_for_job("work", lambda job: job["SecondaryStatus"] == "Training")
    outputs, iam = stack.outputs(), stack.client("iam")
    role = {"RoleName": outputs["sagemaker_execution_role_arn"].rpartition("/")[2]}
    for policy in iam.list_role_policies(**role)["PolicyNames"]:
        iam.delete_role_policy(**role, PolicyName=policy)
    iam.delete_role(**role)
    assert interfaces_in(stack, outputs["vpc_id"])
    stack.destroy().succeeded()
    assert stack.resources() == []
    assert interfaces_in(stack, outputs["vpc_id"]) == []


@pytest.mark.deep
def test_a_running_jobs_network_is_not_taken_away_until_the_job_is_paused(
    new_stack: NewStack,
) -> None:
    stack = new_stack(stack_with(work=counting_job(FOREVER)))
    stack.settings["network"] = {"availabilityZones": 2}
    stack.up().succeeded()
    stack.wait_for_job("work", lambda job: job["SecondaryStatus"] == "Training")
    [before] = stack.jobs("work")
    [interface] = interfaces_in(stack, stack.outputs()["vpc_id"])

    # Whether the switch is on or off.
    stack.settings |= {"network": {"availabilityZones": 1}, "enableTrainingJob": False}
    assert before["TrainingJobName"] in " ".join(stack.up().failed().errors)
    stack.settings["enableTrainingJob"] = True
    errors = " ".join(stack.up().failed().errors)
    assert before["TrainingJobName"] in errors
    assert "paused: true" in errors
    described = stack.client("ec2").describe_subnets(SubnetIds=before["VpcConfig"]["Subnets"])
    assert len(described["Subnets"]) == 2
    [job] = stack.jobs("work")
    assert job["SecondaryStatus"] == "Training"

    stack.settings["jobs"]["work"]["paused"] = True
    deleted = [step.type for step in stack.up().succeeded().steps if step.operation == "delete"]
    # The other zone's stays: a job may run there by then.
    assert deleted.count(INTERFACES) == 1
    assert deleted.index(INTERFACES) < deleted.index("aws:ec2/subnet:Subnet")
    assert interface not in interfaces_in(stack, stack.outputs()["vpc_id"])
    stack.settings["jobs"]["work"]["paused"] = False
    stack.up().succeeded()
    newest, paused = stack.jobs("work")
    assert (newest["TrainingJobStatus"], paused["TrainingJobStatus"]) == ("InProgress", "Stopped")
    assert len(newest["VpcConfig"]["Subnets"]) == 1


def test_a_renamed_stack_launches_nothing(new_stack: NewStack) -> None:
    stack = new_stack(stack_with(work=counting_job(FOREVER)))
    stack.up().succeeded()
    stack.rename("renamed")
    result = stack.up().succeeded()
    assert "create" not in result.changes
    assert result.operations(TRAINING_JOB) == ["update"]  # the tag with the stack's name
    [job] = stack.jobs("work")
    assert job["TrainingJobStatus"] == "InProgress"


def interfaces_in(stack: Stack, vpc: str) -> list[str]:
    """The ids of the network interfaces in a VPC."""
    filters = [{"Name": "vpc-id", "Values": [vpc]}]
    found = stack.client("ec2").describe_network_interfaces(Filters=filters)["NetworkInterfaces"]
    return [each["NetworkInterfaceId"] for each in found]


def last(types: list[str], wanted: str) -> int:
    return len(types) - 1 - types[::-1].index(wanted)


def model_in(stack: Stack, outputs: dict[str, Any]) -> str:
    """What the job's model archive holds."""
    bucket, key = outputs["training_jobs"]["work"]["model_uri"].removeprefix("s3://").split("/", 1)
    content = stack.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        member = archive.extractfile("steps.txt")
        assert member is not None
        return member.read().decode()


def bucket_names(stack: Stack, outputs: dict[str, Any]) -> list[str]:
    buckets = stack.client("s3").list_buckets()["Buckets"]
    wanted = outputs["artifact_bucket_name"]
    return [bucket["Name"] for bucket in buckets if bucket["Name"] == wanted]
