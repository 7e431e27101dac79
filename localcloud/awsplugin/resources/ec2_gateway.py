"""Internet and NAT gateways, and the addresses that NAT gateways need."""

from __future__ import annotations

from typing import Any

from localcloud.awsplugin.api_members import Call
from localcloud.awsplugin.cloud import Cloud
from localcloud.awsplugin.properties import Properties
from localcloud.awsplugin.resource_type import ResourceType, names
from localcloud.awsplugin.resources.common import (
    answer_or_none,
    ec2_tags,
    one_of,
    present,
    tag_map,
    update_ec2_tags,
)

_NO_GATEWAY = "InvalidInternetGatewayID.NotFound"
# What an address reports of what uses it, with the names in the API.
_USES = {
    "associationId": "AssociationId",
    "networkInterface": "NetworkInterfaceId",
    "privateIp": "PrivateIpAddress",
}


def _create_gateway(cloud: Cloud, inputs: Properties) -> str:
    answer = cloud.client("ec2").create_internet_gateway(**ec2_tags("internet-gateway", inputs))
    return str(answer["InternetGateway"]["InternetGatewayId"])


def _attach(cloud: Cloud, identity: str, inputs: Properties) -> None:
    if inputs.get("vpcId"):
        ec2 = cloud.client("ec2")
        ec2.attach_internet_gateway(InternetGatewayId=identity, VpcId=inputs["vpcId"])


def _detach(cloud: Cloud, identity: str, state: Properties) -> None:
    if state.get("vpcId"):
        ec2 = cloud.client("ec2")
        answer_or_none(
            lambda: ec2.detach_internet_gateway(InternetGatewayId=identity, VpcId=state["vpcId"]),
            _NO_GATEWAY,
            "Gateway.NotAttached",
        )


def _read_gateway(cloud: Cloud, identity: str, previous: Properties) -> Properties | None:
    answer = cloud.client("ec2").describe_internet_gateways(InternetGatewayIds=[identity])
    (gateway,) = answer["InternetGateways"]
    attachments = gateway.get("Attachments") or [{}]
    return {
        "arn": cloud.arn("ec2", f"internet-gateway/{identity}"),
        "ownerId": gateway.get("OwnerId", cloud.account),
        "vpcId": attachments[0].get("VpcId", ""),
        "tagsAll": tag_map(gateway.get("Tags")),
    }


def _update_gateway(cloud: Cloud, identity: str, state: Properties, inputs: Properties) -> None:
    if inputs.get("vpcId") and inputs["vpcId"] != state.get("vpcId"):
        _detach(cloud, identity, state)
        _attach(cloud, identity, inputs)
    update_ec2_tags(cloud, identity, state, inputs)


def _delete_gateway(cloud: Cloud, identity: str, state: Properties) -> None:
    _detach(cloud, identity, state)
    cloud.client("ec2").delete_internet_gateway(InternetGatewayId=identity)


def _create_nat(cloud: Cloud, inputs: Properties) -> str:
    answer = cloud.client("ec2").create_nat_gateway(
        SubnetId=inputs["subnetId"],
        ConnectivityType=inputs["connectivityType"],
        **present(AllocationId=inputs.get("allocationId")),
        **ec2_tags("natgateway", inputs),
    )
    return str(answer["NatGateway"]["NatGatewayId"])


def _read_nat(cloud: Cloud, identity: str, previous: Properties) -> Properties | None:
    gateways = cloud.client("ec2").describe_nat_gateways(NatGatewayIds=[identity])["NatGateways"]
    found = [item for item in gateways if item["State"] == "available"]
    if not found:
        return None
    gateway = found[0]
    address: dict[str, Any] = (gateway.get("NatGatewayAddresses") or [{}])[0]
    return {
        "subnetId": gateway["SubnetId"],
        "vpcId": gateway.get("VpcId"),
        "connectivityType": gateway.get("ConnectivityType", "public"),
        "availabilityMode": "zonal",
        "allocationId": address.get("AllocationId", ""),
        "associationId": address.get("AssociationId", ""),
        "networkInterfaceId": address.get("NetworkInterfaceId", ""),
        "privateIp": address.get("PrivateIp", ""),
        "publicIp": address.get("PublicIp", ""),
        "autoProvisionZones": "",
        "autoScalingIps": "",
        "regionalNatGatewayAddresses": [],
        "regionalNatGatewayAutoMode": "",
        "routeTableId": "",
        "tagsAll": tag_map(gateway.get("Tags")),
    }


def _delete_nat(cloud: Cloud, identity: str, state: Properties) -> None:
    if _read_nat(cloud, identity, state) is not None:
        cloud.client("ec2").delete_nat_gateway(NatGatewayId=identity)


def _create_address(cloud: Cloud, inputs: Properties) -> str:
    answer = cloud.client("ec2").allocate_address(Domain="vpc", **ec2_tags("elastic-ip", inputs))
    return str(answer["AllocationId"])


def _read_address(cloud: Cloud, identity: str, previous: Properties) -> Properties | None:
    (address,) = cloud.client("ec2").describe_addresses(AllocationIds=[identity])["Addresses"]
    public = address["PublicIp"]
    # What uses the address reports that itself; here a refresh would report each use as a change.
    used = {name: previous.get(name, "") for name in _USES}
    if cloud.settings.reports_siblings:
        used = {name: address.get(api, "") for name, api in _USES.items()}
    return {
        **used,
        "allocationId": identity,
        "arn": cloud.arn("ec2", f"elastic-ip/{identity}"),
        "domain": "vpc",
        "instance": address.get("InstanceId", ""),
        "publicIp": public,
        "publicDns": f"ec2-{public.replace('.', '-')}.compute-1.amazonaws.com",
        "publicIpv4Pool": "amazon",
        "networkBorderGroup": cloud.region,
        "privateDns": "",
        "carrierIp": "",
        "customerOwnedIp": "",
        "ptrRecord": "",
        "tagsAll": tag_map(address.get("Tags")),
    }


def _delete_address(cloud: Cloud, identity: str, state: Properties) -> None:
    cloud.client("ec2").release_address(AllocationId=identity)


TYPES = (
    ResourceType(
        type="aws:ec2/internetGateway:InternetGateway",
        source="ec2/vpc_internet_gateway.go",
        calls=(
            Call("ec2", "CreateInternetGateway", {"tags": "TagSpecifications.Tags"}),
            Call("ec2", "AttachInternetGateway"),
        ),
        create=_create_gateway,
        settle=_attach,
        read=_read_gateway,
        update=_update_gateway,
        delete=_delete_gateway,
        gone=names(_NO_GATEWAY),
        computed=names("vpcId"),
        outputs=names("arn ownerId"),
        tagged=True,
    ),
    ResourceType(
        type="aws:ec2/natGateway:NatGateway",
        source="ec2/vpc_nat_gateway.go",
        calls=(
            Call(
                "ec2",
                "CreateNatGateway",
                {"privateIp": "PrivateIpAddress", "tags": "TagSpecifications.Tags"},
            ),
        ),
        create=_create_nat,
        read=_read_nat,
        update=update_ec2_tags,
        delete=_delete_nat,
        gone=names("NatGatewayNotFound"),
        validate=lambda inputs: one_of(inputs, "connectivityType", ["public", "private"]),
        required=names("subnetId"),
        defaults={"connectivityType": "public"},
        replaces=names(
            "allocationId availabilityMode connectivityType privateIp"
            " secondaryPrivateIpAddressCount subnetId vpcId"
        ),
        computed=names("allocationId availabilityMode privateIp vpcId"),
        outputs=names(
            "associationId autoProvisionZones autoScalingIps networkInterfaceId publicIp"
            " regionalNatGatewayAddresses regionalNatGatewayAutoMode routeTableId"
        ),
        tagged=True,
    ),
    ResourceType(
        type="aws:ec2/eip:Eip",
        source="ec2/ec2_eip.go",
        calls=(
            Call("ec2", "AllocateAddress", {"tags": "TagSpecifications.Tags"}),
            Call(
                "ec2",
                "AssociateAddress",
                {
                    "instance": "InstanceId",
                    "networkInterface": "NetworkInterfaceId",
                    "associateWithPrivateIp": "PrivateIpAddress",
                },
            ),
        ),
        create=_create_address,
        read=_read_address,
        update=update_ec2_tags,
        delete=_delete_address,
        gone=names("InvalidAllocationID.NotFound InvalidAddress.NotFound"),
        validate=lambda inputs: one_of(inputs, "domain", ["vpc"]),
        replaces=names("address domain ipamPoolId networkBorderGroup publicIpv4Pool"),
        computed=names("domain instance networkBorderGroup networkInterface publicIpv4Pool"),
        write_only=names("address associateWithPrivateIp customerOwnedIpv4Pool ipamPoolId"),
        outputs=names(
            "allocationId arn associationId carrierIp customerOwnedIp privateDns privateIp"
            " ptrRecord publicDns publicIp"
        ),
        tagged=True,
    ),
)
