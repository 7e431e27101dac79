"""Route tables, their routes and their associations with subnets."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

from localcloud.awsplugin.api_members import Call
from localcloud.awsplugin.cloud import Cloud
from localcloud.awsplugin.plugin_errors import AwsError, Failure
from localcloud.awsplugin.properties import Properties
from localcloud.awsplugin.resource_type import ResourceType, names
from localcloud.awsplugin.resources.common import (
    ec2_tags,
    every,
    reports,
    tag_map,
    update_ec2_tags,
)

# Inputs and their names in the API.
_TARGETS = {
    "gatewayId": "GatewayId",
    "natGatewayId": "NatGatewayId",
    "networkInterfaceId": "NetworkInterfaceId",
    "transitGatewayId": "TransitGatewayId",
    "vpcPeeringConnectionId": "VpcPeeringConnectionId",
    "egressOnlyGatewayId": "EgressOnlyInternetGatewayId",
    "vpcEndpointId": "VpcEndpointId",
    "carrierGatewayId": "CarrierGatewayId",
    "localGatewayId": "LocalGatewayId",
    "coreNetworkArn": "CoreNetworkArn",
}
_DESTINATIONS = {
    "destinationCidrBlock": "DestinationCidrBlock",
    "destinationIpv6CidrBlock": "DestinationIpv6CidrBlock",
    "destinationPrefixListId": "DestinationPrefixListId",
}
# A route inside a table names its destination differently.
_INLINE = {
    **_TARGETS,
    "cidrBlock": "DestinationCidrBlock",
    "ipv6CidrBlock": "DestinationIpv6CidrBlock",
    "destinationPrefixListId": "DestinationPrefixListId",
}
_GONE = "InvalidRouteTableID.NotFound"


def _request(route: Properties, fields: dict[str, str]) -> dict[str, Any]:
    return {api: route[name] for name, api in fields.items() if route.get(name)}


def _table(cloud: Cloud, identity: str) -> dict[str, Any]:
    answer = cloud.client("ec2").describe_route_tables(RouteTableIds=[identity])
    return dict(answer["RouteTables"][0])


def _own_routes(table: dict[str, Any]) -> list[dict[str, Any]]:
    """The routes that were created: not the local ones, nor those of gateway endpoints."""
    return [
        route
        for route in table["Routes"]
        if route.get("Origin") == "CreateRoute"
        and not str(route.get("GatewayId", "")).startswith("vpce-")
    ]


def _create_table(cloud: Cloud, inputs: Properties) -> str:
    answer = cloud.client("ec2").create_route_table(
        VpcId=inputs["vpcId"], **ec2_tags("route-table", inputs)
    )
    return str(answer["RouteTable"]["RouteTableId"])


def _settle_table(cloud: Cloud, identity: str, inputs: Properties) -> None:
    for route in inputs.get("routes") or ():
        cloud.client("ec2").create_route(RouteTableId=identity, **_request(route, _INLINE))


def _read_table(cloud: Cloud, identity: str, previous: Properties) -> Properties | None:
    table = _table(cloud, identity)
    routes = [
        {name: route[api] for name, api in _INLINE.items() if route.get(api)}
        for route in _own_routes(table)
    ]
    return {
        "arn": cloud.arn("ec2", f"route-table/{identity}"),
        "vpcId": table["VpcId"],
        "ownerId": table["OwnerId"],
        "routes": routes if reports(cloud, previous, "routes") else [],
        "propagatingVgws": [],
        "tagsAll": tag_map(table.get("Tags")),
    }


def _update_table(cloud: Cloud, identity: str, state: Properties, inputs: Properties) -> None:
    if "routes" in inputs:
        _change_routes(cloud, identity, state.get("routes") or [], inputs["routes"] or [])
    update_ec2_tags(cloud, identity, state, inputs)


def _change_routes(
    cloud: Cloud, identity: str, old: list[Properties], new: list[Properties]
) -> None:
    ec2 = cloud.client("ec2")
    current = [_request(route, _INLINE) for route in old]
    wanted = [_request(route, _INLINE) for route in new]
    for route in current:
        if route not in wanted:
            ec2.delete_route(RouteTableId=identity, **_destination(route))
    for route in wanted:
        if route not in current:
            ec2.create_route(RouteTableId=identity, **route)


def _destination(route: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in route.items() if name in _DESTINATIONS.values()}


def _delete_table(cloud: Cloud, identity: str, state: Properties) -> None:
    cloud.client("ec2").delete_route_table(RouteTableId=identity)


def _route_failures(inputs: Properties) -> Iterator[Failure]:
    if len(_request(inputs, _TARGETS)) > 1:
        given = sorted(name for name in _TARGETS if inputs.get(name))
        yield Failure(given[0], f"only one target can be set, found {', '.join(given)}")


def _create_route(cloud: Cloud, inputs: Properties) -> str:
    request = _request(inputs, _DESTINATIONS) | _request(inputs, _TARGETS)
    cloud.client("ec2").create_route(RouteTableId=inputs["routeTableId"], **request)
    destination = next(iter(_request(inputs, _DESTINATIONS).values()), "")
    return f"r-{inputs['routeTableId']}{zlib.crc32(destination.encode())}"


def _located(identity: str, previous: Properties) -> Properties:
    """Where a route is: from its state, or from an imported id `rtb-…_<destination>`."""
    if previous.get("routeTableId"):
        return previous
    table, _, destination = identity.partition("_")
    name = (
        "destinationPrefixListId" if destination.startswith("pl-")
        else "destinationIpv6CidrBlock" if ":" in destination
        else "destinationCidrBlock"
    )  # fmt: skip
    return {"routeTableId": table, name: destination}


def _read_route(cloud: Cloud, identity: str, previous: Properties) -> Properties | None:
    place = _located(identity, previous)
    wanted = _request(place, _DESTINATIONS)
    routes = _own_routes(_table(cloud, place["routeTableId"]))
    route = next((route for route in routes if wanted.items() <= route.items()), None)
    if route is None:
        return None
    fields = {**_DESTINATIONS, **_TARGETS}
    return {
        **{name: route[api] for name, api in fields.items() if route.get(api)},
        "routeTableId": place["routeTableId"],
        "origin": route["Origin"],
        "state": route["State"],
        "instanceId": "",
        "instanceOwnerId": "",
    }


def _update_route(cloud: Cloud, identity: str, state: Properties, inputs: Properties) -> None:
    request = _request(inputs, _DESTINATIONS) | _request(inputs, _TARGETS)
    cloud.client("ec2").replace_route(RouteTableId=inputs["routeTableId"], **request)


def _delete_route(cloud: Cloud, identity: str, state: Properties) -> None:
    place = _located(identity, state)
    destination = _request(place, _DESTINATIONS)
    cloud.client("ec2").delete_route(RouteTableId=place["routeTableId"], **destination)


def _create_association(cloud: Cloud, inputs: Properties) -> str:
    ec2 = cloud.client("ec2")
    if inputs.get("subnetId") and _association(cloud, "", inputs):
        message = f"the subnet {inputs['subnetId']} is associated with a route table already"
        raise AwsError("AssociateRouteTable", "Resource.AlreadyAssociated", message)
    target = (
        {"SubnetId": inputs["subnetId"]}
        if inputs.get("subnetId")
        else {"GatewayId": inputs["gatewayId"]}
    )
    return str(
        ec2.associate_route_table(RouteTableId=inputs["routeTableId"], **target)["AssociationId"]
    )


def _association(cloud: Cloud, identity: str, place: Properties) -> dict[str, Any] | None:
    """Finds an association: by its subnet, as its id changes with the table; else by its id."""
    ec2, subnet, gateway = cloud.client("ec2"), place.get("subnetId"), place.get("gatewayId")
    filters = [{"Name": "association.subnet-id", "Values": [subnet]}] if subnet else []
    for table in every(ec2, "describe_route_tables", "RouteTables", Filters=filters):
        for association in table["Associations"]:
            same_target = (subnet and association.get("SubnetId") == subnet) or (
                gateway and association.get("GatewayId") == gateway
            )
            if same_target or association["RouteTableAssociationId"] == identity:
                return dict(association)
    return None


def _read_association(cloud: Cloud, identity: str, previous: Properties) -> Properties | None:
    imported = identity if not previous.get("routeTableId") else ""
    place = previous if previous else {"subnetId": identity.partition("/")[0]}
    found = _association(cloud, imported, place)
    if found is None:
        return None
    return {
        "routeTableId": found["RouteTableId"],
        "subnetId": found.get("SubnetId"),
        "gatewayId": found.get("GatewayId"),
    }


def _update_association(cloud: Cloud, identity: str, state: Properties, inputs: Properties) -> None:
    found = _association(cloud, identity, state)
    if found:
        cloud.client("ec2").replace_route_table_association(
            AssociationId=found["RouteTableAssociationId"], RouteTableId=inputs["routeTableId"]
        )


def _delete_association(cloud: Cloud, identity: str, state: Properties) -> None:
    found = _association(cloud, identity, state)
    if found:
        cloud.client("ec2").disassociate_route_table(AssociationId=found["RouteTableAssociationId"])


TYPES = (
    ResourceType(
        type="aws:ec2/routeTable:RouteTable",
        source="ec2/vpc_route_table.go",
        calls=(
            Call("ec2", "CreateRouteTable", {"tags": "TagSpecifications.Tags"}),
            Call(
                "ec2",
                "CreateRoute",
                {"routes": "", **{f"routes.{name}": api for name, api in _INLINE.items()}},
            ),
            Call("ec2", "EnableVgwRoutePropagation", {"propagatingVgws": "GatewayId"}),
        ),
        create=_create_table,
        settle=_settle_table,
        read=_read_table,
        update=_update_table,
        delete=_delete_table,
        gone=names(_GONE),
        required=names("vpcId"),
        replaces=names("vpcId"),
        computed=names("routes propagatingVgws"),
        unordered=names("routes propagatingVgws"),
        outputs=names("arn ownerId"),
        tagged=True,
    ),
    ResourceType(
        type="aws:ec2/route:Route",
        source="ec2/vpc_route.go",
        calls=(Call("ec2", "CreateRoute", _TARGETS),),
        create=_create_route,
        read=_read_route,
        update=_update_route,
        delete=_delete_route,
        gone=names(f"{_GONE} InvalidRoute.NotFound"),
        validate=_route_failures,
        required=names("routeTableId"),
        replaces=names(f"routeTableId {' '.join(_DESTINATIONS)}"),
        computed=names("networkInterfaceId"),
        outputs=names("instanceId instanceOwnerId origin state"),
    ),
    ResourceType(
        type="aws:ec2/routeTableAssociation:RouteTableAssociation",
        source="ec2/vpc_route_table_association.go",
        calls=(Call("ec2", "AssociateRouteTable"),),
        create=_create_association,
        read=_read_association,
        update=_update_association,
        delete=_delete_association,
        required=names("routeTableId"),
        replaces=names("subnetId gatewayId"),
    ),
)
