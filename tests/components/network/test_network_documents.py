from __future__ import annotations

import pytest

from components.network.network_documents import (
    flow_log_policy,
    flow_log_trust,
    interface_endpoint_policy,
    s3_endpoint_policy,
)
from components.policy_documents import Document
from tests.components.evaluation import allowed
from tests.components.policies import actions, lint, lint_trust, scope, statement
from tests.components.recording import ACCOUNT, REGION, SITE

BUCKET = "arn:aws:s3:::team-artifacts"
OBJECTS = f"{BUCKET}/*"
OWN = {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}
LOG_GROUP = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:flows"

ENDPOINT_POLICIES = [
    s3_endpoint_policy(SITE, BUCKET),
    s3_endpoint_policy(
        SITE, BUCKET, ["s3://data/train/"], image_layers=True, further_buckets=["hub"]
    ),
    interface_endpoint_policy(SITE),
]
FLOW_LOG_POLICY = flow_log_policy(LOG_GROUP)
FLOW_LOG_TRUST = flow_log_trust(SITE)


@pytest.mark.parametrize("document", [*ENDPOINT_POLICIES, FLOW_LOG_POLICY])
def test_the_linter_finds_nothing_in_a_networks_policy(document: Document):
    assert lint(document) == set()


def test_the_linter_finds_nothing_in_the_trust_of_flow_logs():
    assert lint_trust(FLOW_LOG_TRUST) == set()


@pytest.mark.parametrize("document", [*ENDPOINT_POLICIES, FLOW_LOG_POLICY, FLOW_LOG_TRUST])
def test_every_statement_of_a_networks_documents_has_a_name_of_its_own(document: Document):
    names = [each["Sid"] for each in document["Statement"]]
    assert len(names) == len(set(names))


def test_flow_logs_are_written_for_this_account_and_region_only():
    (only,) = FLOW_LOG_TRUST["Statement"]
    assert only["Principal"] == {"Service": "vpc-flow-logs.amazonaws.com"}
    assert only["Action"] == "sts:AssumeRole"
    assert only["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": f"arn:aws:ec2:{REGION}:{ACCOUNT}:vpc-flow-log/*"},
    }


def test_flow_logs_are_written_to_one_group_and_only_descriptions_name_every_resource():
    assert scope(FLOW_LOG_POLICY, "logs:PutLogEvents") == [
        ([LOG_GROUP, f"{LOG_GROUP}:log-stream:*"], {})
    ]
    everywhere = [
        each["Action"] for each in FLOW_LOG_POLICY["Statement"] if "*" in each["Resource"]
    ]
    assert everywhere == [["logs:DescribeLogGroups"]]
    assert not any("*" in action for action in actions(FLOW_LOG_POLICY))


def test_the_s3_endpoint_leads_to_the_artifacts_only():
    document = ENDPOINT_POLICIES[0]
    assert actions(document) == {
        "s3:AbortMultipartUpload",
        "s3:DeleteObject",
        "s3:GetObject",
        "s3:ListBucket",
        "s3:PutObject",
    }
    assert scope(document, "s3:ListBucket") == [([BUCKET], OWN)]
    assert scope(document, "s3:PutObject") == [([OBJECTS], OWN)]


def test_the_s3_endpoint_leads_to_foreign_inputs_for_reading():
    document = s3_endpoint_policy(SITE, BUCKET, ["s3://data/train/"])
    assert scope(document, "s3:GetObject")[1] == (["arn:aws:s3:::data/train/*"], OWN)
    assert scope(document, "s3:ListBucket")[1] == (
        ["arn:aws:s3:::data"],
        {"StringLike": {"s3:prefix": ["train/*"]}, **OWN},
    )
    assert scope(document, "s3:PutObject") == [([OBJECTS], OWN)]


def test_the_s3_endpoint_leads_to_image_layers_only_where_images_come_through_the_vpc():
    layers = f"arn:aws:s3:::prod-{REGION}-starport-layer-bucket/*"
    assert statement(ENDPOINT_POLICIES[1], "PullImageLayers")["Resource"] == [layers]
    assert "starport" not in str(ENDPOINT_POLICIES[0])


PRESIGNED = {"aws:PrincipalAccount": "210987654321", "s3:authType": "REST-QUERY-STRING"}
"""What a presigned request of another account has."""


def test_an_address_that_another_account_presigned_leads_only_to_the_further_buckets():
    limited = s3_endpoint_policy(SITE, BUCKET)
    document = s3_endpoint_policy(SITE, BUCKET, further_buckets=["hub", "mirror"])
    for name in ("hub", "mirror"):
        weights = f"arn:aws:s3:::{name}/weights.bin"
        assert allowed(document, "s3:GetObject", weights, PRESIGNED)
        assert not allowed(limited, "s3:GetObject", weights, PRESIGNED)
    for other in ("arn:aws:s3:::hub-of-others/weights.bin", f"{BUCKET}/model.tar.gz"):
        assert not allowed(document, "s3:GetObject", other, PRESIGNED)


def test_nothing_is_written_to_or_listed_in_a_further_bucket():
    document = s3_endpoint_policy(SITE, BUCKET, further_buckets=["hub"])
    for account in (ACCOUNT, PRESIGNED["aws:PrincipalAccount"]):
        caller = {"aws:PrincipalAccount": account}
        assert not allowed(document, "s3:PutObject", "arn:aws:s3:::hub/data", caller)
        assert not allowed(document, "s3:ListBucket", "arn:aws:s3:::hub", caller)


@pytest.mark.parametrize("document", ENDPOINT_POLICIES)
def test_an_endpoint_serves_only_principals_of_the_account(document: Document):
    others = {"PullImageLayers", "ReadFurtherBuckets"}
    own = [each for each in document["Statement"] if each["Sid"] not in others]
    assert own
    assert all(each["Condition"].items() >= OWN.items() for each in own)
