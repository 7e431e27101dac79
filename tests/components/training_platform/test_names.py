from __future__ import annotations

import pytest

from components.alerts.alert_settings import AlertSettings
from components.alerts.alerts import Alerts, AlertsArgs
from components.artifact_store.artifact_settings import ArtifactSettings
from components.artifact_store.artifact_store import ArtifactStore, ArtifactStoreArgs
from components.execution_role.execution_documents import ExecutionScope
from components.execution_role.execution_role import ExecutionRole, ExecutionRoleArgs
from components.network.network import Network, NetworkArgs
from components.network.network_settings import NetworkSettings
from components.site import Site
from components.training_job.settings.job_needs import JobNeeds
from tests.components.recording import ACCOUNT, REGION, Recording, record

LONGEST_PREFIX = "p" * 36
RANDOM_SUFFIX = len("-0a1b2c3")
LONGEST = {
    "budgets/budget:Budget": 100,
    "cloudwatch/eventRule:EventRule": 64,
    "cloudwatch/logGroup:LogGroup": 512,
    "cloudwatch/metricAlarm:MetricAlarm": 255,
    "ec2/securityGroup:SecurityGroup": 255,
    "iam/role:Role": 64,
    "iam/rolePolicy:RolePolicy": 128,
    "s3/bucket:Bucket": 63,
    "sfn/stateMachine:StateMachine": 80,
    "sns/topic:Topic": 256,
}
SITE = Site(ACCOUNT, REGION, LONGEST_PREFIX, zones=[f"{REGION}a"], tags={"team": "research"})


def platform() -> None:
    store = ArtifactStore(
        f"{LONGEST_PREFIX}-store",
        ArtifactStoreArgs(
            SITE,
            ArtifactSettings(),
            alerts=True,
            s3_endpoint_id="vpce-1",
            execution_role_arn="role",
        ),
    )
    Network(
        f"{LONGEST_PREFIX}-network",
        NetworkArgs(
            SITE,
            NetworkSettings(interface_endpoints=["sagemaker.featurestore-runtime"], nat="single"),
            JobNeeds(),
            artifact_bucket_arn=store.bucket_arn,
            flow_log_key_arn=store.key_arn,
        ),
    )
    ExecutionRole(
        f"{LONGEST_PREFIX}-execution",
        ExecutionRoleArgs(SITE, ExecutionScope(SITE, JobNeeds(), "arn:aws:s3:::store", "key")),
    )
    Alerts(
        f"{LONGEST_PREFIX}-alerts",
        AlertsArgs(
            SITE,
            AlertSettings.model_validate(
                {
                    "slack": {"workspaceId": "T0123456789", "channelId": "C0123456789"},
                    "prolonged": {"after": "1h"},
                    "monthlyBudgetUsd": 1,
                }
            ),
            bucket_name=store.bucket_name,
            key_arn=store.key_arn,
            tunes=True,
        ),
    )


@pytest.fixture(scope="module")
def longest() -> Recording:
    return record(platform)


@pytest.mark.parametrize("type_", sorted(LONGEST))
def test_a_name_with_its_random_suffix_fits_what_aws_allows(longest: Recording, type_: str):
    named = longest.of(type_)
    assert named
    assert max(len(each.name) for each in named) + RANDOM_SUFFIX <= LONGEST[type_]


@pytest.mark.parametrize("type_", sorted(LONGEST))
def test_no_name_is_fixed_so_that_two_stacks_share_an_account(longest: Recording, type_: str):
    fixed = {"name", "namePrefix", "bucket", "bucketPrefix"}
    assert not any(fixed & set(each.inputs) for each in longest.of(type_))
