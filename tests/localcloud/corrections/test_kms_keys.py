"""KMS keys by each name that a request may give them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.localcloud.cloud import Cloud, refusal

GRANTEE = "arn:aws:iam::123456789012:role/training"
OPERATIONS: list[tuple[str, dict[str, Any]]] = [
    ("describe_key", {}),
    ("update_key_description", {"Description": "described"}),
    ("disable_key", {}),
    ("enable_key", {}),
    ("enable_key_rotation", {}),
    ("get_key_rotation_status", {}),
    ("disable_key_rotation", {}),
    ("rotate_key_on_demand", {}),
    ("list_key_rotations", {}),
    ("get_key_policy", {"PolicyName": "default"}),
    ("put_key_policy", {"PolicyName": "default", "Policy": "{}"}),
    ("list_key_policies", {}),
    ("tag_resource", {"Tags": [{"TagKey": "team", "TagValue": "research"}]}),
    ("list_resource_tags", {}),
    ("untag_resource", {"TagKeys": ["team"]}),
    ("create_grant", {"GranteePrincipal": GRANTEE, "Operations": ["Decrypt"]}),
    ("list_grants", {}),
    ("encrypt", {"Plaintext": b"text"}),
    ("generate_data_key", {"KeySpec": "AES_256"}),
]
BY_ALIAS = {"describe_key", "encrypt", "generate_data_key"}
"""The operations to which a key may also be named by an alias or the alias's ARN."""


@pytest.fixture(scope="module")
def key(cloud: Cloud) -> str:
    """The ARN of a key with the alias `alias/named`."""
    kms = cloud.client("kms")
    arn = str(kms.create_key()["KeyMetadata"]["Arn"])
    kms.create_alias(AliasName="alias/named", TargetKeyId=arn)
    return arn


@pytest.mark.parametrize(("operation", "arguments"), OPERATIONS)
def test_each_operation_finds_a_key_by_its_arn_and_refuses_one_that_is_not_there(
    cloud: Cloud, key: str, operation: str, arguments: dict[str, Any]
):
    call = getattr(cloud.client("kms"), operation)
    place = key.rpartition(":")[0]

    call(KeyId=key, **arguments)

    absent = f"{key[:-4]}{'0000' if key[-4:] != '0000' else '1111'}"
    for wrong in (absent, absent.rpartition("/")[2], "alias/absent", f"{place}:alias/absent"):
        assert refusal(call, KeyId=wrong, **arguments)[0] == "NotFoundException"
    for alias in ("alias/named", f"{place}:alias/named"):
        if operation in BY_ALIAS:
            call(KeyId=alias, **arguments)
        else:
            assert refusal(call, KeyId=alias, **arguments)[0] == "NotFoundException"


@pytest.mark.parametrize("named", ["KeyId", "Arn"])
def test_the_deletion_of_a_key_is_scheduled_and_cancelled(cloud: Cloud, named: str):
    kms = cloud.client("kms")
    key = kms.create_key()["KeyMetadata"]
    name = {"KeyId": key[named]}

    def state() -> str:
        return str(kms.describe_key(**name)["KeyMetadata"]["KeyState"])

    assert kms.schedule_key_deletion(**name)["KeyId"] == key["Arn"]
    assert state() == "PendingDeletion"
    assert kms.cancel_key_deletion(**name)["KeyId"] == key["Arn"]
    assert state() == "Disabled"
    not_pending = "KMSInvalidStateException", f"{key['Arn']} is not pending deletion."
    assert refusal(kms.cancel_key_deletion, **name) == not_pending


PENDING_REFUSES = [
    "update_key_description",
    "disable_key",
    "enable_key",
    "enable_key_rotation",
    "disable_key_rotation",
    "rotate_key_on_demand",
    "tag_resource",
    "untag_resource",
    "create_grant",
    "encrypt",
    "generate_data_key",
]


def test_a_key_that_is_pending_deletion_is_shown_and_not_changed_or_used(cloud: Cloud):
    kms = cloud.client("kms")
    arn = kms.create_key()["KeyMetadata"]["Arn"]
    kms.schedule_key_deletion(KeyId=arn)
    pending = "KMSInvalidStateException", f"{arn} is pending deletion."

    assert refusal(kms.schedule_key_deletion, KeyId=arn) == pending
    assert refusal(kms.create_alias, AliasName="alias/late", TargetKeyId=arn) == pending
    for operation, arguments in OPERATIONS:
        call = getattr(kms, operation)
        if operation in PENDING_REFUSES:
            assert refusal(call, KeyId=arn, **arguments) == pending
        else:
            call(KeyId=arn, **arguments)
    assert kms.describe_key(KeyId=arn)["KeyMetadata"]["KeyState"] == "PendingDeletion"
