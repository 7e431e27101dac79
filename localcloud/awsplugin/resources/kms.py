"""KMS keys, their policies and aliases."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from localcloud.awsplugin.api_members import Call
from localcloud.awsplugin.autonaming import Autoname
from localcloud.awsplugin.cloud import Cloud
from localcloud.awsplugin.plugin_errors import AwsError, Failure
from localcloud.awsplugin.properties import Properties
from localcloud.awsplugin.resource_type import ResourceType, names, policy
from localcloud.awsplugin.resources.common import (
    PREFIXED,
    answer_or_none,
    changed,
    every,
    present,
    reports,
    tag_list,
    tag_map,
    update_tags,
    within,
)
from localcloud.awsplugin.resources.policy_rules import check_key_policy, policy_failures

_GONE = "NotFoundException"
_ROTATION_DAYS = 365  # AWS's default
_WINDOW_DAYS = 30
_ALIAS_LENGTH = 238


def require_key(operation: str, cloud: Cloud, key: str | None) -> None:
    """Refuses a key that does not exist or is not enabled; the local endpoint accepts it."""
    if not key or key.startswith("alias/aws/"):
        return
    kms = cloud.client("kms")
    answer = answer_or_none(lambda: kms.describe_key(KeyId=key), _GONE)
    if answer is None:
        raise AwsError(operation, "KMS.NotFoundException", f"The key {key} could not be found.")
    state = answer["KeyMetadata"]["KeyState"]
    if state != "Enabled":
        raise AwsError(operation, "KMS.KMSInvalidStateException", f"The key {key} is {state}.")


def _key_failures(inputs: Properties) -> Iterator[Failure]:
    yield from within(inputs, "deletionWindowInDays", 7, 30)
    yield from within(inputs, "rotationPeriodInDays", 90, 2560)
    yield from policy_failures(inputs, "policy", "Principal", "Resource")
    if inputs.get("rotationPeriodInDays") and not inputs.get("enableKeyRotation"):
        yield Failure("rotationPeriodInDays", "can only be set if enableKeyRotation is true")


def _default_policy(cloud: Cloud) -> str:
    root = f"arn:{cloud.partition}:iam::{cloud.account}:root"
    statement = {
        "Sid": "Enable IAM User Permissions",
        "Effect": "Allow",
        "Principal": {"AWS": root},
        "Action": "kms:*",
        "Resource": "*",
    }
    return json.dumps({"Version": "2012-10-17", "Id": "key-default-1", "Statement": [statement]})


def _check_policy(operation: str, cloud: Cloud, inputs: Properties) -> None:
    if inputs.get("policy") and not inputs.get("bypassPolicyLockoutSafetyCheck"):
        check_key_policy(operation, inputs["policy"], cloud.account)


def _create_key(cloud: Cloud, inputs: Properties) -> str:
    _check_policy("CreateKey", cloud, inputs)
    answer = cloud.client("kms").create_key(
        Policy=inputs.get("policy") or _default_policy(cloud),
        KeySpec=inputs["customerMasterKeySpec"],
        KeyUsage=inputs["keyUsage"],
        Tags=tag_list(inputs.get("tagsAll"), PREFIXED),
        **present(Description=inputs.get("description"), MultiRegion=inputs.get("multiRegion")),
    )
    return str(answer["KeyMetadata"]["KeyId"])


def _settle_key(cloud: Cloud, identity: str, inputs: Properties) -> None:
    if inputs.get("enableKeyRotation"):
        _rotate(cloud, identity, inputs)
    if not inputs.get("isEnabled", True):
        cloud.client("kms").disable_key(KeyId=identity)


def _rotate(cloud: Cloud, identity: str, inputs: Properties) -> None:
    period = inputs.get("rotationPeriodInDays") or _ROTATION_DAYS
    cloud.client("kms").enable_key_rotation(KeyId=identity, RotationPeriodInDays=period)


def _metadata(cloud: Cloud, identity: str) -> dict[str, Any] | None:
    """KMS's metadata of a key; None if its deletion is scheduled."""
    found = cloud.client("kms").describe_key(KeyId=identity)["KeyMetadata"]
    return None if found["KeyState"].startswith("Pending") else dict(found)


def _read_key(cloud: Cloud, identity: str, previous: Properties) -> Properties | None:
    key = _metadata(cloud, identity)
    if key is None:
        return None
    kms = cloud.client("kms")
    rotation = kms.get_key_rotation_status(KeyId=identity) if key["Enabled"] else {}
    rotates = bool(rotation.get("KeyRotationEnabled", previous.get("enableKeyRotation")))
    period = rotation.get("RotationPeriodInDays") or previous.get("rotationPeriodInDays")
    tags = every(kms, "list_resource_tags", "Tags", KeyId=identity)
    document = kms.get_key_policy(KeyId=identity, PolicyName="default")["Policy"]
    return {
        "arn": key["Arn"],
        "keyId": key["KeyId"],
        "description": key.get("Description", ""),
        "customerMasterKeySpec": key["KeySpec"],
        "keyUsage": key.get("KeyUsage", "ENCRYPT_DECRYPT"),
        "isEnabled": key["Enabled"],
        "multiRegion": key.get("MultiRegion", False),
        "policy": document if reports(cloud, previous, "policy") else None,
        "enableKeyRotation": rotates,
        "rotationPeriodInDays": (period or _ROTATION_DAYS) if rotates else 0,
        "tagsAll": tag_map(tags, PREFIXED),
    }


def _update_key(cloud: Cloud, identity: str, state: Properties, inputs: Properties) -> None:
    kms = cloud.client("kms")
    if inputs.get("isEnabled", True) and not state.get("isEnabled", True):
        kms.enable_key(KeyId=identity)
    if changed(state, inputs, "description"):
        kms.update_key_description(KeyId=identity, Description=inputs.get("description", ""))
    if inputs.get("policy") and changed(state, inputs, "policy"):
        _put_policy(cloud, identity, inputs)
    if changed(state, inputs, "enableKeyRotation", "rotationPeriodInDays"):
        if inputs.get("enableKeyRotation"):
            _rotate(cloud, identity, inputs)
        elif "enableKeyRotation" in inputs:
            kms.disable_key_rotation(KeyId=identity)
    if not inputs.get("isEnabled", True) and state.get("isEnabled", True):
        kms.disable_key(KeyId=identity)
    update_tags(kms, state, inputs, PREFIXED, KeyId=identity)


def _put_policy(cloud: Cloud, identity: str, inputs: Properties) -> None:
    _check_policy("PutKeyPolicy", cloud, inputs)
    cloud.client("kms").put_key_policy(
        KeyId=identity, PolicyName="default", Policy=inputs["policy"]
    )


def _delete_key(cloud: Cloud, identity: str, state: Properties) -> None:
    if _metadata(cloud, identity):
        window = state.get("deletionWindowInDays") or _WINDOW_DAYS
        cloud.client("kms").schedule_key_deletion(KeyId=identity, PendingWindowInDays=window)


def _create_key_policy(cloud: Cloud, inputs: Properties) -> str:
    _put_policy(cloud, inputs["keyId"], inputs)
    return str(inputs["keyId"])


def _read_key_policy(cloud: Cloud, identity: str, previous: Properties) -> Properties | None:
    if _metadata(cloud, identity) is None:
        return None
    document = cloud.client("kms").get_key_policy(KeyId=identity, PolicyName="default")["Policy"]
    return {"keyId": identity.rpartition("key/")[2], "policy": document}


def _update_key_policy(
    cloud: Cloud,
    identity: str,
    state: Properties,
    inputs: Properties,
) -> None:
    """Changes the policy of the key that has it already, also if another key is asked for."""
    if changed(state, inputs, "policy"):
        _put_policy(cloud, identity, inputs)


def _delete_key_policy(cloud: Cloud, identity: str, state: Properties) -> None:
    """Gives the key AWS's default policy again, because a key always has a policy."""
    if _metadata(cloud, identity):
        _put_policy(cloud, identity, {"policy": _default_policy(cloud)})


def _alias_failures(inputs: Properties) -> Iterator[Failure]:
    name = inputs.get("name")
    if name is not None and (not name.startswith("alias/") or name.startswith("alias/aws/")):
        yield Failure("name", f"name {name!r} must begin with 'alias/', and not with 'alias/aws/'")


def _create_alias(cloud: Cloud, inputs: Properties) -> str:
    name, key = str(inputs["name"]), inputs["targetKeyId"]
    require_key("CreateAlias", cloud, key)
    cloud.client("kms").create_alias(AliasName=name, TargetKeyId=key)
    return name


def _read_alias(cloud: Cloud, identity: str, previous: Properties) -> Properties | None:
    for alias in every(cloud.client("kms"), "list_aliases", "Aliases"):
        if alias["AliasName"] == identity:
            key = alias["TargetKeyId"]
            return {
                "arn": alias["AliasArn"],
                "name": identity,
                "targetKeyId": key,
                "targetKeyArn": cloud.arn("kms", f"key/{key}"),
            }
    return None


def _update_alias(
    cloud: Cloud,
    identity: str,
    state: Properties,
    inputs: Properties,
) -> None:
    require_key("UpdateAlias", cloud, inputs["targetKeyId"])
    cloud.client("kms").update_alias(AliasName=identity, TargetKeyId=inputs["targetKeyId"])


def _delete_alias(cloud: Cloud, identity: str, state: Properties) -> None:
    cloud.client("kms").delete_alias(AliasName=identity)


def same_key(first: Any, second: Any) -> bool:
    """Whether two texts name the same key, one perhaps by ARN and one by id."""
    return str(first).rpartition("key/")[2] == str(second).rpartition("key/")[2]


def _alias_name(name: str, inputs: Properties) -> str:
    return name if name.startswith("alias/") else f"alias/{name}"


TYPES = (
    ResourceType(
        type="aws:kms/key:Key",
        source="kms/key.go",
        calls=(
            Call("kms", "CreateKey", {"customerMasterKeySpec": "KeySpec"}),
            Call("kms", "EnableKeyRotation"),
            Call("kms", "ScheduleKeyDeletion", {"deletionWindowInDays": "PendingWindowInDays"}),
        ),
        create=_create_key,
        settle=_settle_key,
        read=_read_key,
        update=_update_key,
        delete=_delete_key,
        gone=names(_GONE),
        validate=_key_failures,
        defaults={
            "bypassPolicyLockoutSafetyCheck": False,
            "customerMasterKeySpec": "SYMMETRIC_DEFAULT",
            "isEnabled": True,
            "keyUsage": "ENCRYPT_DECRYPT",
        },
        replaces=names("customKeyStoreId customerMasterKeySpec keyUsage multiRegion xksKeyId"),
        computed=names("description enableKeyRotation multiRegion policy rotationPeriodInDays"),
        write_only=names("bypassPolicyLockoutSafetyCheck deletionWindowInDays"),
        outputs=names("arn keyId"),
        same=policy("policy"),
        tagged=True,
    ),
    ResourceType(
        type="aws:kms/keyPolicy:KeyPolicy",
        source="kms/key_policy.go",
        calls=(Call("kms", "PutKeyPolicy"),),
        create=_create_key_policy,
        read=_read_key_policy,
        update=_update_key_policy,
        delete=_delete_key_policy,
        gone=names(_GONE),
        validate=lambda inputs: policy_failures(inputs, "policy", "Principal", "Resource"),
        required=names("keyId policy"),
        defaults={"bypassPolicyLockoutSafetyCheck": False},
        write_only=names("bypassPolicyLockoutSafetyCheck"),
        same=policy("policy"),
    ),
    ResourceType(
        type="aws:kms/alias:Alias",
        source="kms/alias.go",
        calls=(Call("kms", "CreateAlias", {"name": "AliasName"}),),
        create=_create_alias,
        read=_read_alias,
        update=_update_alias,
        delete=_delete_alias,
        gone=names(_GONE),
        validate=_alias_failures,
        name=Autoname(length=_ALIAS_LENGTH, finish=_alias_name, default_prefix="alias/"),
        required=names("targetKeyId"),
        replaces=names("name namePrefix"),
        computed=names("name namePrefix"),
        same={"targetKeyId": same_key},
        outputs=names("arn targetKeyArn"),
    ),
)
