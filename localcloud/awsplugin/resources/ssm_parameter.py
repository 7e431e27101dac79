"""Systems Manager parameters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from localcloud.awsplugin.api_members import Call
from localcloud.awsplugin.autonaming import Autoname
from localcloud.awsplugin.cloud import Cloud
from localcloud.awsplugin.plugin_errors import Failure
from localcloud.awsplugin.properties import Properties
from localcloud.awsplugin.resource_type import ResourceType, names
from localcloud.awsplugin.resources.common import (
    every,
    one_of,
    present,
    tag_changes,
    tag_list,
    tag_map,
)


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
    found = ssm.get_parameter(Name=identity, WithDecryption=True)["Parameter"]
    filters = [{"Key": "Name", "Values": [identity]}]
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
    ssm = cloud.client("ssm")
    fields = "allowedPattern value insecureValue type description keyId tier dataType"
    if any(name in inputs and inputs[name] != state.get(name) for name in fields.split()):
        _put_parameter(cloud, inputs, overwrite=True)
    tags, gone = tag_changes(state, inputs)
    place = {"ResourceType": "Parameter", "ResourceId": identity}
    if gone:
        ssm.remove_tags_from_resource(**place, TagKeys=gone)
    if tags:
        ssm.add_tags_to_resource(**place, Tags=tag_list(tags))


def _lower_tier(state: Properties, inputs: Properties) -> frozenset[str]:
    """An advanced parameter can't become a standard one."""
    lower = (state.get("tier"), inputs.get("tier")) == ("Advanced", "Standard")
    return frozenset({"tier"} if lower else ())


def _delete_parameter(cloud: Cloud, identity: str, state: Properties) -> None:
    cloud.client("ssm").delete_parameter(Name=identity)


TYPES = (
    ResourceType(
        type="aws:ssm/parameter:Parameter",
        source="ssm/parameter.go",
        calls=(Call("ssm", "PutParameter", {"insecureValue": "Value", "valueWo": "Value"}),),
        create=_create_parameter,
        read=_read_parameter,
        update=_update_parameter,
        delete=_delete_parameter,
        gone=names("ParameterNotFound"),
        validate=_parameter_failures,
        name=Autoname(length=2048, prefix_property=""),
        required=names("type"),
        replaces=names("dataType name"),
        replaces_if=_lower_tier,
        computed=names("arn dataType insecureValue keyId name tier value"),
        recomputed=names("version"),
        write_only=names("overwrite valueWoVersion"),
        outputs=names("hasValueWo version"),
        tagged=True,
    ),
)
