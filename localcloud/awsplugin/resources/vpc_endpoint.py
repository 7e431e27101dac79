"""VPC endpoints and their associations with route tables."""

from __future__ import annotations

from typing import Any

from localcloud.awsplugin.api_members import Call
from localcloud.awsplugin.cloud import Cloud
from localcloud.awsplugin.plugin_errors import AwsError
from localcloud.awsplugin.properties import Properties
from localcloud.awsplugin.resource_type import ResourceType, names, policy
from localcloud.awsplugin.resources.common import (
    ec2_tags,
    every,
    one_of,
    present,
    reports,
    tag_map,
    update_ec2_tags,
)

_GONE = names("InvalidVpcEndpointId.NotFound")
_OPEN_POLICY = (
    '{"Version":"2008-10-17","Statement":'
    '[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}'
)
# List inputs with the names of the API's arguments that add to and remove from them.
_LISTS = {
    "routeTableIds": "RouteTableIds",
    "subnetIds": "SubnetIds",
    "securityGroupIds": "SecurityGroupIds",
}


def _check_private_dns(cloud: Cloud, vpc: str, service: str) -> None:
    """Refuses private DNS names that the VPC does not resolve, or that another endpoint has."""
    ec2 = cloud.client("ec2")
    for name, field in (
        ("enableDnsSupport", "EnableDnsSupport"),
        ("enableDnsHostnames", "EnableDnsHostnames"),
    ):
        if not ec2.describe_vpc_attribute(VpcId=vpc, Attribute=name)[field]["Value"]:
            message = (
                "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames "
                f"VPC attributes set to true for {vpc}"
            )
            raise AwsError("CreateVpcEndpoint", "InvalidParameter", message)
    filters = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "service-name", "Values": [service]}]
    for other in every(ec2, "describe_vpc_endpoints", "VpcEndpoints", Filters=filters):
        if _is_available(other) and other["PrivateDnsEnabled"] and other.get("SubnetIds"):
            message = (
                "private-dns-enabled cannot be set because there is already a conflicting "
                f"DNS domain for {service} in the VPC {vpc}"
            )
            raise AwsError("CreateVpcEndpoint", "InvalidParameter", message)


def _is_available(endpoint: dict[str, Any]) -> bool:
    return str(endpoint["State"]).lower() not in {"deleted", "deleting"}


def _create(cloud: Cloud, inputs: Properties) -> str:
    endpoint_type = inputs["vpcEndpointType"]
    if inputs.get("privateDnsEnabled"):
        _check_private_dns(cloud, inputs["vpcId"], inputs["serviceName"])
    groups = _groups(cloud, inputs) if endpoint_type == "Interface" else None
    answer = cloud.client("ec2").create_vpc_endpoint(
        VpcEndpointType=endpoint_type,
        VpcId=inputs["vpcId"],
        ServiceName=inputs["serviceName"],
        PrivateDnsEnabled=bool(inputs.get("privateDnsEnabled")),
        **present(
            PolicyDocument=inputs.get("policy"),
            RouteTableIds=inputs.get("routeTableIds"),
            SubnetIds=inputs.get("subnetIds"),
            SecurityGroupIds=groups,
        ),
        **ec2_tags("vpc-endpoint", inputs),
    )
    return str(answer["VpcEndpoint"]["VpcEndpointId"])


def _groups(cloud: Cloud, inputs: Properties) -> list[str]:
    """The groups of an interface endpoint: the VPC's default one if none is given."""
    if inputs.get("securityGroupIds"):
        return list(inputs["securityGroupIds"])
    filters = [
        {"Name": "vpc-id", "Values": [inputs["vpcId"]]},
        {"Name": "group-name", "Values": ["default"]},
    ]
    ec2 = cloud.client("ec2")
    groups = every(ec2, "describe_security_groups", "SecurityGroups", Filters=filters)
    return [group["GroupId"] for group in groups]


def _settle(cloud: Cloud, identity: str, inputs: Properties) -> None:
    """Puts the endpoint's network interfaces into its groups; the local endpoint does not."""
    if inputs["vpcEndpointType"] != "Interface":
        return
    ec2, groups = cloud.client("ec2"), _groups(cloud, inputs)
    for interface in (_endpoint(cloud, identity) or {}).get("NetworkInterfaceIds") or ():
        ec2.modify_network_interface_attribute(NetworkInterfaceId=interface, Groups=groups)


def _endpoint(cloud: Cloud, identity: str) -> dict[str, Any] | None:
    answer = cloud.client("ec2").describe_vpc_endpoints(VpcEndpointIds=[identity])
    return next((dict(item) for item in answer["VpcEndpoints"] if _is_available(item)), None)


def _read(cloud: Cloud, identity: str, previous: Properties) -> Properties | None:
    endpoint = _endpoint(cloud, identity)
    if endpoint is None:
        return None
    endpoint_type = endpoint.get("VpcEndpointType", "Gateway")
    interface = endpoint_type == "Interface"
    prefix_list = None if interface else _prefix_list(cloud, endpoint["ServiceName"])
    return {
        "arn": cloud.arn("ec2", f"vpc-endpoint/{identity}"),
        "vpcId": endpoint["VpcId"],
        "serviceName": endpoint["ServiceName"],
        "serviceRegion": cloud.region,
        "vpcEndpointType": endpoint_type,
        "policy": endpoint.get("PolicyDocument") or _OPEN_POLICY,
        "privateDnsEnabled": bool(endpoint["PrivateDnsEnabled"]) if interface else False,
        "ipAddressType": "ipv4",
        "routeTableIds": endpoint.get("RouteTableIds") or []
        if reports(cloud, previous, "routeTableIds")
        else [],
        "subnetIds": endpoint.get("SubnetIds") or [],
        "securityGroupIds": [group["GroupId"] for group in endpoint.get("Groups") or ()],
        "networkInterfaceIds": endpoint.get("NetworkInterfaceIds") or [],
        "dnsEntries": [
            {"dnsName": entry["DnsName"], "hostedZoneId": entry.get("HostedZoneId", "")}
            for entry in endpoint.get("DnsEntries") or ()
        ],
        "state": endpoint["State"],
        "ownerId": endpoint["OwnerId"],
        "requesterManaged": bool(endpoint.get("RequesterManaged")),
        "prefixListId": prefix_list,
        "cidrBlocks": _cidr_blocks(cloud, prefix_list) if prefix_list else [],
        "tagsAll": tag_map(endpoint.get("Tags")),
    }


def _prefix_list(cloud: Cloud, service: str) -> str | None:
    lists = every(cloud.client("ec2"), "describe_managed_prefix_lists", "PrefixLists")
    return next((i["PrefixListId"] for i in lists if i["PrefixListName"] == service), None)


def _cidr_blocks(cloud: Cloud, prefix_list: str) -> list[str]:
    ec2 = cloud.client("ec2")
    entries = every(ec2, "get_managed_prefix_list_entries", "Entries", PrefixListId=prefix_list)
    return [entry["Cidr"] for entry in entries]


def _update(cloud: Cloud, identity: str, state: Properties, inputs: Properties) -> None:
    request: dict[str, Any] = {}
    for name, api in _LISTS.items():
        if name in inputs:
            old, new = set(state.get(name) or ()), set(inputs[name] or ())
            request[f"Add{api}"] = sorted(new - old)
            request[f"Remove{api}"] = sorted(old - new)
    if inputs.get("policy") and inputs["policy"] != state.get("policy"):
        request["PolicyDocument"] = inputs["policy"]
    request = {name: value for name, value in request.items() if value}
    if request:
        cloud.client("ec2").modify_vpc_endpoint(VpcEndpointId=identity, **request)
    if "securityGroupIds" in inputs:
        _settle(cloud, identity, inputs)
    update_ec2_tags(cloud, identity, state, inputs)


def _delete(cloud: Cloud, identity: str, state: Properties) -> None:
    if _endpoint(cloud, identity):
        cloud.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[identity])


def _private_dns(state: Properties, inputs: Properties) -> frozenset[str]:
    """Only an interface endpoint can change whether it has private DNS names."""
    fixed = inputs.get("vpcEndpointType") != "Interface"
    return frozenset({"privateDnsEnabled"} if fixed else ())


def _create_association(cloud: Cloud, inputs: Properties) -> str:
    endpoint, table = inputs["vpcEndpointId"], inputs["routeTableId"]
    cloud.client("ec2").modify_vpc_endpoint(VpcEndpointId=endpoint, AddRouteTableIds=[table])
    return f"a-{endpoint}-{table}"


def _read_association(cloud: Cloud, identity: str, previous: Properties) -> Properties | None:
    endpoint_id, _, table = identity.partition("/")
    place = previous or {"vpcEndpointId": endpoint_id, "routeTableId": table}
    endpoint = _endpoint(cloud, place["vpcEndpointId"])
    if endpoint is None or place["routeTableId"] not in (endpoint.get("RouteTableIds") or ()):
        return None
    return {name: place[name] for name in ("vpcEndpointId", "routeTableId")}


def _delete_association(cloud: Cloud, identity: str, state: Properties) -> None:
    if _read_association(cloud, identity, state):
        cloud.client("ec2").modify_vpc_endpoint(
            VpcEndpointId=state["vpcEndpointId"], RemoveRouteTableIds=[state["routeTableId"]]
        )


TYPES = (
    ResourceType(
        type="aws:ec2/vpcEndpoint:VpcEndpoint",
        source="ec2/vpc_endpoint.go",
        calls=(
            Call(
                "ec2",
                "CreateVpcEndpoint",
                {"policy": "PolicyDocument", "tags": "TagSpecifications.Tags"},
            ),
        ),
        create=_create,
        settle=_settle,
        read=_read,
        update=_update,
        delete=_delete,
        gone=_GONE,
        validate=lambda inputs: one_of(
            inputs,
            "vpcEndpointType",
            ["Gateway", "Interface", "GatewayLoadBalancer", "Resource", "ServiceNetwork"],
        ),
        required=names("vpcId"),
        defaults={"vpcEndpointType": "Gateway"},
        replaces=names(
            "dnsOptions.privateDnsPreference dnsOptions.privateDnsSpecifiedDomains"
            " resourceConfigurationArn serviceName serviceNetworkArn serviceRegion vpcEndpointType"
            " vpcId"
        ),
        replaces_if=_private_dns,
        computed=names(
            "policy privateDnsEnabled ipAddressType dnsOptions routeTableIds subnetIds"
            " securityGroupIds serviceRegion subnetConfigurations"
        ),
        outputs=names(
            "arn cidrBlocks dnsEntries networkInterfaceIds ownerId prefixListId requesterManaged"
            " state"
        ),
        recomputed=names("networkInterfaceIds dnsEntries"),
        unordered=names("routeTableIds subnetIds securityGroupIds"),
        write_only=names("autoAccept dnsOptions subnetConfigurations"),
        same=policy("policy"),
        tagged=True,
    ),
    ResourceType(
        type="aws:ec2/vpcEndpointRouteTableAssociation:VpcEndpointRouteTableAssociation",
        source="ec2/vpc_endpoint_route_table_association.go",
        calls=(Call("ec2", "ModifyVpcEndpoint", {"routeTableId": "AddRouteTableIds"}),),
        create=_create_association,
        read=_read_association,
        delete=_delete_association,
        gone=_GONE,
        required=names("vpcEndpointId routeTableId"),
        replaces=names("vpcEndpointId routeTableId"),
    ),
)
