"""The documents of this project's own roles and resources pass, with all that they can have."""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.alerts.alert_documents import chat_trust
from components.alerts.watchdog_documents import (
    Watch,
    schedule_policy,
    schedule_trust,
    watchdog_policy,
    watchdog_trust,
)
from components.arns import partition
from components.artifact_store.artifact_documents import bucket_policy, key_policy
from components.deployer.deployer_documents import deployer_policy, deployer_trust
from components.deployer.deployer_scope import DeployerScope, LaunchLimits
from components.execution_role.execution_documents import (
    ExecutionScope,
    execution_policy,
    execution_trust,
)
from components.network.network_documents import (
    flow_log_policy,
    flow_log_trust,
    interface_endpoint_policy,
    s3_endpoint_policy,
)
from components.training_job.settings.file_systems import FileSystem
from training_policies.harness import resource, violations
from training_policies.platform_rules import PLATFORM_POLICIES

ACCOUNT = "123456789012"
SUBJECT = "repo:acme/platform:environment:production"


def documents(region: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Each type, the property that holds the document, and the document."""

    def arn(service: str, name: str, where: str = region) -> str:
        return f"arn:{partition(region)}:{service}:{where}:{ACCOUNT}:{name}"

    bucket, key = f"arn:{partition(region)}:s3:::store", arn("kms", "key/0")
    role = arn("iam", "role/one", "")
    job = ExecutionScope(
        account_id=ACCOUNT,
        region=region,
        artifact_bucket_arn=bucket,
        key_arn=key,
        repository_arns=[arn("ecr", "repository/training")],
        input_prefixes=["s3://data/train/", "s3://weights"],
        input_key_arns=[key],
        secret_arns=[arn("secretsmanager", "secret:hub-AbCdEf")],
        secret_key_arns=[key],
        file_systems=[FileSystem("fs-1", "EFS", "sg-2"), FileSystem("fs-2", "FSxLustre", "sg-3")],
        subnet_ids=["subnet-1"],
        security_group_ids=["sg-1"],
    )
    deployer = DeployerScope(
        account_id=ACCOUNT,
        region=region,
        name_prefix="research-dev",
        tags={"team": "research"},
        limits=LaunchLimits(["c5", "g5"], ["c5"], isolated=True, encrypted_traffic=True),
        alerts=True,
        execution_role_arn=role,
        artifact_bucket_arn=bucket,
        key_arn=key,
        subnet_ids=["subnet-1"],
        security_group_ids=["sg-1"],
        repository_arns=[arn("ecr", "repository/training")],
    )
    watch = Watch(
        account_id=ACCOUNT,
        region=region,
        job_name_prefix="research-dev-",
        owner=deployer.owner,
        topic_arn=arn("sns", "alerts"),
        key_arn=key,
        seconds=12 * 3600,
        stop=True,
    )
    policies = [
        execution_policy(job),
        deployer_policy(deployer),
        flow_log_policy(arn("logs", "log-group:flows")),
        watchdog_policy(watch),
        schedule_policy(arn("states", "stateMachine:watchdog")),
    ]
    trusts = [
        execution_trust(ACCOUNT, region),
        flow_log_trust(ACCOUNT, region),
        deployer_trust(ACCOUNT, region, [role], [SUBJECT]),
        watchdog_trust(watch),
        schedule_trust(watch),
        chat_trust(),
    ]
    endpoints = [
        s3_endpoint_policy(ACCOUNT, region, bucket, ["s3://data/train/"], image_layers=True),
        interface_endpoint_policy(ACCOUNT),
    ]
    return [
        *(("aws:iam/rolePolicy:RolePolicy", "policy", each) for each in policies),
        *(("aws:iam/role:Role", "assumeRolePolicy", each) for each in trusts),
        *(("aws:ec2/vpcEndpoint:VpcEndpoint", "policy", each) for each in endpoints),
        (
            "aws:s3/bucketPolicy:BucketPolicy",
            "policy",
            bucket_policy(bucket, key, "vpce-1", [role]),
        ),
        ("aws:kms/keyPolicy:KeyPolicy", "policy", key_policy(ACCOUNT, region, alerts=True)),
    ]


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1", "cn-north-1", "us-gov-west-1"])
def test_every_document_of_the_project_passes(region: str):
    for type_, path, document in documents(region):
        judged = resource(type_, {path: json.dumps(document)})
        said = [str(each) for policy in PLATFORM_POLICIES for each in violations(policy, judged)]
        assert said == [], f"{type_}.{path}"
