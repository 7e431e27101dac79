"""What further updates of the full platform would do, on the real engine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.engine import Result, Stack, Step
from tests.integration.full_platform.conftest import Platform
from tests.integration.full_platform.options import every_option
from tests.integration.timeline import TRAINING_JOB

pytestmark = [pytest.mark.integration, pytest.mark.deep]

CHANNEL = "aws:chatbot/slackChannelConfiguration:SlackChannelConfiguration"
COMPLETION = "pulumi-python:dynamic/sagemaker:TrainingJobCompletion"
_GOING = {"replace", "create-replacement", "delete-replaced", "delete"}


@pytest.fixture
def stack(platform: Platform) -> Iterator[Stack]:
    """The stack, whose settings a test may change for its previews."""
    before = dict(platform.stack.settings)
    yield platform.stack
    platform.stack.settings = before


def test_a_second_update_and_a_refresh_show_nothing(stack: Stack):
    assert stack.up().succeeded().changes == {}
    assert stack.refresh().succeeded().changes == {}
    assert stack.up().succeeded().changes == {}


def test_another_range_replaces_the_vpc_and_no_store_and_no_job(stack: Stack):
    stack.settings |= {"network": stack.settings["network"] | {"cidr": "10.96.0.0/16"}}
    replaced = replacements(stack.preview().succeeded())
    interfaces = "pulumi-python:dynamic/ec2:TrainingNetworkInterfaces"
    assert {"aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet", interfaces} <= replaced
    untouched = ("aws:s3/", "aws:kms/", "aws:iam/role:", "pulumi-python:dynamic/sagemaker:")
    assert not any(each.startswith(untouched) for each in replaced)


def test_another_zone_replaces_nothing(stack: Stack):
    network = stack.settings["network"]
    stack.settings |= {"network": network | {"availabilityZones": 3}}
    preview = stack.preview().succeeded()
    assert replacements(preview) == set()
    assert preview.changes["create"] > 0


def test_another_tag_replaces_nothing_and_waits_for_nothing(stack: Stack):
    stack.settings |= {"costCenter": "4712"}
    preview = stack.preview().succeeded()
    assert replacements(preview) == set()
    assert "create" not in preview.changes
    assert preview.changes["update"] > 20
    assert {"update"} == operations_on(TRAINING_JOB, preview)
    assert operations_on(COMPLETION, preview) == set()


def test_another_workspace_replaces_the_chat_channel_and_nothing_else(stack: Stack):
    slack = {"workspaceId": "T9876543210", "channelId": "C9876543210"}
    stack.settings |= {"alerts": stack.settings["alerts"] | {"slack": slack}}
    assert replacements(stack.preview().succeeded()) == {CHANNEL}


def test_another_key_gets_the_policy_that_the_old_one_had(stack: Stack):
    bucket = "bucket-of-an-earlier-stack"
    stack.client("s3").create_bucket(Bucket=bucket)
    key = stack.client("kms").create_key()["KeyMetadata"]["KeyId"]
    stack.client("kms").create_alias(AliasName=f"alias/{bucket}", TargetKeyId=key)
    stack.settings |= {"artifacts": stack.settings["artifacts"] | {"existingBucket": bucket}}
    assert "aws:kms/keyPolicy:KeyPolicy" in replacements(stack.preview().succeeded())


def test_another_definition_replaces_the_job_and_waits_for_its_end(stack: Stack):
    stack.settings |= {"jobs": every_option(hyperparameters={"steps": 21})["jobs"]}
    assert replacements(stack.preview().succeeded()) == {TRAINING_JOB, COMPLETION}


def test_a_forced_replacement_of_the_job_waits_for_its_end(stack: Stack):
    [job] = [each["urn"] for each in stack.resources() if each["type"] == TRAINING_JOB]
    preview = stack.preview("--replace", job).succeeded()
    assert replacements(preview) == {TRAINING_JOB, COMPLETION}


def replacements(preview: Result) -> set[str]:
    """The types of what an update would replace or delete."""
    return {step.type for step in planned(preview) if step.operation in _GOING}


def operations_on(type_: str, preview: Result) -> set[str]:
    """What an update would do with the resources of a type."""
    return {step.operation for step in planned(preview) if step.type == type_}


def planned(preview: Result) -> list[Step]:
    """What an update would do, without what it would leave as it is."""
    metadata = (
        each["resourcePreEvent"]["metadata"]
        for each in preview.events
        if "resourcePreEvent" in each
    )
    return [Step(each["op"], each["urn"]) for each in metadata if each["op"] != "same"]
