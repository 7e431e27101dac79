"""Each rule for the platform's resources: compliant, violating, missing, unknown, irrelevant."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.alerts.alert_documents import chat_trust
from components.alerts.alert_settings import IdleSettings, ProlongedSettings
from components.alerts.watch import Watch
from components.alerts.watchdog_documents import (
    schedule_policy,
    schedule_trust,
    watchdog_policy,
    watchdog_trust,
)
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
from components.site import Site
from components.training_job.settings.job_needs import JobNeeds
from tests.components.file_systems import file_system
from tests.policies.platform_rules.bucket_cases import BUCKET_CASES
from tests.policies.platform_rules.cases import Case
from tests.policies.platform_rules.identity_cases import IDENTITY_CASES
from tests.policies.platform_rules.network_cases import NETWORK_CASES
from tests.policies.subjects import resource, violations
from training_policies.platform_rules import PLATFORM_POLICIES
from training_policies.policy import Policy
from training_policies.resource import UNKNOWN

POLICIES = {policy.name: policy for policy in PLATFORM_POLICIES}
CASES = (*BUCKET_CASES, *IDENTITY_CASES, *NETWORK_CASES)


def is_violated(case: Case, value: Any) -> bool:
    """Whether the rule says so of the property with this value; None leaves it out."""
    inputs = copy.deepcopy(case.inputs)
    *parents, last = case.path.split(".")
    found = inputs
    for part in parents:
        found = found.setdefault(part, {})
    found[last] = value
    return bool(violations(POLICIES[case.policy], resource(case.type, inputs), case.values))


NAMED = [pytest.param(each, id=f"{each.policy} {index}") for index, each in enumerate(CASES)]


@pytest.mark.parametrize("case", NAMED)
def test_what_is_compliant_passes(case: Case):
    assert [each for each in case.good if is_violated(case, each)] == []


@pytest.mark.parametrize("case", NAMED)
def test_what_is_not_is_a_violation(case: Case):
    assert [each for each in case.bad if not is_violated(case, each)] == []


@pytest.mark.parametrize("case", NAMED)
def test_what_is_missing_is_a_violation_where_the_default_is_no_good(case: Case):
    assert is_violated(case, None) is case.missing


@pytest.mark.parametrize("case", NAMED)
def test_what_is_unknown_is_a_violation_but_for_references(case: Case):
    assert is_violated(case, UNKNOWN) is case.unknown


@pytest.mark.parametrize("policy", PLATFORM_POLICIES, ids=lambda each: each.name)
def test_other_resources_are_not_judged(policy: Any):
    others = [
        resource("aws:ec2/eip:Eip", {"domain": "vpc"}),
        resource("aws:budgets/budget:Budget", {"policy": "nonsense", "forceDestroy": True}),
        resource("pulumi-python:dynamic/sagemaker:TrainingJob", {}),
    ]
    assert violations(policy, others) == []


def test_every_resource_policy_is_in_the_table():
    judged = {case.policy for case in CASES}
    assert [each.name for each in PLATFORM_POLICIES if isinstance(each, Policy)
            and each.name not in judged] == []  # fmt: skip


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


ELEMENTS = ("Principal", "Action", "Resource")


STATEMENT = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Deny"])},
    optional=dict.fromkeys(
        (*(f"{turned}{each}" for turned in ("", "Not") for each in ELEMENTS), "Sid", "Condition"),
        JSON,
    ),
)


PATHS = {
    "aws:iam/role:Role": "assumeRolePolicy",
    "aws:iam/rolePolicy:RolePolicy": "policy",
    "aws:kms/keyPolicy:KeyPolicy": "policy",
    "aws:s3/bucketPolicy:BucketPolicy": "policy",
    "aws:sns/topicPolicy:TopicPolicy": "policy",
    "aws:ec2/vpcEndpoint:VpcEndpoint": "policy",
}


@settings(max_examples=20)
@given(JSON | st.fixed_dictionaries({"Statement": st.lists(STATEMENT, max_size=3)}))
def test_no_document_brings_a_rule_down(document: Any):
    """An exception would end the run with a traceback instead of a verdict."""
    for type_, path in PATHS.items():
        for value in (json.dumps(document), document):
            for policy in PLATFORM_POLICIES:
                if isinstance(policy, Policy):
                    violations(policy, resource(type_, {path: value}))


@settings(max_examples=20)
@given(JSON)
def test_no_value_of_a_property_brings_a_rule_down(value: Any):
    for case in CASES:
        is_violated(case, value)


ACCOUNT = "123456789012"


SUBJECT = "repo:acme/platform:environment:production"


TRUSTED = {"iam-role-trust": {"accounts": [ACCOUNT], "githubSubjects": [SUBJECT]}}


def documents(region: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Each type, the property that holds the document, and the document."""

    site = Site(ACCOUNT, region, "research-dev", tags={"team": "research"})
    bucket, key = site.bucket_arn("store"), site.arn("kms", "key/0")
    role = site.global_arn("iam", "role/one")
    needs = JobNeeds(
        repository_arns=[site.arn("ecr", "repository/training")],
        input_prefixes=["s3://data/train/", "s3://weights"],
        input_key_arns=[key],
        secret_arns=[site.arn("secretsmanager", "secret:hub-AbCdEf")],
        secret_key_arns=[key],
        file_systems=[file_system("fs-1", "EFS", "sg-2"), file_system("fs-2", "FSxLustre", "sg-3")],
        volume_encryption=True,
    )
    job = ExecutionScope(
        site,
        needs,
        artifact_bucket_arn=bucket,
        key_arn=key,
        subnet_ids=["subnet-1"],
        security_group_ids=["sg-1"],
    )
    deployer = DeployerScope(
        site,
        limits=LaunchLimits(["c5", "g5"], ["c5"], isolated=True),
        alerts=True,
        dashboard=True,
        execution_role_arn=role,
        artifact_bucket_arn=bucket,
        key_arn=key,
        subnet_ids=["subnet-1"],
        security_group_ids=["sg-1"],
        repository_arns=[site.arn("ecr", "repository/training")],
    )
    watch = Watch(
        site,
        ProlongedSettings(after=12 * 3600, stop=True),
        owner=deployer.owner,
        topic_arn=site.arn("sns", "alerts"),
        key_arn=key,
    )
    policies = [
        execution_policy(job),
        deployer_policy(deployer),
        deployer_policy(replace(deployer, tunes=True)),
        flow_log_policy(site.arn("logs", "log-group:flows")),
        watchdog_policy(watch),
        watchdog_policy(replace(watch, tunes=True)),
        watchdog_policy(replace(watch, tunes=True, idle=IdleSettings(after=1800))),
        schedule_policy(site.arn("states", "stateMachine:watchdog")),
    ]
    trusts = [
        execution_trust(site),
        execution_trust(site, tunes=True),
        flow_log_trust(site),
        deployer_trust(site, [role], [SUBJECT]),
        watchdog_trust(site),
        schedule_trust(site),
        chat_trust(),
    ]
    endpoints = [
        s3_endpoint_policy(site, bucket, ["s3://data/train/"], image_layers=True),
        interface_endpoint_policy(site),
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
        ("aws:kms/keyPolicy:KeyPolicy", "policy", key_policy(site, alerts=True)),
    ]


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1", "cn-north-1", "us-gov-west-1"])
def test_every_document_of_the_project_passes(region: str):
    for type_, path, document in documents(region):
        judged = resource(type_, {path: json.dumps(document)})
        said = [
            str(each)
            for policy in PLATFORM_POLICIES
            for each in violations(policy, judged, TRUSTED.get(policy.name))
        ]
        assert said == [], f"{type_}.{path}"


@pytest.mark.parametrize("sid", ["LaunchJobs", "ReadJobs", "StopAndTagJobs", "TagNewJobs"])
def test_a_deployer_of_all_tuning_jobs_or_trials_of_the_account_is_refused(sid: str):
    [policy] = [
        each
        for type_, _, each in documents("us-east-1")
        if type_ == "aws:iam/rolePolicy:RolePolicy" and "CreateHyperParameterTuningJob" in str(each)
    ]
    index = [each["Sid"] for each in policy["Statement"]].index(sid)
    for kind in ("hyper-parameter-tuning-job", "training-job"):
        wider = copy.deepcopy(policy)
        wider["Statement"][index]["Resource"].append(
            f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:{kind}/*"
        )
        judged = resource("aws:iam/rolePolicy:RolePolicy", {"policy": json.dumps(wider)})
        assert violations(POLICIES["iam-wildcard-resources"], judged)


def test_who_is_not_listed_is_refused_with_the_line_that_would_list_them_too():
    listed = {"accounts": ["111111111111"], "githubSubjects": ["repo:acme/other:*"]}
    trust = deployer_trust(
        Site(ACCOUNT, "us-east-1", "dev"), [f"arn:aws:iam::{ACCOUNT}:role/one"], [SUBJECT]
    )
    judged = resource("aws:iam/role:Role", {"assumeRolePolicy": json.dumps(trust)})
    found = [each.remedy for each in violations(POLICIES["iam-role-trust"], judged, listed)]
    start = 'remove them, or ask for this line in the configuration: "policies": '
    assert [json.loads(each.removeprefix(start))["iam-role-trust"] for each in found] == [
        {"accounts": ["111111111111", ACCOUNT]},
        {"githubSubjects": ["repo:acme/other:*", SUBJECT]},
    ]
