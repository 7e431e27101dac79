"""Flow logs."""

from __future__ import annotations

from collections.abc import Iterator

from localcloud.awsplugin.api_members import Call
from localcloud.awsplugin.cloud import Cloud
from localcloud.awsplugin.plugin_errors import AwsError, Failure
from localcloud.awsplugin.properties import Properties
from localcloud.awsplugin.resource_type import ResourceType, names
from localcloud.awsplugin.resources.common import (
    ec2_tags,
    one_of,
    present,
    tag_map,
    update_ec2_tags,
)

_SOURCES = {"vpcId": "VPC", "subnetId": "Subnet", "eniId": "NetworkInterface"}


def _failures(inputs: Properties) -> Iterator[Failure]:
    yield from one_of(inputs, "trafficType", ["ACCEPT", "REJECT", "ALL"])
    yield from one_of(inputs, "maxAggregationInterval", [60, 600])
    destinations = ["cloud-watch-logs", "s3", "kinesis-data-firehose"]
    yield from one_of(inputs, "logDestinationType", destinations)


def _create(cloud: Cloud, inputs: Properties) -> str:
    source = next((name for name in _SOURCES if inputs.get(name)), None)
    if source is None:
        raise AwsError("CreateFlowLogs", "MissingParameter", f"one of {list(_SOURCES)} must be set")
    answer = cloud.client("ec2").create_flow_logs(
        ResourceIds=[inputs[source]],
        ResourceType=_SOURCES[source],
        LogDestinationType=inputs["logDestinationType"],
        MaxAggregationInterval=inputs["maxAggregationInterval"],
        **present(
            TrafficType=inputs.get("trafficType"),
            LogDestination=inputs.get("logDestination"),
            DeliverLogsPermissionArn=inputs.get("iamRoleArn"),
            LogFormat=inputs.get("logFormat"),
        ),
        **ec2_tags("vpc-flow-log", inputs),
    )
    for refused in answer.get("Unsuccessful") or ():
        error = refused["Error"]
        raise AwsError("CreateFlowLogs", error["Code"], error["Message"])
    return str(answer["FlowLogIds"][0])


def _read(cloud: Cloud, identity: str, previous: Properties) -> Properties | None:
    answer = cloud.client("ec2").describe_flow_logs(FlowLogIds=[identity])
    log = next((item for item in answer["FlowLogs"] if item["FlowLogId"] == identity), None)
    if log is None:
        return None
    prefix = {"subnet": "subnetId", "eni": "eniId"}
    source = prefix.get(log["ResourceId"].split("-")[0], "vpcId")
    return {
        source: log["ResourceId"],
        "arn": cloud.arn("ec2", f"vpc-flow-log/{identity}"),
        "iamRoleArn": log.get("DeliverLogsPermissionArn"),
        "logDestination": log.get("LogDestination"),
        "logDestinationType": log["LogDestinationType"],
        "logFormat": log.get("LogFormat"),
        "maxAggregationInterval": int(log["MaxAggregationInterval"]),
        "trafficType": log.get("TrafficType"),
        "tagsAll": tag_map(log.get("Tags")),
    }


def _delete(cloud: Cloud, identity: str, state: Properties) -> None:
    if _read(cloud, identity, state):
        cloud.client("ec2").delete_flow_logs(FlowLogIds=[identity])


_CREATE = Call(
    "ec2",
    "CreateFlowLogs",
    {
        "iamRoleArn": "DeliverLogsPermissionArn",
        **dict.fromkeys(_SOURCES, "ResourceIds"),
        "regionalNatGatewayId": "ResourceIds",
        "transitGatewayAttachmentId": "ResourceIds",
        "transitGatewayId": "ResourceIds",
        "tags": "TagSpecifications.Tags",
    },
)

TYPES = (
    ResourceType(
        type="aws:ec2/flowLog:FlowLog",
        source="ec2/vpc_flow_log.go",
        calls=(_CREATE,),
        create=_create,
        read=_read,
        update=update_ec2_tags,
        delete=_delete,
        validate=_failures,
        defaults={"logDestinationType": "cloud-watch-logs", "maxAggregationInterval": 600},
        replaces=names(
            "deliverCrossAccountRole destinationOptions eniId iamRoleArn logDestination"
            " logDestinationType logFormat maxAggregationInterval regionalNatGatewayId subnetId"
            " trafficType transitGatewayAttachmentId transitGatewayId vpcId"
        ),
        computed=names("logDestination logFormat"),
        write_only=names("deliverCrossAccountRole destinationOptions tagFieldSpecifications"),
        outputs=names("arn"),
        tagged=True,
    ),
)
