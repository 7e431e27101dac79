from __future__ import annotations

import json
from typing import Any

import pytest

from tests.localcloud.cloud import Cloud, refusal

PREFIX = "com.amazonaws.us-east-1."
EVERYTHING = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}


@pytest.fixture
def ec2(cloud: Cloud) -> Any:
    return cloud.client("ec2")


class Network:
    """A VPC with a subnet in one zone that has every service, and in one that lacks some."""

    def __init__(self, ec2: Any) -> None:
        self._ec2 = ec2
        self.id = ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
        self.complete, self.incomplete = (
            self._subnet(number, zone) for number, zone in enumerate("ae")
        )

    def _subnet(self, number: int, zone: str) -> str:
        subnet = self._ec2.create_subnet(
            VpcId=self.id, CidrBlock=f"10.7.{number}.0/24", AvailabilityZone=f"us-east-1{zone}"
        )
        return str(subnet["Subnet"]["SubnetId"])

    def request(self, service: str, *subnets: str, **more: Any) -> dict[str, Any]:
        """The request for an interface endpoint."""
        named = {"VpcId": self.id, "ServiceName": f"{PREFIX}{service}", "SubnetIds": list(subnets)}
        return {**named, "VpcEndpointType": "Interface", "PrivateDnsEnabled": False, **more}


@pytest.fixture
def network(ec2: Any) -> Network:
    return Network(ec2)


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def test_a_service_is_offered_in_the_zones_that_it_is_in(ec2: Any):
    names = [f"{PREFIX}{each}" for each in ("ecr.dkr", "logs")]
    found = ec2.describe_vpc_endpoint_services(ServiceNames=names)["ServiceDetails"]
    zones = {each["ServiceName"]: each["AvailabilityZones"] for each in found}
    assert zones == {
        names[0]: [f"us-east-1{each}" for each in "abcdf"],
        names[1]: [f"us-east-1{each}" for each in "abcdef"],
    }


def test_a_service_is_offered_in_the_regions_that_it_is_in(cloud: Cloud):
    def describe(region: str) -> Any:
        named = [f"com.amazonaws.{region}.codeartifact.api"]
        return cloud.client("ec2", region).describe_vpc_endpoint_services(ServiceNames=named)

    assert len(describe("us-east-1")["ServiceDetails"]) == 1
    assert refusal(describe, region="us-west-1")[0] == "InvalidServiceName"


def test_an_endpoint_in_a_zone_without_its_service_is_refused(ec2: Any, network: Network):
    both = network.complete, network.incomplete
    code, message = refusal(ec2.create_vpc_endpoint, **network.request("ecr.dkr", *both))
    assert code == "InvalidParameter"
    assert message == (
        f"The VPC endpoint service {PREFIX}ecr.dkr does not support the availability zone of the "
        f"subnet: {network.incomplete}."
    )
    made = ec2.create_vpc_endpoint(**network.request("ecr.dkr", network.complete))["VpcEndpoint"]
    modify = {"VpcEndpointId": made["VpcEndpointId"], "AddSubnetIds": [network.incomplete]}
    assert "does not support" in refusal(ec2.modify_vpc_endpoint, **modify)[1]
    ec2.create_vpc_endpoint(**network.request("logs", *both))


def test_a_service_that_takes_no_policy_takes_only_full_access(ec2: Any, network: Network):
    own = {"StringEquals": {"aws:PrincipalAccount": "123456789012"}}
    limited = document({**EVERYTHING, "Condition": own})
    request = network.request("redshift-data", network.complete)
    code, message = refusal(ec2.create_vpc_endpoint, **request, PolicyDocument=limited)
    assert code == "InvalidParameter"
    assert message == (
        f"Service {PREFIX}redshift-data only supports the full-access endpoint policy."
    )
    full = document(EVERYTHING)
    made = ec2.create_vpc_endpoint(**request, PolicyDocument=full)["VpcEndpoint"]
    modify = {"VpcEndpointId": made["VpcEndpointId"], "PolicyDocument": limited}
    assert "only supports" in refusal(ec2.modify_vpc_endpoint, **modify)[1]


def test_an_endpoint_of_a_service_that_does_not_exist_is_refused(ec2: Any, network: Network):
    unknown = network.request("sagemakre.api", network.complete)
    assert refusal(ec2.create_vpc_endpoint, **unknown)[0] == "InvalidServiceName"
    other = network.request("logs", VpcEndpointType="Gateway")
    assert "does not match available service types" in refusal(ec2.create_vpc_endpoint, **other)[1]
