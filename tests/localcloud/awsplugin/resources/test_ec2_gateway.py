from __future__ import annotations

from tests.localcloud.awsplugin.plugin import OTHER_TAGS, TAGS, Plugin


def test_an_internet_gateway_lives_from_its_creation_to_its_end(plugin: Plugin) -> None:
    plugin.assert_lifecycle(
        "aws:ec2/internetGateway:InternetGateway",
        {"vpcId": plugin.vpc(), "tags": TAGS},
        change={"tags": OTHER_TAGS},
    )


def test_a_nat_gateway_lives_from_its_creation_to_its_end(plugin: Plugin) -> None:
    vpc = plugin.vpc()
    plugin.internet_gateway(vpc)
    address = plugin.create("aws:ec2/eip:Eip", {"domain": "vpc"})
    plugin.assert_lifecycle(
        "aws:ec2/natGateway:NatGateway",
        {"subnetId": plugin.subnet(vpc), "allocationId": address.id, "tags": TAGS},
        change={"tags": OTHER_TAGS},
        replace={"connectivityType": "private"},
    )


def test_an_address_lives_from_its_creation_to_its_end(plugin: Plugin) -> None:
    plugin.assert_lifecycle(
        "aws:ec2/eip:Eip", {"domain": "vpc", "tags": TAGS}, change={"tags": OTHER_TAGS}
    )
