"""What a stack leaves behind, and how it is taken back, on the real engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from development.log_lines import read_lines
from tests.integration.account import inventory
from tests.integration.engine import Result, Stack
from tests.integration.full_platform.options import every_option, make_what_exists_already
from tests.integration.full_platform.store import controls
from tests.integration.settings import FOREVER
from tests.integration.timeline import TRAINING_JOB, Timeline

pytestmark = [pytest.mark.integration, pytest.mark.deep]

NewStack = Callable[..., Stack]
INTERFACES = "pulumi-python:dynamic/ec2:TrainingNetworkInterfaces"
HELD = {
    "aws:iam/rolePolicy:RolePolicy",
    "aws:ec2/securityGroup:SecurityGroup",
    "aws:ec2/subnet:Subnet",
}
"""What must be there until the last network interface is gone."""


def test_the_full_platform_goes_leaves_the_account_as_it_was_and_is_taken_back(
    own_cloud: str, new_stack: NewStack
):
    everything = every_option(steps=FOREVER, hyperparameters={"last-checkpoint": LAST})
    stack = new_stack(everything | {"waitForCompletion": False}, url=own_cloud)
    make_what_exists_already(stack.client)
    before = inventory(stack.client)
    stack.up().succeeded()
    stack.wait_for_job("work", lambda _: steps_done(stack) >= 10)
    bucket, key = store_of(stack)
    protected = controls(stack.client, bucket, key)

    destroyed = stack.destroy().succeeded()
    the_job_ends_before_all_else(destroyed)
    what_stays_is_marked(destroyed)
    assert LAST in checkpoints_of(stack)
    left = {f"bucket {bucket}", f"key {key}", f"alias alias/{bucket}"}
    assert inventory(stack.client) - before == left | {LOGS}
    assert before - inventory(stack.client) == set()
    assert controls(stack.client, bucket, key) == protected

    again = another_stack_of_the_same(new_stack, stack, bucket)
    again.up().succeeded()
    assert store_of(again) == (bucket, key)
    resumed = again.wait_for_job("work", lambda job: resumed_at(again, job) >= 10)
    assert resumed["CheckpointConfig"] == again.jobs("work")[-1]["CheckpointConfig"]
    assert again.up().succeeded().changes == {}
    again.destroy().succeeded()
    assert inventory(stack.client) - before == left | {LOGS}


def test_without_retention_nothing_is_left(own_cloud: str, new_stack: NewStack):
    kept = {"retain": True, "checkpointDays": 7}
    network = {"availabilityZones": 1}
    stack = new_stack(
        {"network": network, "artifacts": kept, "alerts": False, "jobs": {}}, url=own_cloud
    )
    before = inventory(stack.client)
    stack.up().succeeded()
    stack.client("s3").put_object(Bucket=stack.outputs()["artifact_bucket_name"], Key="a", Body=b"")
    stack.settings["artifacts"] = kept | {"retain": False}
    stack.up().succeeded()
    stack.destroy().succeeded()
    assert inventory(stack.client) == before


LAST = "last"
"""The checkpoint that the job writes when it is stopped. It is there after a destruction only if
the role's policy, the way to S3 and the key outlive the job."""

LOGS = "log-group /aws/sagemaker/TrainingJobs"
"""SageMaker makes it with the account's first job and keeps it."""


def the_job_ends_before_all_else(destroyed: Result) -> None:
    timeline = Timeline(destroyed, "delete")
    used = timeline.used_by("work")
    assert len(used) > 20
    job = timeline.the(TRAINING_JOB)
    assert timeline.not_after(job, used) == []
    waits = [each for each in timeline.steps if each.type == INTERFACES]
    assert len(waits) == 2
    for wait in waits:
        zone = wait.name.rpartition("-")[2]
        ends = ("-execution-role-policy", "-groups-training", f"-network-private-{zone}")
        held = [each for each in timeline.steps if each.name.endswith(ends)]
        assert {each.type for each in held} >= HELD
        assert timeline.not_before(wait, [job]) == []
        assert timeline.not_after(wait, held) == []


def what_stays_is_marked(destroyed: Result) -> None:
    """The engine reports that the bucket, the key, their controls and the objects stay."""
    deleted = [line.split() for line in destroyed.text.splitlines() if " deleted (" in line]
    marked = {words[1] for words in deleted if words[-1].endswith("[retain]")}
    others = {words[1] for words in deleted if not words[-1].endswith("[retain]")}
    assert {"aws:s3:Bucket", "aws:s3:BucketPolicy", "aws:kms:Key", "aws:kms:KeyPolicy"} <= marked
    store = ("aws:s3:", "aws:kms:")
    assert all(each.startswith(store) for each in marked)
    assert not any(each.startswith(store) for each in others)


def another_stack_of_the_same(new_stack: NewStack, stack: Stack, bucket: str) -> Stack:
    """A stack that takes over the bucket, from a state that knows nothing of it."""
    artifacts = stack.settings["artifacts"] | {"existingBucket": bucket}
    return new_stack(stack.settings | {"artifacts": artifacts}, url=stack.endpoint_url)


def store_of(stack: Stack) -> tuple[str, str]:
    outputs = stack.outputs()
    return outputs["artifact_bucket_name"], outputs["artifact_key_arn"]


def steps_done(stack: Stack) -> int:
    """The newest step of which there is a checkpoint."""
    names = [name for name in checkpoints_of(stack) if name.endswith(".txt")]
    return max((int(name.removesuffix(".txt")) for name in names), default=0)


def checkpoints_of(stack: Stack) -> list[str]:
    """The names of the files in the job's checkpoint prefix."""
    uri = stack.jobs("work")[0]["CheckpointConfig"]["S3Uri"]
    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    listed = stack.client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
    return [each["Key"].rpartition("/")[2] for each in listed]


def resumed_at(stack: Stack, job: dict[str, Any]) -> int:
    """The step that a job went on from, -1 while it has not said so."""
    lines = read_lines(stack.client("logs"), f"{job['TrainingJobName']}/")
    said = [each.message for each in lines if "resumed at" in each.message]
    return int(said[0].split()[-1]) if said else -1
