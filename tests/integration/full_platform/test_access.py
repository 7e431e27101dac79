"""The roles and the job's own placement, read from AWS."""

from __future__ import annotations

from typing import Any

import pytest

from components.deployer.deployer_documents import deployer_policy, deployer_trust
from components.deployer.deployer_scope import DeployerScope, LaunchLimits
from components.execution_role.execution_documents import (
    ExecutionScope,
    execution_policy,
    execution_trust,
)
from components.training_job.request.job_tags import OWNER_TAG
from components.training_job.settings.job_needs import JobNeeds
from tests.components.evaluation import allowed
from tests.integration.full_platform.conftest import Platform
from tests.integration.full_platform.options import (
    ACCOUNT,
    BOUNDARY,
    INPUTS,
    PIPELINE,
    SITE,
    TAGS,
    WORKFLOW,
)
from toolchain.environment import REGION

REPOSITORY = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/training"

pytestmark = [pytest.mark.integration, pytest.mark.deep]


@pytest.fixture
def iam(platform: Platform) -> Any:
    return platform.client("iam")


@pytest.fixture
def job(platform: Platform) -> dict[str, Any]:
    """The job, as DescribeTrainingJob has it."""
    [description] = platform.stack.jobs("work")
    return description


def test_the_execution_role_is_assumed_only_for_this_accounts_jobs_and_tuning_jobs(
    platform: Platform, iam: Any
):
    role = role_of(iam, platform.outputs["sagemaker_execution_role_arn"])
    assert role["AssumeRolePolicyDocument"] == execution_trust(SITE, tunes=True)


def test_the_execution_role_has_its_one_policy_and_no_other(platform: Platform, iam: Any):
    outputs = platform.outputs
    assert only_policy(iam, outputs["sagemaker_execution_role_arn"]) == execution_policy(
        ExecutionScope(
            SITE,
            JobNeeds(repository_arns=[REPOSITORY], input_prefixes=[INPUTS], volume_encryption=True),
            artifact_bucket_arn=f"arn:aws:s3:::{outputs['artifact_bucket_name']}",
            key_arn=outputs["artifact_key_arn"],
            vpc_id=outputs["vpc_id"],
            subnet_ids=outputs["private_subnet_ids"],
            security_group_ids=[outputs["training_security_group_id"]],
        )
    )


def test_the_deployer_role_is_assumed_only_by_the_named_pipelines(platform: Platform, iam: Any):
    role = role_of(iam, platform.outputs["deployer_role_arn"])
    assert role["AssumeRolePolicyDocument"] == deployer_trust(SITE, [PIPELINE], [WORKFLOW])


def test_the_deployer_role_has_its_one_policy_and_no_other(platform: Platform, iam: Any):
    policy = only_policy(iam, platform.outputs["deployer_role_arn"])
    assert policy == deployer_policy(deployer_scope(platform))


def test_the_deployer_may_launch_the_job_that_was_launched_and_no_other(
    platform: Platform, iam: Any, job: dict[str, Any]
):
    policy = only_policy(iam, platform.outputs["deployer_role_arn"])
    context = launch_context(platform, job)
    create, name = "sagemaker:CreateTrainingJob", job["TrainingJobArn"]
    assert allowed(policy, create, name, context)
    for change in (
        {"sagemaker:VpcSubnets": ["subnet-of-another"]},
        {"sagemaker:NetworkIsolation": "false"},
        {"sagemaker:InstanceTypes": ["ml.p5.48xlarge"]},
        {"sagemaker:OutputKmsKeyArn": "arn:aws:kms:us-east-1:123456789012:key/another"},
    ):
        assert not allowed(policy, create, name, context | change)


def test_the_job_runs_isolated_in_the_private_subnets(platform: Platform, job: dict[str, Any]):
    assert job["VpcConfig"] == {
        "Subnets": platform.outputs["private_subnet_ids"],
        "SecurityGroupIds": [platform.outputs["training_security_group_id"]],
    }
    assert job["EnableNetworkIsolation"] is True
    assert job["EnableInterContainerTrafficEncryption"] is True


def test_the_job_encrypts_volumes_and_output_with_the_stacks_key(
    platform: Platform, job: dict[str, Any]
):
    key = platform.outputs["artifact_key_arn"]
    assert job["ResourceConfig"]["VolumeKmsKeyId"] == key
    assert job["OutputDataConfig"]["KmsKeyId"] == key


def test_the_job_runs_as_the_execution_role_and_carries_the_stacks_tags(
    platform: Platform, job: dict[str, Any]
):
    role = platform.outputs["sagemaker_execution_role_arn"]
    assert job["RoleArn"] == role
    assert (
        tags_of(platform, job).items()
        >= (TAGS | {OWNER_TAG: platform.outputs["artifact_bucket_name"]}).items()
    )


def test_every_role_stays_within_the_accounts_boundary(platform: Platform, iam: Any):
    for name in roles_of(platform, iam):
        boundary = iam.get_role(RoleName=name)["Role"]["PermissionsBoundary"]
        assert boundary["PermissionsBoundaryArn"] == BOUNDARY


def test_every_role_carries_the_stacks_tags(platform: Platform, iam: Any):
    for name in roles_of(platform, iam):
        tags = iam.list_role_tags(RoleName=name)["Tags"]
        assert {each["Key"]: each["Value"] for each in tags}.items() >= TAGS.items()


def roles_of(platform: Platform, iam: Any) -> list[str]:
    """The names of the stack's roles."""
    names = [each["RoleName"] for each in iam.list_roles()["Roles"]]
    own = [each for each in names if each.startswith(f"{platform.prefix}-")]
    assert len(own) == 6  # execution, deployer, flow logs, chat, watchdog, its schedule
    return own


def role_of(iam: Any, arn: str) -> Any:
    return iam.get_role(RoleName=arn.rpartition("/")[2])["Role"]


def only_policy(iam: Any, arn: str) -> dict[str, Any]:
    """The policy of a role that has no other."""
    role = arn.rpartition("/")[2]
    assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []
    [name] = iam.list_role_policies(RoleName=role)["PolicyNames"]
    return dict(iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"])


def deployer_scope(platform: Platform) -> DeployerScope:
    outputs = platform.outputs
    return DeployerScope(
        SITE,
        limits=LaunchLimits(["m5"], ["m5"], isolated=True),
        alerts=True,
        dashboard=True,
        execution_role_arn=outputs["sagemaker_execution_role_arn"],
        artifact_bucket_arn=f"arn:aws:s3:::{outputs['artifact_bucket_name']}",
        key_arn=outputs["artifact_key_arn"],
        subnet_ids=outputs["private_subnet_ids"],
        security_group_ids=[outputs["training_security_group_id"]],
        repository_arns=[REPOSITORY],
        tunes=True,
        waits=True,
    )


def launch_context(platform: Platform, job: dict[str, Any]) -> dict[str, Any]:
    """What IAM would have seen of the job's launch."""
    tags = {f"aws:RequestTag/{key}": value for key, value in tags_of(platform, job).items()}
    return tags | {
        "sagemaker:VpcSubnets": job["VpcConfig"]["Subnets"],
        "sagemaker:VpcSecurityGroupIds": job["VpcConfig"]["SecurityGroupIds"],
        "sagemaker:InstanceTypes": [job["ResourceConfig"]["InstanceType"]],
        "sagemaker:NetworkIsolation": str(job["EnableNetworkIsolation"]).lower(),
        "sagemaker:InterContainerTrafficEncryption": str(
            job["EnableInterContainerTrafficEncryption"]
        ).lower(),
        "sagemaker:OutputKmsKeyArn": job["OutputDataConfig"]["KmsKeyId"],
        "sagemaker:VolumeKmsKeyArn": job["ResourceConfig"]["VolumeKmsKeyId"],
    }


def tags_of(platform: Platform, job: dict[str, Any]) -> dict[str, str]:
    listed = platform.client("sagemaker").list_tags(ResourceArn=job["TrainingJobArn"])["Tags"]
    return {each["Key"]: each["Value"] for each in listed}
