from __future__ import annotations

import pytest

from tests.localcloud.awsplugin.plugin import OTHER_TAGS, TAGS, Plugin, RefusedError

ASSOCIATION = "aws:ec2/routeTableAssociation:RouteTableAssociation"


def test_a_route_table_lives_from_its_creation_to_its_end(plugin: Plugin) -> None:
    plugin.assert_lifecycle(
        "aws:ec2/routeTable:RouteTable",
        {"vpcId": plugin.vpc(), "tags": TAGS},
        change={"tags": OTHER_TAGS},
        replace={"vpcId": plugin.vpc()},
    )


def test_a_route_table_with_its_routes_lives_from_its_creation_to_its_end(plugin: Plugin) -> None:
    vpc = plugin.vpc()
    gateway = plugin.internet_gateway(vpc)
    plugin.assert_lifecycle(
        "aws:ec2/routeTable:RouteTable",
        {"vpcId": vpc, "routes": [{"cidrBlock": "0.0.0.0/0", "gatewayId": gateway}]},
        change={"routes": [{"cidrBlock": "1.2.3.0/24", "gatewayId": gateway}]},
    )


def test_a_route_lives_from_its_creation_to_its_end(plugin: Plugin) -> None:
    vpc = plugin.vpc()
    table = plugin.route_table(vpc)
    plugin.assert_lifecycle(
        "aws:ec2/route:Route",
        {
            "routeTableId": table,
            "destinationCidrBlock": "0.0.0.0/0",
            "gatewayId": plugin.internet_gateway(vpc),
        },
        replace={"destinationCidrBlock": "1.2.3.0/24"},
        import_id=lambda _: f"{table}_0.0.0.0/0",
    )


def test_an_association_lives_from_its_creation_to_its_end(plugin: Plugin) -> None:
    vpc = plugin.vpc()
    subnet, table = plugin.subnet(vpc), plugin.route_table(vpc)
    plugin.assert_lifecycle(
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        {"subnetId": subnet, "routeTableId": table},
        change={"routeTableId": plugin.route_table(vpc)},
        replace={"subnetId": plugin.subnet(vpc, "10.0.2.0/24")},
        import_id=lambda made: f"{subnet}/{made.state['routeTableId']}",
    )


def test_a_subnet_takes_one_route_table(plugin: Plugin) -> None:
    vpc = plugin.vpc()
    subnet = plugin.subnet(vpc)
    plugin.create(ASSOCIATION, {"subnetId": subnet, "routeTableId": plugin.route_table(vpc)})
    other = {"subnetId": subnet, "routeTableId": plugin.route_table(vpc)}
    with pytest.raises(RefusedError, match=r"Resource\.AlreadyAssociated"):
        plugin.create(ASSOCIATION, other)
