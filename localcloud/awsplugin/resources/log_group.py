"""CloudWatch log groups."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localcloud.awsplugin.api_members import Call
from localcloud.awsplugin.autonaming import Autoname
from localcloud.awsplugin.cloud import Cloud
from localcloud.awsplugin.plugin_errors import Failure
from localcloud.awsplugin.properties import Properties
from localcloud.awsplugin.resource_type import ResourceType, names
from localcloud.awsplugin.resources.common import (
    changed,
    every,
    one_of,
    present,
    tag_changes,
)
from localcloud.awsplugin.resources.kms import require_key

_RETENTIONS = (
    0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557,
    2922, 3288, 3653,
)  # fmt: skip
_NAME = re.compile(r"[\w./#-]{1,512}\Z")


def _failures(inputs: Properties) -> Iterator[Failure]:
    yield from one_of(inputs, "retentionInDays", _RETENTIONS)
    name = inputs.get("name")
    if name is not None and not _NAME.match(name):
        yield Failure("name", f"{name!r} may hold letters, digits and _ - / . # only, 512 at most")


def _create(cloud: Cloud, inputs: Properties) -> str:
    name = str(inputs["name"])
    require_key("CreateLogGroup", cloud, inputs.get("kmsKeyId"))
    cloud.client("logs").create_log_group(
        logGroupName=name,
        **present(
            kmsKeyId=inputs.get("kmsKeyId"),
            logGroupClass=inputs.get("logGroupClass"),
            tags=inputs.get("tagsAll") or None,
        ),
    )
    return name


def _settle(cloud: Cloud, identity: str, inputs: Properties) -> None:
    if inputs.get("retentionInDays"):
        days = inputs["retentionInDays"]
        cloud.client("logs").put_retention_policy(logGroupName=identity, retentionInDays=days)


def _arn(cloud: Cloud, name: str) -> str:
    return cloud.arn("logs", f"log-group:{name}")


def _read(cloud: Cloud, identity: str, previous: Properties) -> Properties | None:
    logs = cloud.client("logs")
    groups = every(logs, "describe_log_groups", "logGroups", logGroupNamePrefix=identity)
    group = next((group for group in groups if group["logGroupName"] == identity), None)
    if group is None:
        return None
    arn = _arn(cloud, identity)
    return {
        "arn": arn,
        "name": identity,
        "kmsKeyId": group.get("kmsKeyId", ""),
        "retentionInDays": group.get("retentionInDays", 0),
        "logGroupClass": group.get("logGroupClass") or previous.get("logGroupClass", "STANDARD"),
        "tagsAll": logs.list_tags_for_resource(resourceArn=arn)["tags"],
    }


def _update(cloud: Cloud, identity: str, state: Properties, inputs: Properties) -> None:
    logs = cloud.client("logs")
    if changed(state, inputs, "retentionInDays"):
        if inputs.get("retentionInDays"):
            _settle(cloud, identity, inputs)
        else:
            logs.delete_retention_policy(logGroupName=identity)
    if changed(state, inputs, "kmsKeyId"):
        if inputs.get("kmsKeyId"):
            require_key("AssociateKmsKey", cloud, inputs["kmsKeyId"])
            logs.associate_kms_key(logGroupName=identity, kmsKeyId=inputs["kmsKeyId"])
        else:
            logs.disassociate_kms_key(logGroupName=identity)
    tags, gone = tag_changes(state, inputs)
    if gone:
        logs.untag_resource(resourceArn=_arn(cloud, identity), tagKeys=gone)
    if tags:
        logs.tag_resource(resourceArn=_arn(cloud, identity), tags=tags)


def _delete(cloud: Cloud, identity: str, state: Properties) -> None:
    if not state.get("skipDestroy"):
        cloud.client("logs").delete_log_group(logGroupName=identity)


TYPES = (
    ResourceType(
        type="aws:cloudwatch/logGroup:LogGroup",
        source="logs/group.go",
        calls=(
            Call("logs", "CreateLogGroup", {"name": "logGroupName"}),
            Call("logs", "PutRetentionPolicy"),
        ),
        create=_create,
        settle=_settle,
        read=_read,
        update=_update,
        delete=_delete,
        gone=names("ResourceNotFoundException"),
        validate=_failures,
        name=Autoname(length=512),
        defaults={"retentionInDays": 0, "skipDestroy": False},
        replaces=names("name namePrefix logGroupClass"),
        computed=names("name namePrefix logGroupClass deletionProtectionEnabled"),
        write_only=names("skipDestroy deletionProtectionEnabled"),
        outputs=names("arn"),
        tagged=True,
    ),
)
