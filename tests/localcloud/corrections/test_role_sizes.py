"""Policies of a role that are longer than IAM takes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.localcloud.cloud import TRUST, Cloud, refusal

ROLE = "sized"


@pytest.fixture
def iam(cloud: Cloud) -> Iterator[Any]:
    """IAM with a role that has no policy."""
    client = cloud.client("iam")
    client.create_role(RoleName=ROLE, AssumeRolePolicyDocument=json.dumps(TRUST))
    yield client
    for name in client.list_role_policies(RoleName=ROLE)["PolicyNames"]:
        client.delete_role_policy(RoleName=ROLE, PolicyName=name)
    client.delete_role(RoleName=ROLE)


def trust(length: int) -> str:
    """A trust policy of that many characters, besides white space."""
    principal = "arn:aws:iam::123456789012:role/"
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}
        ],
    }
    return _filled(document, principal, length)


def access(length: int) -> str:
    """A policy of that many characters, besides white space."""
    resource = "arn:aws:s3:::bucket/"
    document = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": resource}],
    }
    return _filled(document, resource, length)


def _filled(document: dict[str, Any], place: str, length: int) -> str:
    missing = length - len(json.dumps(document, separators=(",", ":")))
    return json.dumps(document, indent=4).replace(place, place + "x" * missing)


def put(iam: Any, name: str, length: int) -> dict[str, Any]:
    answer: dict[str, Any] = iam.put_role_policy(
        RoleName=ROLE, PolicyName=name, PolicyDocument=access(length)
    )
    return answer


def test_a_trust_policy_longer_than_iams_quota_is_refused_in_iams_words(iam: Any):
    exceeded = ("LimitExceeded", "Cannot exceed quota for ACLSizePerRole: 2048")
    change, create = iam.update_assume_role_policy, iam.create_role

    assert refusal(change, RoleName=ROLE, PolicyDocument=trust(2049)) == exceeded
    assert refusal(create, RoleName="new", AssumeRolePolicyDocument=trust(2049)) == exceeded
    assert refusal(iam.get_role, RoleName="new")[0] == "NoSuchEntity"


def test_white_space_does_not_count_in_a_trust_policy(iam: Any):
    assert len(trust(2048)) > 2048
    iam.update_assume_role_policy(RoleName=ROLE, PolicyDocument=trust(2048))


def test_the_inline_policies_of_a_role_count_together(iam: Any):
    put(iam, "first", 10000)
    put(iam, "second", 240)

    code, message = refusal(
        iam.put_role_policy, RoleName=ROLE, PolicyName="third", PolicyDocument=access(200)
    )

    assert code == "LimitExceeded"
    assert message == f"Maximum policy size of 10240 bytes exceeded for role {ROLE}"
    assert iam.list_role_policies(RoleName=ROLE)["PolicyNames"] == ["first", "second"]


def test_an_inline_policy_that_is_replaced_no_longer_counts(iam: Any):
    put(iam, "first", 10240)
    put(iam, "first", 10239)
