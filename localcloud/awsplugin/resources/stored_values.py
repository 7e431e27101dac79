"""Values kept for others: Systems Manager parameters and Secrets Manager secrets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from localcloud.awsplugin.cloud import Cloud
from localcloud.awsplugin.failures import AwsError, Failure
from localcloud.awsplugin.naming import Autoname, unique_from_prefix
from localcloud.awsplugin.properties import Properties
from localcloud.awsplugin.resource_type import ResourceType, names, policy
from localcloud.awsplugin.resources.common import (
    answer_or_none,
    every,
    one_of,
    present,
    reports,
    tag_changes,
    tag_list,
    tag_map,
)
from localcloud.awsplugin.resources.kms import require_key, same_key

_NO_PARAMETER = "ParameterNotFound"
_NO_SECRET = "ResourceNotFoundException"  # noqa: S105 - an error code
_LONGEST_WINDOW = 30
_SHORTEST_WINDOW = 7


def _parameter_failures(inputs: Properties) -> Iterator[Failure]:
    yield from one_of(inputs, "type", ["String", "StringList", "SecureString"])
    yield from one_of(inputs, "tier", ["Standard", "Advanced", "Intelligent-Tiering"])
    if inputs.get("valueWo") is not None:
        yield Failure("valueWo", "is not served by the local aws plugin; use value")


def _put_parameter(cloud: Cloud, inputs: Properties, *, overwrite: bool) -> None:
    value = inputs["value"] if inputs.get("value") is not None else inputs.get("insecureValue")
    tags = tag_list(inputs.get("tagsAll"))
    cloud.client("ssm").put_parameter(
        Name=inputs["name"],
        Value=value,
        Type=inputs["type"],
        Overwrite=overwrite,
        **present(
            AllowedPattern=inputs.get("allowedPattern"),
            DataType=inputs.get("dataType"),
            Description=inputs.get("description"),
            KeyId=inputs.get("keyId"),
            Tier=inputs.get("tier"),
        ),
        **({"Tags": tags} if tags and not overwrite else {}),
    )


def _create_parameter(cloud: Cloud, inputs: Properties) -> str:
    _put_parameter(cloud, inputs, overwrite=bool(inputs.get("overwrite")))
    return str(inputs["name"])


def _read_parameter(cloud: Cloud, identity: str, previous: Properties) -> Properties | None:
    ssm = cloud.client("ssm")
    answer = answer_or_none(
        lambda: ssm.get_parameter(Name=identity, WithDecryption=True), _NO_PARAMETER
    )
    if answer is None:
        return None
    found, filters = answer["Parameter"], [{"Key": "Name", "Values": [identity]}]
    details: dict[str, Any] = every(
        ssm, "describe_parameters", "Parameters", ParameterFilters=filters
    )[0]
    tags = ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=identity)["TagList"]
    plain = "insecureValue" in previous and found["Type"] != "SecureString"
    return {
        "arn": found["ARN"],
        "name": identity,
        "type": found["Type"],
        "insecureValue" if plain else "value": found["Value"],
        "version": found["Version"],
        "description": details.get("Description", ""),
        "keyId": details.get("KeyId", "") if found["Type"] == "SecureString" else "",
        "tier": details.get("Tier", "Standard"),
        "dataType": found.get("DataType", "text"),
        "allowedPattern": details.get("AllowedPattern", ""),
        "hasValueWo": False,
        "tagsAll": tag_map(tags),
    }


def _update_parameter(cloud: Cloud, identity: str, state: Properties, inputs: Properties) -> None:
    ssm, fields = cloud.client("ssm"), "value insecureValue type description keyId tier dataType"
    if any(name in inputs and inputs[name] != state.get(name) for name in fields.split()):
        _put_parameter(cloud, inputs, overwrite=True)
    tags, gone = tag_changes(state, inputs)
    place = {"ResourceType": "Parameter", "ResourceId": identity}
    if gone:
        ssm.remove_tags_from_resource(**place, TagKeys=gone)
    if tags:
        ssm.add_tags_to_resource(**place, Tags=tag_list(tags))


def _delete_parameter(cloud: Cloud, identity: str, state: Properties) -> None:  # noqa: ARG001
    ssm = cloud.client("ssm")
    answer_or_none(lambda: ssm.delete_parameter(Name=identity), _NO_PARAMETER)


def _secret_failures(inputs: Properties) -> Iterator[Failure]:
    window = inputs.get("recoveryWindowInDays")
    if window is not None and window != 0 and not _SHORTEST_WINDOW <= window <= _LONGEST_WINDOW:
        reason = f"expected 0 or a number from {_SHORTEST_WINDOW} to {_LONGEST_WINDOW}"
        yield Failure("recoveryWindowInDays", f"{reason}, got {window}")


def _create_secret(cloud: Cloud, inputs: Properties) -> str:
    name = inputs.get("name") or unique_from_prefix(inputs.get("namePrefix", "terraform-"))
    manager = cloud.client("secretsmanager")
    other = answer_or_none(lambda: manager.describe_secret(SecretId=name), _NO_SECRET)
    if other and other.get("DeletedDate"):
        message = f"a secret with the name {name!r} is already scheduled for deletion"
        raise AwsError("CreateSecret", "InvalidRequestException", message)
    require_key("CreateSecret", cloud, inputs.get("kmsKeyId"))
    answer = manager.create_secret(
        Name=name,
        Tags=tag_list(inputs.get("tagsAll")),
        **present(Description=inputs.get("description"), KmsKeyId=inputs.get("kmsKeyId")),
    )
    return str(answer["ARN"])


def _settle_secret(cloud: Cloud, identity: str, inputs: Properties) -> None:
    if inputs.get("policy"):
        cloud.client("secretsmanager").put_resource_policy(
            SecretId=identity, ResourcePolicy=inputs["policy"]
        )


def _read_secret(cloud: Cloud, identity: str, previous: Properties) -> Properties | None:
    manager = cloud.client("secretsmanager")
    found = answer_or_none(lambda: manager.describe_secret(SecretId=identity), _NO_SECRET)
    if found is None or found.get("DeletedDate"):
        return None
    document = None
    if reports(previous, "policy"):
        document = manager.get_resource_policy(SecretId=identity).get("ResourcePolicy")
    return {
        "arn": found["ARN"],
        "name": found["Name"],
        "namePrefix": "",
        "description": found.get("Description", ""),
        "kmsKeyId": found.get("KmsKeyId", ""),
        "policy": document,
        "tagsAll": tag_map(found.get("Tags")),
    }


def _update_secret(cloud: Cloud, identity: str, state: Properties, inputs: Properties) -> None:
    manager = cloud.client("secretsmanager")
    for name, api in (("description", "Description"), ("kmsKeyId", "KmsKeyId")):
        if (state.get(name) or "") != (inputs.get(name) or ""):
            manager.update_secret(SecretId=identity, **{api: inputs.get(name) or ""})
    if inputs.get("policy") != state.get("policy"):
        if inputs.get("policy"):
            _settle_secret(cloud, identity, inputs)
        elif "policy" in inputs:
            manager.delete_resource_policy(SecretId=identity)
    tags, gone = tag_changes(state, inputs)
    if gone:
        manager.untag_resource(SecretId=identity, TagKeys=gone)
    if tags:
        manager.tag_resource(SecretId=identity, Tags=tag_list(tags))


def _delete_secret(cloud: Cloud, identity: str, state: Properties) -> None:
    manager, window = cloud.client("secretsmanager"), state.get("recoveryWindowInDays")
    if _read_secret(cloud, identity, state) is None:
        return
    if window == 0:
        manager.delete_secret(SecretId=identity, ForceDeleteWithoutRecovery=True)
    else:
        days = window or _LONGEST_WINDOW
        manager.delete_secret(SecretId=identity, RecoveryWindowInDays=days)


TYPES = (
    ResourceType(
        type="aws:ssm/parameter:Parameter",
        create=_create_parameter,
        read=_read_parameter,
        update=_update_parameter,
        delete=_delete_parameter,
        validate=_parameter_failures,
        name=Autoname(length=2048, prefix_property=""),
        required=names("type"),
        replaces=names("dataType name"),
        computed=names("arn dataType insecureValue keyId name tier value"),
        recomputed=names("version"),
        write_only=names("overwrite valueWoVersion"),
        outputs=names("hasValueWo version"),
        tagged=True,
    ),
    ResourceType(
        type="aws:secretsmanager/secret:Secret",
        create=_create_secret,
        settle=_settle_secret,
        read=_read_secret,
        update=_update_secret,
        delete=_delete_secret,
        validate=_secret_failures,
        name=Autoname(length=512),
        defaults={"forceOverwriteReplicaSecret": False, "recoveryWindowInDays": 30},
        replaces=names("name namePrefix"),
        computed=names("name namePrefix policy replicas"),
        write_only=names("forceOverwriteReplicaSecret recoveryWindowInDays replicas type"),
        outputs=names("arn"),
        same={**policy("policy"), "kmsKeyId": same_key},
        tagged=True,
    ),
)
