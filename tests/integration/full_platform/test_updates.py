"""What further updates of the full platform would do, on the real engine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.engine import Result, Stack, Step
from tests.integration.full_platform.conftest import Platform

pytestmark = [pytest.mark.integration, pytest.mark.deep]

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
    assert {"aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet"} <= replaced
    untouched = ("aws:s3/", "aws:kms/", "aws:iam/role:", "pulumi-python:dynamic/")
    assert not any(each.startswith(untouched) for each in replaced)


def test_another_zone_replaces_nothing(stack: Stack):
    network = stack.settings["network"]
    stack.settings |= {"network": network | {"availabilityZones": 3}}
    preview = stack.preview().succeeded()
    assert replacements(preview) == set()
    assert preview.changes["create"] > 0


def test_another_tag_replaces_nothing(stack: Stack):
    stack.settings |= {"costCenter": "4712"}
    preview = stack.preview().succeeded()
    assert replacements(preview) == set()
    assert "create" not in preview.changes
    assert preview.changes["update"] > 20


def replacements(preview: Result) -> set[str]:
    """The types of what an update would replace or delete.

    Without the completion, which only waits: a preview can't know that the job's name will stay.
    """
    planned = [each["resourcePreEvent"]["metadata"] for each in preview.events
               if "resourcePreEvent" in each]  # fmt: skip
    types = {Step(each["op"], each["urn"]).type for each in planned if each["op"] in _GOING}
    return types - {COMPLETION}
