from __future__ import annotations

from typing import Any

import pytest

from tests.policies.subjects import violations
from tests.policies.training_rules.test_training_rules import (
    COMPLIANT,
    POLICIES,
    job,
    with_value,
    without,
)
from training_policies.instances import instance_types
from training_policies.policy import Stack
from training_policies.resource import UNKNOWN

NO_DISKS = "ml.c5.xlarge"


@pytest.mark.parametrize(("count", "violated"), [(1, False), (2, True), (UNKNOWN, True)])
def test_traffic_is_encrypted_where_there_may_be_more_than_one_instance(count: Any, violated: bool):
    request = without(COMPLIANT, "EnableInterContainerTrafficEncryption")
    request = with_value(request, "ResourceConfig.InstanceCount", count)
    assert bool(violations(POLICIES["training-traffic-encryption"], job(request))) is violated


def test_the_instances_of_all_groups_count():
    group = {"InstanceType": NO_DISKS, "InstanceCount": 1, "InstanceGroupName": "a"}
    request = without(COMPLIANT, "EnableInterContainerTrafficEncryption")
    request["ResourceConfig"] = {"InstanceGroups": [group, group]}
    assert violations(POLICIES["training-traffic-encryption"], job(request))
    request["ResourceConfig"] = {"InstanceGroups": [group]}
    assert violations(POLICIES["training-traffic-encryption"], job(request)) == []


def test_a_volume_key_is_asked_for_exactly_where_the_type_takes_one():
    request = without(COMPLIANT, "ResourceConfig.VolumeKmsKeyId")
    for type_, facts in instance_types().items():
        asked = violations(
            POLICIES["training-volume-key"],
            job(with_value(request, "ResourceConfig.InstanceType", type_)),
        )
        assert bool(asked) is not facts.has_local_storage, type_


@pytest.mark.parametrize("type_", ["ml.new.xlarge", UNKNOWN, None])
def test_an_unknown_type_counts_as_one_that_takes_a_volume_key(type_: Any):
    request = without(COMPLIANT, "ResourceConfig.VolumeKmsKeyId")
    assert violations(
        POLICIES["training-volume-key"],
        job(with_value(request, "ResourceConfig.InstanceType", type_)),
    )


@pytest.mark.parametrize(
    ("environment", "violated"), [("dev", False), ("prod", True), ("production", True), ("", True)]
)
def test_a_shell_is_refused_in_production_and_in_an_unknown_environment(
    environment: str, violated: bool
):
    request = with_value(COMPLIANT, "RemoteDebugConfig.EnableRemoteDebug", True)
    stack = Stack("stack", "research", environment)
    assert (
        bool(violations(POLICIES["training-remote-debug"], job(request), stack=stack)) is violated
    )
