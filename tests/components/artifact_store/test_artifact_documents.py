from __future__ import annotations

import pytest

from components.artifact_store.artifact_documents import bucket_policy, key_policy
from components.policy_documents import Document
from tests.components.evaluation import denied
from tests.components.policies import lint, statement
from tests.components.recording import ACCOUNT, REGION, SITE

BUCKET = "arn:aws:s3:::team-artifacts"
OBJECTS = f"{BUCKET}/*"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0a1b2c3d"
DEPLOYER = f"arn:aws:iam::{ACCOUNT}:role/deployer"
TLS = {"aws:SecureTransport": "true"}
HEADER = "s3:x-amz-server-side-encryption"

ROLE = f"arn:aws:iam::{ACCOUNT}:role/execution"

BUCKET_POLICIES = [
    bucket_policy(BUCKET, KEY),
    bucket_policy(BUCKET, KEY, "vpce-1", [DEPLOYER], ROLE),
]


@pytest.mark.parametrize("document", BUCKET_POLICIES)
def test_the_linter_finds_nothing_in_a_resources_policy(document: Document):
    assert lint(document) == set()


@pytest.mark.parametrize("alerts", [False, True])
def test_the_linter_finds_only_that_a_keys_policy_names_the_key_itself_by_a_star(alerts: bool):
    assert lint(key_policy(SITE, alerts)) == {"RESOURCE_STAR"}


def test_the_accounts_own_policies_decide_who_uses_the_key():
    administration = statement(key_policy(SITE), "AccountAdministersKey")
    assert administration["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}


def test_cloudwatch_logs_uses_the_key_only_for_this_accounts_log_groups():
    logs = statement(key_policy(SITE), "CloudWatchLogsEncrypts")
    assert logs["Principal"] == {"Service": f"logs.{REGION}.amazonaws.com"}
    assert logs["Action"] == [
        "kms:Decrypt",
        "kms:Encrypt",
        "kms:GenerateDataKey*",
        "kms:ReEncrypt*",
    ]
    groups = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:*"
    assert logs["Condition"] == {"StringLike": {"kms:EncryptionContext:aws:logs:arn": groups}}


def test_the_services_that_publish_alerts_use_the_key_only_for_this_accounts_topics():
    document = key_policy(SITE, alerts=True)
    topics = {"kms:EncryptionContext:aws:sns:topicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:*"}
    alarms = statement(document, "AlarmsAndBudgetsPublish")
    assert alarms["Principal"]["Service"] == ["budgets.amazonaws.com", "cloudwatch.amazonaws.com"]
    assert alarms["Condition"] == {
        "StringLike": topics,
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
    }
    assert statement(document, "EventsPublishAlerts")["Condition"]["StringLike"] == topics


def test_no_condition_on_the_source_silences_eventbridge():
    events = statement(key_policy(SITE, alerts=True), "EventsPublishAlerts")
    assert events["Principal"] == {"Service": "events.amazonaws.com"}
    assert "aws:Source" not in str(events["Condition"])


def test_without_alerts_their_services_cannot_use_the_key():
    services = [each["Principal"] for each in key_policy(SITE)["Statement"]]
    assert "events.amazonaws.com" not in str(services)


@pytest.mark.parametrize("alerts", [False, True])
def test_no_statement_of_a_key_is_for_everyone(alerts: bool):
    document = key_policy(SITE, alerts)
    assert all("*" not in str(each["Principal"]) for each in document["Statement"])


@pytest.mark.parametrize("document", BUCKET_POLICIES)
def test_a_buckets_policy_grants_nothing(document: Document):
    assert {each["Effect"] for each in document["Statement"]} == {"Deny"}


def test_a_bucket_refuses_plain_text_over_the_wire():
    denial = statement(BUCKET_POLICIES[0], "DenyInsecureTransport")
    assert denial["Action"] == ["s3:*"]
    assert denial["Resource"] == [BUCKET, OBJECTS]
    assert denial["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_a_bucket_refuses_a_put_with_other_encryption_but_not_one_without_a_header():
    denial = statement(BUCKET_POLICIES[0], "DenyOtherEncryption")
    assert denial["Action"] == ["s3:PutObject"]
    assert denial["Resource"] == [OBJECTS]
    assert denial["Condition"] == {
        "StringNotEquals": {HEADER: "aws:kms"},
        "Null": {HEADER: "false"},
    }


def test_a_bucket_refuses_a_put_with_another_key_but_not_one_without_a_header():
    denial = statement(BUCKET_POLICIES[0], "DenyOtherKeys")
    assert denial["Resource"] == [OBJECTS]
    assert denial["Condition"] == {
        "ArnNotEquals": {f"{HEADER}-aws-kms-key-id": KEY},
        "Null": {f"{HEADER}-aws-kms-key-id": "false"},
    }


def test_a_bucket_refuses_a_put_with_a_key_that_the_client_brings_along():
    denial = statement(BUCKET_POLICIES[0], "DenyCustomerProvidedKeys")
    assert denial["Condition"] == {"Null": {f"{HEADER}-customer-algorithm": "false"}}


def test_a_bucket_restricted_to_an_endpoint_exempts_its_deployers():
    denial = statement(BUCKET_POLICIES[1], "DenyOutsideEndpoint")
    assert denial["Condition"] == {
        "StringNotEquals": {"aws:SourceVpce": "vpce-1"},
        "ArnNotLike": {"aws:PrincipalArn": [DEPLOYER]},
    }


def test_a_bucket_restricted_to_an_endpoint_is_listed_from_outside_by_the_execution_role_only():
    document, own = BUCKET_POLICIES[1], {"aws:PrincipalArn": ROLE}
    other = {"aws:PrincipalArn": f"{ROLE}-of-another"}
    assert not denied(document, "s3:ListBucket", BUCKET, own)
    assert denied(document, "s3:ListBucketVersions", BUCKET, own)
    assert denied(document, "s3:ListBucket", BUCKET, other)
    for caller in (DEPLOYER, ROLE):
        inside = {"aws:PrincipalArn": caller, "aws:SourceVpce": "vpce-1"}
        assert not denied(document, "s3:ListBucket", BUCKET, inside)


@pytest.mark.parametrize("action", ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"])
def test_the_objects_of_a_bucket_restricted_to_an_endpoint_are_closed_to_the_execution_role(
    action: str,
):
    document, own = BUCKET_POLICIES[1], {"aws:PrincipalArn": ROLE, **TLS}
    assert denied(document, action, f"{BUCKET}/model.tar.gz", own)
    inside = {**own, "aws:SourceVpce": "vpce-1"}
    assert not denied(document, action, f"{BUCKET}/model.tar.gz", inside)


def test_a_bucket_restricted_to_an_endpoint_stays_manageable_from_outside():
    assert not {
        action
        for action in statement(BUCKET_POLICIES[1], "DenyOutsideEndpoint")["Action"]
        if any(
            word in action for word in ("Policy", "Configuration", "*", "GetBucket", "PutBucket")
        )
    }


def test_an_unrestricted_bucket_names_no_endpoint():
    assert "aws:SourceVpce" not in str(BUCKET_POLICIES[0])
