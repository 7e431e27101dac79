"""What the tables can't say of the rules for training jobs."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.policies.training_rules.test_rules import (
    CASES,
    COMPLIANT,
    KEY,
    TOKEN,
    is_violated,
    with_value,
    without,
)
from training_policies.harness import resource, violations
from training_policies.instances import instance_types
from training_policies.policy import Stack
from training_policies.resource import UNKNOWN
from training_policies.training_job import AWS_TYPE, OWN_TYPE
from training_policies.training_rules.debugging import REMOTE_DEBUG
from training_policies.training_rules.encryption import VOLUME_KEY
from training_policies.training_rules.locations import ARTIFACT_LOCATIONS
from training_policies.training_rules.network import TRAFFIC_ENCRYPTION
from training_policies.training_rules.secrets import NO_SECRETS
from training_policies.training_rules.spot import SPOT_CHECKPOINTS, SPOT_WAIT
from training_policies.training_rules.tags import REQUIRED_TAGS

LOCAL_DISKS = "ml.g5.2xlarge"
NO_DISKS = "ml.c5.xlarge"


def job(request: dict[str, Any], **properties: Any):
    return resource(OWN_TYPE, {"request": request, **properties})


def test_a_job_on_demand_needs_neither_checkpoints_nor_a_wait():
    request = with_value(COMPLIANT, "EnableManagedSpotTraining", False)
    request = without(
        without(request, "CheckpointConfig"), "StoppingCondition.MaxWaitTimeInSeconds"
    )
    assert violations(SPOT_CHECKPOINTS, job(request)) == []
    assert violations(SPOT_WAIT, job(request)) == []


@pytest.mark.parametrize("spot", [True, UNKNOWN])
def test_a_job_that_may_turn_out_to_be_on_spot_needs_both(spot: Any):
    request = with_value(COMPLIANT, "EnableManagedSpotTraining", spot)
    request = without(
        without(request, "CheckpointConfig"), "StoppingCondition.MaxWaitTimeInSeconds"
    )
    assert violations(SPOT_CHECKPOINTS, job(request))
    assert violations(SPOT_WAIT, job(request))


def test_a_wait_is_held_against_the_services_runtime_where_none_is_set():
    request = without(COMPLIANT, "StoppingCondition.MaxRuntimeInSeconds")
    [violation] = violations(SPOT_WAIT, job(request))
    assert "86400" in str(violation)


@given(runtime=st.integers(1, 400_000), wait=st.integers(0, 400_000))
def test_a_spot_jobs_wait_passes_exactly_when_it_covers_its_runtime(runtime: int, wait: int):
    request = with_value(COMPLIANT, "StoppingCondition.MaxRuntimeInSeconds", runtime)
    request = with_value(request, "StoppingCondition.MaxWaitTimeInSeconds", wait)
    assert bool(violations(SPOT_WAIT, job(request))) is (wait < runtime)


@pytest.mark.parametrize(("count", "violated"), [(1, False), (2, True), (UNKNOWN, True)])
def test_traffic_is_encrypted_where_there_may_be_more_than_one_instance(count: Any, violated: bool):
    request = without(COMPLIANT, "EnableInterContainerTrafficEncryption")
    request = with_value(request, "ResourceConfig.InstanceCount", count)
    assert bool(violations(TRAFFIC_ENCRYPTION, job(request))) is violated


def test_the_instances_of_all_groups_count():
    group = {"InstanceType": NO_DISKS, "InstanceCount": 1, "InstanceGroupName": "a"}
    request = without(COMPLIANT, "EnableInterContainerTrafficEncryption")
    request["ResourceConfig"] = {"InstanceGroups": [group, group]}
    assert violations(TRAFFIC_ENCRYPTION, job(request))
    request["ResourceConfig"] = {"InstanceGroups": [group]}
    assert violations(TRAFFIC_ENCRYPTION, job(request)) == []


def test_a_volume_key_is_asked_for_exactly_where_the_type_takes_one():
    request = without(COMPLIANT, "ResourceConfig.VolumeKmsKeyId")
    for type_, facts in instance_types().items():
        asked = violations(
            VOLUME_KEY, job(with_value(request, "ResourceConfig.InstanceType", type_))
        )
        assert bool(asked) is not facts.has_local_storage, type_


@pytest.mark.parametrize("type_", ["ml.new.xlarge", UNKNOWN, None])
def test_a_type_that_nobody_knows_counts_as_one_that_takes_a_volume_key(type_: Any):
    request = without(COMPLIANT, "ResourceConfig.VolumeKmsKeyId")
    assert violations(VOLUME_KEY, job(with_value(request, "ResourceConfig.InstanceType", type_)))


def test_a_secrets_value_is_never_printed():
    request = with_value(COMPLIANT, "Environment.NOTE", TOKEN)
    [violation] = violations(NO_SECRETS, job(request))
    assert "Environment.NOTE" in str(violation)
    assert TOKEN not in str(violation)


def test_the_providers_tags_count_on_pulumi_awss_own_job():
    everywhere = {"team": "research", "environment": "dev"}
    assert violations(REQUIRED_TAGS, resource(AWS_TYPE, {"tagsAll": everywhere})) == []
    partly = {"tagsAll": {"team": "research"}, "tags": {"environment": "dev"}}
    assert violations(REQUIRED_TAGS, resource(AWS_TYPE, partly)) == []
    assert violations(REQUIRED_TAGS, resource(AWS_TYPE, {"tagsAll": {"team": "research"}}))


@pytest.mark.parametrize(
    ("environment", "violated"), [("dev", False), ("prod", True), ("production", True), ("", True)]
)
def test_a_shell_is_refused_in_production_and_where_nobody_says_what_it_is(
    environment: str, violated: bool
):
    request = with_value(COMPLIANT, "RemoteDebugConfig.EnableRemoteDebug", True)
    stack = Stack("stack", "research", environment)
    assert bool(violations(REMOTE_DEBUG, job(request), stack=stack)) is violated


class TestWhereAJobWrites:
    bucket = resource("aws:s3/bucket:Bucket", {"bucket": "store"}, "store")

    def judged(self, request: dict[str, Any], *others: Any, **values: Any) -> list[str]:
        found = violations(ARTIFACT_LOCATIONS, [job(request), *others], values)
        return [str(each.asked) for each in found]

    def test_the_stacks_own_bucket_is_the_place(self):
        assert self.judged(COMPLIANT, self.bucket) == []

    def test_another_bucket_is_not(self):
        request = with_value(COMPLIANT, "OutputDataConfig.S3OutputPath", "s3://store-2/output")
        assert self.judged(request, self.bucket) == ["s3://store-2/output"]

    def test_nor_is_any_where_the_stack_has_no_bucket(self):
        assert len(self.judged(COMPLIANT)) == 2

    def test_a_bucket_that_the_configuration_names_is(self):
        assert self.judged(COMPLIANT, buckets=["sto*"]) == []

    def test_a_location_that_is_not_known_yet_is_judged_at_the_update(self):
        request = with_value(COMPLIANT, "OutputDataConfig.S3OutputPath", UNKNOWN)
        request = with_value(request, "CheckpointConfig.S3Uri", UNKNOWN)
        assert self.judged(request) == []

    def test_what_travels_through_extra_is_judged_too(self):
        request = COMPLIANT | {"ProfilerConfig": {"S3OutputPath": "s3://elsewhere/profile"}}
        assert self.judged(request, self.bucket) == ["s3://elsewhere/profile"]

    def test_the_violation_names_the_job(self):
        [violation, _] = violations(ARTIFACT_LOCATIONS, [job(COMPLIANT)])
        assert violation.subject == job(COMPLIANT).urn


def test_a_key_is_known_to_be_no_secret():
    assert violations(NO_SECRETS, job(with_value(COMPLIANT, "Environment.KEY", KEY))) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@settings(max_examples=15)
@given(JSON, st.integers(0, 3))
def test_no_value_of_a_request_brings_a_rule_down(value: Any, above: int):
    """An exception would end the run with a traceback instead of a verdict."""
    for case in CASES:
        path = case.path.split(".")
        is_violated(case, with_value(COMPLIANT, ".".join(path[: max(1, len(path) - above)]), value))
