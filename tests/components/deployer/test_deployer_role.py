from __future__ import annotations

import dataclasses

import pulumi

from components.deployer.deployer_documents import deployer_policy, deployer_trust
from components.deployer.deployer_role import DeployerRole, DeployerRoleArgs
from components.deployer.deployer_scope import DeployerScope, LaunchLimits
from components.deployer.deployer_settings import DeployerSettings
from tests.components.recording import ACCOUNT, REGION, SITE, Recording, record

PIPELINE = f"arn:aws:iam::{ACCOUNT}:role/pipeline"
SCOPE = DeployerScope(
    site=SITE,
    limits=LaunchLimits(["g5"], [], isolated=True),
    alerts=True,
    execution_role_arn=f"arn:aws:iam::{ACCOUNT}:role/execution",
    artifact_bucket_arn="arn:aws:s3:::team-artifacts",
    key_arn=f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0a1b2c3d",
    subnet_ids=["subnet-1"],
    security_group_ids=["sg-1"],
    repository_arns=[f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/training"],
)
ARGS = DeployerRoleArgs(SITE, DeployerSettings(trusted_principals=[PIPELINE]), SCOPE)


def deployer(args: DeployerRoleArgs = ARGS) -> Recording:
    return record(lambda: DeployerRole("deployer", args))


def test_a_deployer_is_one_role_with_one_inline_policy():
    recording = deployer()
    assert recording.types == {"iam/role:Role", "iam/rolePolicy:RolePolicy"}
    assert "managedPolicyArns" not in recording.the("iam/role:Role").inputs


def test_a_deployer_is_trusted_and_allowed_as_its_documents_say():
    recording = deployer()
    trust = recording.the("iam/role:Role").document("assumeRolePolicy")
    assert trust == deployer_trust(SITE, [PIPELINE], [])
    policy = recording.the("iam/rolePolicy:RolePolicy").document()
    assert policy == deployer_policy(SCOPE)


def test_a_deployer_takes_what_other_components_will_output():
    scope = pulumi.Output.all(subnet_ids=["subnet-later"]).apply(
        lambda known: dataclasses.replace(SCOPE, **known)
    )
    later = dataclasses.replace(ARGS, scope=scope)
    policy = deployer(later).the("iam/rolePolicy:RolePolicy").document()
    assert "subnet-later" in str(policy)
