from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from localcloud.awsplugin.properties import Properties
from tests.localcloud.awsplugin.plugin import TAGS, InputsError, Plugin, RefusedError, allow

KEY = "aws:kms/key:Key"
ALIAS = "aws:kms/alias:Alias"
KEY_POLICY = "aws:kms/keyPolicy:KeyPolicy"


def test_a_key_lives_from_its_creation_to_its_end(plugin: Plugin) -> None:
    plugin.assert_lifecycle(
        "aws:kms/key:Key",
        {
            "enableKeyRotation": True,
            "deletionWindowInDays": 30,
            "rotationPeriodInDays": 180,
            "tags": TAGS,
        },
        change={
            "description": "artifacts",
            "rotationPeriodInDays": 200,
            "deletionWindowInDays": 7,
            "isEnabled": False,
        },
        replace={"keyUsage": "SIGN_VERIFY", "customerMasterKeySpec": "RSA_2048"},
    )


def test_an_alias_lives_from_its_creation_to_its_end(plugin: Plugin) -> None:
    plugin.assert_lifecycle(
        "aws:kms/alias:Alias",
        {"targetKeyId": plugin.key().state["arn"]},
        change={"targetKeyId": plugin.key().id},
        replace={"name": "alias/another"},
    )


def test_a_policy_is_reset_at_its_end_as_a_key_cannot_be_without_one(plugin: Plugin) -> None:
    plugin.assert_lifecycle(
        "aws:kms/keyPolicy:KeyPolicy",
        {
            "keyId": plugin.key().id,
            "policy": allow("kms:*", Principal={"AWS": "arn:aws:iam::123456789012:root"}),
        },
        change={"policy": allow("kms:*", Principal={"AWS": "123456789012"}, Sid="Root")},
        stays=True,
    )


def test_a_policy_stays_with_its_key_whichever_key_is_asked_for(
    plugin: Plugin, aws: Callable[[str], Any]
) -> None:
    first, second = plugin.key().id, plugin.key().id
    old, new = (
        allow("kms:*", Principal={"AWS": "arn:aws:iam::123456789012:root"}, Sid=name)
        for name in ("Old", "New")
    )
    policy = plugin.create(KEY_POLICY, {"keyId": first, "policy": old})
    moved = {"keyId": second, "policy": new}
    expected = plugin.diff(policy, moved)
    assert (sorted(expected.diffs), list(expected.replaces)) == (["keyId", "policy"], [])

    assert plugin.update(policy, moved)["keyId"] == first
    policies = [
        aws("kms").get_key_policy(KeyId=key, PolicyName="default")["Policy"]
        for key in (first, second)
    ]
    assert ["New" in each for each in policies] == [True, False]
    assert list(plugin.diff(policy, moved).diffs) == ["keyId"]


@pytest.mark.parametrize(
    ("kind", "inputs", "message"),
    [
        (KEY, {"deletionWindowInDays": 3}, r"range \(7 - 30\), got 3"),
        (KEY, {"rotationPeriodInDays": 30, "enableKeyRotation": True}, "90 - 2560"),
        (KEY, {"rotationPeriodInDays": 90}, "only be set if enableKeyRotation"),
        (KEY, {"policy": '{"Statement": []}'}, "has no Statement"),
        (ALIAS, {"name": "mine", "targetKeyId": "x"}, "must begin with 'alias/'"),
    ],
)
def test_a_wrong_input_is_refused_before_anything_is_made(
    plugin: Plugin, kind: str, inputs: Properties, message: str
) -> None:
    with pytest.raises(InputsError, match=message):
        plugin.check(kind, inputs)


def test_a_policy_that_locks_everyone_out_is_refused(plugin: Plugin) -> None:
    reader = allow("kms:Decrypt", Principal={"AWS": "arn:aws:iam::123456789012:root"})
    stranger = allow("kms:*", Principal={"AWS": "arn:aws:iam::999999999999:root"})
    for document in (reader, stranger):
        with pytest.raises(RefusedError, match="will not allow you to update the key policy"):
            plugin.create(KEY, {"policy": document})
    plugin.create(KEY, {"policy": stranger, "bypassPolicyLockoutSafetyCheck": True})


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("aws:cloudwatch/logGroup:LogGroup", "kmsKeyId"),
        ("aws:sns/topic:Topic", "kmsMasterKeyId"),
    ],
)
def test_what_is_encrypted_needs_a_key_that_exists_and_is_enabled(
    plugin: Plugin, kind: str, name: str
) -> None:
    key = plugin.create(KEY, {"isEnabled": False}).state["arn"]
    with pytest.raises(RefusedError, match="is Disabled"):
        plugin.create(kind, {name: key})
    missing = key[:-4] + "0000"
    with pytest.raises(RefusedError, match="could not be found"):
        plugin.create(kind, {name: missing})
