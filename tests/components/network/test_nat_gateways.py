from __future__ import annotations

import pytest

from tests.components.network.networks import EGRESS, network
from tests.components.recording import REGION, Recording


@pytest.fixture(scope="module")
def with_nat() -> Recording:
    return network(nat="per-zone", zones=[f"{REGION}{each}" for each in "abc"])


def test_no_subnet_gives_out_public_addresses(with_nat: Recording):
    subnets = with_nat.of("ec2/subnet:Subnet")
    assert len(subnets) == 6
    assert {each.inputs["mapPublicIpOnLaunch"] for each in subnets} == {False}


def test_a_nat_gateway_in_each_zone_carries_that_zones_traffic(with_nat: Recording):
    routes = {each.name: each.inputs for each in with_nat.of("ec2/route:Route")}
    for letter in "abc":
        route = routes[f"net-nat-private-{letter}-out"]
        assert route["natGatewayId"] == f"net-nat-public-{letter}-gateway-id"
        assert route["routeTableId"] == f"net-private-{letter}-id"
    assert routes["net-nat-public-out"]["gatewayId"] == "net-nat-internet-id"
    assert len(with_nat.of("ec2/eip:Eip")) == 3


def test_a_single_nat_gateway_carries_the_traffic_of_all_zones():
    recording = network(nat="single")
    gateway = recording.the("ec2/natGateway:NatGateway")
    assert gateway.inputs["subnetId"] == "net-nat-public-a-id"
    routes = [each for each in recording.of("ec2/route:Route") if "natGatewayId" in each.inputs]
    assert len(routes) == 2
    assert {each.inputs["natGatewayId"] for each in routes} == {f"{gateway.name}-id"}


def test_a_nat_gateway_starts_after_the_way_out_of_its_subnet(with_nat: Recording):
    gateway = with_nat.the("ec2/natGateway:NatGateway", "-b-gateway")
    assert with_nat.depends(gateway, with_nat.the("ec2/route:Route", "net-nat-public-out"))
    internet = with_nat.the("ec2/internetGateway:InternetGateway")
    assert with_nat.depends(gateway, internet)


def test_nat_gateways_do_not_wait_for_one_another(with_nat: Recording):
    one = with_nat.the("ec2/natGateway:NatGateway", "-a-gateway")
    other = with_nat.the("ec2/natGateway:NatGateway", "-b-gateway")
    assert not with_nat.depends(one, other)
    assert not with_nat.depends(other, one)


def test_only_with_nat_jobs_may_call_https_addresses_outside(with_nat: Recording):
    rule = with_nat.the(EGRESS, "-to-internet").inputs
    assert (rule["cidrIpv4"], rule["fromPort"], rule["toPort"]) == ("0.0.0.0/0", 443, 443)
    open_rules = [each for each in with_nat.of(EGRESS) if "cidrIpv4" in each.inputs]
    assert len(open_rules) == 1
