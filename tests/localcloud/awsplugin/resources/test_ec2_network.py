from __future__ import annotations

import pytest

from localcloud.awsplugin.properties import Properties
from tests.localcloud.awsplugin.plugin import TAGS, InputsError, Plugin, RefusedError

VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"


def test_a_vpc_lives_from_its_creation_to_its_end(plugin: Plugin) -> None:
    plugin.assert_lifecycle(
        "aws:ec2/vpc:Vpc",
        {"cidrBlock": "10.0.0.0/16", "tags": TAGS},
        change={"enableDnsHostnames": True, "tags": {"team": "vision"}},
        replace={"cidrBlock": "10.1.0.0/16"},
    )


def test_a_subnet_lives_from_its_creation_to_its_end(plugin: Plugin) -> None:
    plugin.assert_lifecycle(
        "aws:ec2/subnet:Subnet",
        {
            "vpcId": plugin.vpc(),
            "cidrBlock": "10.0.0.0/24",
            "availabilityZone": "us-east-1a",
            "tags": TAGS,
        },
        change={"mapPublicIpOnLaunch": True},
        replace={"availabilityZone": "us-east-1f"},
    )


@pytest.mark.parametrize(
    ("kind", "inputs", "message"),
    [
        (VPC, {"cidrBlock": "10.0.0.1/16"}, "has host bits set"),
        (VPC, {"cidrBlock": "10.0.0.0/8"}, "outside /16 to /28"),
        (VPC, {"instanceTenancy": "shared"}, "expected instanceTenancy to be one of"),
        (SUBNET, {"cidrBlock": "10.0.0.0/24"}, "vpcId: Missing required argument"),
    ],
)
def test_a_wrong_input_is_refused_before_anything_is_made(
    plugin: Plugin, kind: str, inputs: Properties, message: str
) -> None:
    with pytest.raises(InputsError, match=message):
        plugin.check(kind, inputs)


def test_a_vpc_with_a_subnet_stays(plugin: Plugin) -> None:
    vpc = plugin.create(VPC, {"cidrBlock": "10.0.0.0/16"})
    plugin.subnet(vpc.id)
    with pytest.raises(RefusedError, match="DependencyViolation"):
        plugin.delete(vpc)
