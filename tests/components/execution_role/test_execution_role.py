from __future__ import annotations

import dataclasses
from typing import Any

import pulumi
import pytest

from components.execution_role.execution_documents import (
    ExecutionScope,
    execution_policy,
    execution_trust,
)
from components.execution_role.execution_role import ExecutionRole, ExecutionRoleArgs
from components.training_job.settings.job_needs import JobNeeds
from tests.components.recording import ACCOUNT, REGION, SITE, Recording, record

BUCKET = "arn:aws:s3:::team-artifacts"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0a1b2c3d"
SCOPE = ExecutionScope(SITE, JobNeeds(), artifact_bucket_arn=BUCKET, key_arn=KEY)
ARGS = ExecutionRoleArgs(SITE, SCOPE)
POLICY = "iam/rolePolicy:RolePolicy"


def role(**changes: Any) -> Recording:
    return record(lambda: ExecutionRole("jobs", dataclasses.replace(ARGS, **changes)))


@pytest.fixture(scope="module")
def default() -> Recording:
    return role()


def test_a_role_has_one_inline_policy_and_no_managed_one(default: Recording):
    assert default.types == {"iam/role:Role", POLICY}
    assert "managedPolicyArns" not in default.the("iam/role:Role").inputs


def test_a_role_is_trusted_as_its_document_says(default: Recording):
    trust = default.the("iam/role:Role").document("assumeRolePolicy")
    assert trust == execution_trust(SITE)
    tuning = role(tunes=True).the("iam/role:Role").document("assumeRolePolicy")
    assert tuning == execution_trust(SITE, tunes=True)


def test_a_role_outside_a_vpc_may_do_nothing_with_networks(default: Recording):
    assert "ec2:" not in str(default.the(POLICY).document())


def test_a_role_is_granted_what_its_arguments_say_and_nothing_else():
    needs = JobNeeds(
        repository_arns=["arn:aws:ecr:us-east-1:763104351884:repository/pytorch-training"],
        input_prefixes=["s3://data/train/"],
        input_key_arns=["arn:aws:kms:us-east-1:123456789012:key/data"],
        secret_arns=["arn:aws:secretsmanager:us-east-1:123456789012:secret:hub-AbCdEf"],
    )
    scope = dataclasses.replace(
        SCOPE,
        needs=needs,
        vpc_id="vpc-1",
        subnet_ids=["subnet-1", "subnet-2"],
        security_group_ids=["sg-1"],
    )
    assert role(scope=scope).the(POLICY).document() == execution_policy(scope)


def test_a_role_takes_what_other_components_will_output():
    def program() -> None:
        scope = pulumi.Output.all(
            artifact_bucket_arn="arn:aws:s3:::later",
            subnet_ids=["subnet-later"],
            security_group_ids=["sg-later"],
        ).apply(lambda known: dataclasses.replace(SCOPE, **known))
        ExecutionRole("jobs", ExecutionRoleArgs(SITE, scope))

    document = str(record(program).the(POLICY).document())
    assert "arn:aws:s3:::later/checkpoints/*" in document
    assert "subnet/subnet-later" in document
    assert "security-group/sg-later" in document


def test_a_role_stays_within_the_boundary_that_the_account_sets(default: Recording):
    boundary = f"arn:aws:iam::{ACCOUNT}:policy/boundary"
    inputs = (
        role(site=dataclasses.replace(SITE, permissions_boundary=boundary))
        .the("iam/role:Role")
        .inputs
    )
    assert inputs["permissionsBoundary"] == boundary
    assert "permissionsBoundary" not in default.the("iam/role:Role").inputs


def test_a_job_waits_for_the_role_and_its_policy():
    made: list[ExecutionRole] = []
    record(lambda: made.append(ExecutionRole("jobs", ARGS)))
    kinds = {type(each).__name__ for each in made[0].dependencies}
    assert kinds == {"Role", "RolePolicy"}


def test_the_outputs_name_the_role(default: Recording):
    outputs = default.outputs["sagemaker-training:index:ExecutionRole"]
    assert outputs["arn"].endswith(":role/jobs-role-0a1b2c3")
    assert outputs["name"] == "jobs-role-0a1b2c3"
