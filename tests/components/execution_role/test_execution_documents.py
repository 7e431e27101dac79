from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from components.execution_role.execution_documents import (
    ExecutionScope,
    execution_policy,
    execution_trust,
)
from components.policy_documents import Document
from components.training_job.settings.job_needs import JobNeeds
from localcloud.permissions.context import Context
from localcloud.permissions.evaluation import Principal, Request, trusts
from localcloud.permissions.policy_documents import parse
from tests.components.evaluation import allowed
from tests.components.file_systems import file_system
from tests.components.policies import actions, as_list, lint, lint_trust, scope
from tests.components.recording import ACCOUNT, REGION, SITE

BUCKET = "arn:aws:s3:::team-artifacts"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0a1b2c3d"
REPOSITORY = f"arn:aws:ecr:{REGION}:763104351884:repository/pytorch-training"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:hub-AbCdEf"
SECRET_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/8c9d0e1f"
EFS = f"arn:aws:elasticfilesystem:{REGION}:{ACCOUNT}:file-system/fs-0123456789abcdef0"
INPUT_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/4e5f6a7b"
SUBNET = f"arn:aws:ec2:{REGION}:{ACCOUNT}:subnet/subnet-1"
VPC = f"arn:aws:ec2:{REGION}:{ACCOUNT}:vpc/vpc-1"
INTERFACES = f"arn:aws:ec2:{REGION}:{ACCOUNT}:network-interface/*"
LOG_GROUP = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/sagemaker/TrainingJobs"
THROUGH_SECRETS = {"StringEquals": {"kms:ViaService": [f"secretsmanager.{REGION}.amazonaws.com"]}}
THROUGH_S3 = {"StringEquals": {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}}

SMALLEST = ExecutionScope(SITE, JobNeeds(), artifact_bucket_arn=BUCKET, key_arn=KEY)
LARGEST = replace(
    SMALLEST,
    needs=JobNeeds(
        repository_arns=[REPOSITORY],
        input_prefixes=["s3://data/train/", "s3://data/labels.csv", "s3://weights"],
        input_key_arns=[INPUT_KEY],
        secret_arns=[SECRET],
        secret_key_arns=[SECRET_KEY],
        file_systems=[
            file_system("fs-0123456789abcdef0", "EFS", "sg-2"),
            file_system("fs-0123456789abcdef1", "FSxLustre", "sg-3"),
        ],
        volume_encryption=True,
    ),
    vpc_id="vpc-1",
    subnet_ids=["subnet-1"],
    security_group_ids=["sg-1"],
)
DOCUMENTS = [
    execution_policy(SMALLEST),
    execution_policy(LARGEST),
]
TRUST = execution_trust(SITE)
TUNING_TRUST = execution_trust(SITE, tunes=True)
TRIAL = f"{SITE.tuning_name_prefix}digits-0a1b2c3d-1-001-9f8e7d6c"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_linter_finds_nothing_in_a_roles_policy(document: Document):
    assert lint(document) == set()


@pytest.mark.parametrize("trust", [TRUST, TUNING_TRUST])
def test_the_linter_finds_nothing_in_the_trust_policy(trust: Document):
    assert lint_trust(trust) == set()


def test_the_linter_would_find_an_action_that_does_not_exist():
    document = execution_policy(SMALLEST)
    document["Statement"][0]["Action"] = ["s3:ListBuket"]
    assert "UNKNOWN_ACTION" in lint(document)


@pytest.mark.parametrize("document", [*DOCUMENTS, TRUST])
def test_every_statement_has_a_name_of_its_own(document: Document):
    names = [statement["Sid"] for statement in document["Statement"]]
    assert len(names) == len(set(names))


def test_the_role_is_assumed_by_sagemaker_for_this_account_and_region_only():
    (statement,) = TRUST["Statement"]
    assert statement["Principal"] == {"Service": "sagemaker.amazonaws.com"}
    assert statement["Action"] == "sts:AssumeRole"
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:training-job/*"},
    }


@pytest.mark.parametrize(
    ("source", "account", "without_tuning", "with_tuning"),
    [
        (f"{REGION}:{ACCOUNT}:training-job/{TRIAL}", ACCOUNT, True, True),
        (f"{REGION}:{ACCOUNT}:hyper-parameter-tuning-job/any", ACCOUNT, False, True),
        (f"{REGION}:{ACCOUNT}:processing-job/any", ACCOUNT, False, False),
        (f"eu-west-1:{ACCOUNT}:hyper-parameter-tuning-job/any", ACCOUNT, False, False),
        (f"{REGION}:999999999999:hyper-parameter-tuning-job/any", ACCOUNT, False, False),
        (f"{REGION}:{ACCOUNT}:hyper-parameter-tuning-job/any", "999999999999", False, False),
    ],
)
def test_the_role_is_assumed_for_tuning_jobs_only_where_the_stack_tunes(
    source: str, account: str, without_tuning: bool, with_tuning: bool
):
    context = {
        "aws:SourceAccount": account,
        "aws:SourceArn": f"arn:aws:sagemaker:{source}",
    }
    principal = Principal(service="sagemaker.amazonaws.com")
    request = Request(principal, "sts:AssumeRole", None, Context(context))
    for trust, expected in ((TRUST, without_tuning), (TUNING_TRUST, with_tuning)):
        assert trusts(parse(json.dumps(trust)), request) is expected


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("s3:PutObject", f"{BUCKET}/checkpoints/research-dev-digits/tuning/{TRIAL}/last.pt"),
        ("s3:GetObject", f"{BUCKET}/checkpoints/research-dev-digits/tuning/{TRIAL}/last.pt"),
        ("s3:DeleteObject", f"{BUCKET}/checkpoints/research-dev-digits/tuning/{TRIAL}/last.pt"),
        ("s3:PutObject", f"{BUCKET}/output/research-dev-digits/{TRIAL}/output/model.tar.gz"),
        ("logs:CreateLogStream", f"{LOG_GROUP}:log-stream:{TRIAL}/algo-1-1789000000"),
        ("logs:PutLogEvents", f"{LOG_GROUP}:log-stream:{TRIAL}/algo-1-1789000000"),
        ("kms:CreateGrant", KEY),
        ("ec2:CreateNetworkInterface", SUBNET),
        ("ec2:CreateNetworkInterfacePermission", INTERFACES.replace("*", "eni-1")),
    ],
)
def test_a_trial_may_do_what_a_training_job_of_the_stack_may(action: str, resource: str):
    context = {"kms:GrantIsForAWSResource": "true", "ec2:Subnet": SUBNET}
    assert allowed(execution_policy(LARGEST), action, resource, context)


EXPECTED: dict[str, list[tuple[list[str], dict[str, Any]]]] = {
    "s3:ListBucket": [
        ([BUCKET], {}),
        (["arn:aws:s3:::data"], {"StringLike": {"s3:prefix": ["labels.csv*", "train/*"]}}),
        (["arn:aws:s3:::weights"], {"StringLike": {"s3:prefix": ["*"]}}),
    ],
    "s3:GetObject": [
        ([f"{BUCKET}/checkpoints/*", f"{BUCKET}/inputs/*", f"{BUCKET}/source/*"], {}),
        (
            [
                "arn:aws:s3:::data/labels.csv*",
                "arn:aws:s3:::data/train/*",
                "arn:aws:s3:::weights/*",
            ],
            {},
        ),
    ],
    "s3:PutObject": [([f"{BUCKET}/checkpoints/*", f"{BUCKET}/output/*"], {})],
    "s3:AbortMultipartUpload": [([f"{BUCKET}/checkpoints/*", f"{BUCKET}/output/*"], {})],
    "s3:DeleteObject": [([f"{BUCKET}/checkpoints/*"], {})],
    "kms:Decrypt": [
        ([INPUT_KEY], THROUGH_S3),
        ([KEY], THROUGH_S3),
        ([SECRET_KEY], THROUGH_SECRETS),
    ],
    "elasticfilesystem:DescribeFileSystems": [([EFS], {})],
    "elasticfilesystem:DescribeMountTargets": [([EFS], {})],
    "fsx:DescribeFileSystems": [(["*"], {})],
    "kms:Encrypt": [([KEY], THROUGH_S3)],
    "kms:GenerateDataKey": [([KEY], THROUGH_S3)],
    "kms:CreateGrant": [([KEY], {"Bool": {"kms:GrantIsForAWSResource": "true"}})],
    "ecr:BatchCheckLayerAvailability": [([REPOSITORY], {})],
    "ecr:BatchGetImage": [([REPOSITORY], {})],
    "ecr:GetDownloadUrlForLayer": [([REPOSITORY], {})],
    "ecr:GetAuthorizationToken": [(["*"], {})],
    "logs:CreateLogGroup": [([LOG_GROUP, f"{LOG_GROUP}:log-stream:*"], {})],
    "logs:CreateLogStream": [([LOG_GROUP, f"{LOG_GROUP}:log-stream:*"], {})],
    "logs:DescribeLogStreams": [([LOG_GROUP, f"{LOG_GROUP}:log-stream:*"], {})],
    "logs:PutLogEvents": [([LOG_GROUP, f"{LOG_GROUP}:log-stream:*"], {})],
    "cloudwatch:PutMetricData": [
        (["*"], {"StringEquals": {"cloudwatch:namespace": "/aws/sagemaker/TrainingJobs"}})
    ],
    "secretsmanager:GetSecretValue": [([SECRET], {})],
    "ec2:CreateNetworkInterface": [
        ([INTERFACES, SUBNET, f"arn:aws:ec2:{REGION}:{ACCOUNT}:security-group/sg-1"], {})
    ],
    "ec2:CreateNetworkInterfacePermission": [
        ([INTERFACES], {"ArnEquals": {"ec2:Subnet": [SUBNET]}})
    ],
    "ec2:DeleteNetworkInterface": [([INTERFACES], {"ArnEquals": {"ec2:Vpc": VPC}})],
    "ec2:DeleteNetworkInterfacePermission": [([INTERFACES], {})],
    "ec2:DescribeDhcpOptions": [(["*"], {})],
    "ec2:DescribeNetworkInterfaces": [(["*"], {})],
    "ec2:DescribeSecurityGroups": [(["*"], {})],
    "ec2:DescribeSubnets": [(["*"], {})],
    "ec2:DescribeVpcs": [(["*"], {})],
}


@pytest.mark.parametrize("action", sorted(EXPECTED))
def test_an_action_of_the_execution_role_reaches_exactly_what_it_must(action: str):
    assert scope(execution_policy(LARGEST), action) == EXPECTED[action]


def test_the_execution_role_has_no_other_action():
    assert actions(execution_policy(LARGEST)) == set(EXPECTED)


def test_what_a_stack_does_not_use_is_not_granted():
    unused = actions(execution_policy(LARGEST)) - actions(execution_policy(SMALLEST))
    assert {action.partition(":")[0] for action in unused} == {
        "ec2",
        "ecr",
        "elasticfilesystem",
        "fsx",
        "kms",
        "secretsmanager",
    }
    assert actions(execution_policy(SMALLEST)) & {"kms:CreateGrant", "ec2:DescribeVpcs"} == set()


def test_interfaces_in_a_subnet_that_is_taken_out_of_the_settings_can_still_be_removed():
    before, after = (
        scope(execution_policy(replace(LARGEST, subnet_ids=subnets)), "ec2:DeleteNetworkInterface")
        for subnets in (["subnet-1", "subnet-2"], ["subnet-1"])
    )
    assert before == after


@pytest.mark.parametrize("document", DOCUMENTS)
def test_only_the_documented_actions_name_every_resource(document: Document):
    everywhere = {
        action
        for statement in document["Statement"]
        if "*" in statement["Resource"]
        for action in statement["Action"]
    }
    describing = {action for action in everywhere if ":Describe" in action}
    assert everywhere - describing <= {"ecr:GetAuthorizationToken", "cloudwatch:PutMetricData"}
    assert not any("*" in action for action in actions(document))


def test_a_role_cannot_read_or_delete_models_that_are_there():
    document = execution_policy(LARGEST)
    readable = [arn for arns, _ in scope(document, "s3:GetObject") for arn in arns]
    deletable = [arn for arns, _ in scope(document, "s3:DeleteObject") for arn in arns]
    assert not any("/output/" in arn for arn in [*readable, *deletable])


def test_the_documents_of_other_partitions_name_their_own_arns():
    scope_in_china = replace(LARGEST, site=replace(SITE, region="cn-north-1"))
    arns = [
        arn
        for statement in execution_policy(scope_in_china)["Statement"]
        for arn in as_list(statement["Resource"])
        if any(part in arn for part in (":logs:", ":ec2:", ":::data", ":::weights"))
    ]
    assert arns
    assert all(arn.startswith("arn:aws-cn:") for arn in arns)


def test_an_input_location_that_holds_a_pattern_is_refused():
    with pytest.raises(ValueError, match="would read as a pattern"):
        execution_policy(replace(SMALLEST, needs=JobNeeds(input_prefixes=["s3://data/*"])))


def test_the_models_of_earlier_runs_are_read_only_where_a_job_goes_on_from_one() -> None:
    model = f"{BUCKET}/output/research-dev-digits-w47/a-job/output/model.tar.gz"
    needs = JobNeeds(last_models=True)
    assert not allowed(execution_policy(SMALLEST), "s3:GetObject", model, {})
    assert allowed(execution_policy(replace(SMALLEST, needs=needs)), "s3:GetObject", model, {})
