from __future__ import annotations

import json
from typing import Any

import pytest

from acceptance.checks.controls import CONTROLS, same_document
from acceptance.judging import finding_of, look_at
from acceptance.scene import Scene

DOCUMENT: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:one", "arn:other"]},
        {"Effect": "Deny", "Action": ["s3:*"], "Resource": ["*"]},
    ],
}


def test_a_document_is_the_same_in_another_order_and_with_single_values_for_lists():
    allow, deny = DOCUMENT["Statement"]
    answered = {
        "Statement": [
            deny | {"Action": "s3:*", "Resource": "*"},
            allow | {"Action": "s3:GetObject", "Resource": ["arn:other", "arn:one"]},
        ],
        "Version": "2012-10-17",
    }
    assert same_document(answered, DOCUMENT)
    assert same_document(json.dumps(answered), DOCUMENT)


def test_a_document_with_a_statement_more_or_less_or_another_is_not_the_same():
    allow, deny = DOCUMENT["Statement"]
    for statements in ([allow], [allow, deny, deny | {"Sid": "More"}], [allow, allow]):
        assert not same_document({**DOCUMENT, "Statement": statements}, DOCUMENT)


@pytest.mark.parametrize(
    ("interfaces", "address", "each_instance"),
    [
        ([("subnet-1", ""), ("subnet-1", "")], "confirmed", "confirmed"),
        ([("subnet-1", ""), ("subnet-1", "203.0.113.7")], "refuted", "confirmed"),
        ([("subnet-1", ""), ("subnet-of-others", "")], "confirmed", "refuted"),
        ([("subnet-1", "")], "confirmed", "refuted"),
    ],
)
def test_each_instance_has_an_interface_in_the_subnets_without_a_public_address(
    scene: Scene, interfaces: list[tuple[str, str]], address: str, each_instance: str
):
    scene.facts["outputs"] = {"private_subnet_ids": ["subnet-1", "subnet-2"]}
    scene.facts["interfaces"] = [{"subnet": subnet, "public": ip} for subnet, ip in interfaces]
    for name, verdict in (
        ("no-public-address", address),
        ("interface-for-each-instance", each_instance),
    ):
        look_at(scene, [each for each in CONTROLS.all if each.name == name])
        assert finding_of(scene, name)["verdict"] == verdict
