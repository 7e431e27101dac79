"""Image repositories."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from localcloud.awsplugin.cloud import Cloud
from localcloud.awsplugin.failures import Failure
from localcloud.awsplugin.naming import Autoname
from localcloud.awsplugin.properties import Properties
from localcloud.awsplugin.resource_type import ResourceType, names
from localcloud.awsplugin.resources.common import (
    answer_or_none,
    changed,
    from_api,
    one_of,
    tag_changes,
    tag_list,
    tag_map,
)

_GONE = "RepositoryNotFoundException"
_NAME = re.compile(r"[a-z0-9]+([._/-][a-z0-9]+)*\Z")


def _failures(inputs: Properties) -> Iterator[Failure]:
    name = inputs.get("name")
    if name is not None and not _NAME.match(name):
        reason = "lower-case letters and digits, parted by . _ - or /"
        yield Failure("name", f"invalid repository name {name!r}: it must be {reason}")
    yield from one_of(inputs, "imageTagMutability", ["MUTABLE", "IMMUTABLE"])


def _create(cloud: Cloud, inputs: Properties) -> str:
    request: dict[str, Any] = {"imageTagMutability": inputs["imageTagMutability"]}
    if inputs.get("imageScanningConfiguration"):
        request["imageScanningConfiguration"] = inputs["imageScanningConfiguration"]
    if inputs.get("encryptionConfigurations"):
        request["encryptionConfiguration"] = inputs["encryptionConfigurations"][0]
    answer = cloud.client("ecr").create_repository(
        repositoryName=inputs["name"], tags=tag_list(inputs.get("tagsAll")), **request
    )
    return str(answer["repository"]["repositoryName"])


def _read(cloud: Cloud, identity: str, previous: Properties) -> Properties | None:  # noqa: ARG001
    ecr = cloud.client("ecr")
    answer = answer_or_none(lambda: ecr.describe_repositories(repositoryNames=[identity]), _GONE)
    if answer is None:
        return None
    found = answer["repositories"][0]
    tags = ecr.list_tags_for_resource(resourceArn=found["repositoryArn"])["tags"]
    return {
        "arn": found["repositoryArn"],
        "name": identity,
        "registryId": found["registryId"],
        "repositoryUrl": found["repositoryUri"],
        "imageTagMutability": found["imageTagMutability"],
        "imageScanningConfiguration": from_api(found.get("imageScanningConfiguration") or {}),
        "encryptionConfigurations": [found.get("encryptionConfiguration") or {}],
        "tagsAll": tag_map(tags),
    }


def _update(cloud: Cloud, identity: str, state: Properties, inputs: Properties) -> None:
    ecr = cloud.client("ecr")
    if changed(state, inputs, "imageTagMutability"):
        ecr.put_image_tag_mutability(
            repositoryName=identity, imageTagMutability=inputs["imageTagMutability"]
        )
    if changed(state, inputs, "imageScanningConfiguration"):
        scanning = inputs.get("imageScanningConfiguration") or {"scanOnPush": False}
        ecr.put_image_scanning_configuration(
            repositoryName=identity, imageScanningConfiguration=scanning
        )
    tags, gone = tag_changes(state, inputs)
    if gone:
        ecr.untag_resource(resourceArn=state["arn"], tagKeys=gone)
    if tags:
        ecr.tag_resource(resourceArn=state["arn"], tags=tag_list(tags))


def _delete(cloud: Cloud, identity: str, state: Properties) -> None:
    ecr, force = cloud.client("ecr"), bool(state.get("forceDelete"))
    answer_or_none(lambda: ecr.delete_repository(repositoryName=identity, force=force), _GONE)


TYPES = (
    ResourceType(
        type="aws:ecr/repository:Repository",
        create=_create,
        read=_read,
        update=_update,
        delete=_delete,
        validate=_failures,
        name=Autoname(length=256, prefix_property=""),
        defaults={"imageTagMutability": "MUTABLE"},
        replaces=names("encryptionConfigurations name"),
        computed=names(
            "encryptionConfigurations encryptionConfigurations.kmsKey imageScanningConfiguration"
            " name"
        ),
        write_only=names("forceDelete imageTagMutabilityExclusionFilters"),
        outputs=names("arn registryId repositoryUrl"),
        tagged=True,
    ),
)
