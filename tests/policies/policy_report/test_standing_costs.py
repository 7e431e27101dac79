from __future__ import annotations

from typing import Any

import pytest

from policy_report.standing_costs import (
    ENDPOINT_TYPE,
    PRICES,
    StandingCost,
    billed_by_use,
    standing_costs,
    together,
)
from tests.policies.mutation.recorded_platform import platform
from tests.policies.subjects import resource
from toolchain.layout import CHECKOUT
from training_policies.resource import Resource

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
NAT = "aws:ec2/natGateway:NatGateway"


def endpoint(**properties: Any) -> Resource:
    return resource(ENDPOINT_TYPE, {"vpcEndpointType": "Interface"} | properties)


def numbers(costs: list[StandingCost]) -> dict[str, int | None]:
    return {each.what: each.number for each in costs}


def test_a_small_stack_costs_a_key_its_alarms_and_its_dashboard():
    costs = standing_costs(platform("dev-first").resources.values())
    assert numbers(costs) == {"dashboard": 1, "KMS key": 1, "alarm": 7}
    assert together(costs) == pytest.approx(4.70)


def test_a_stack_with_every_option_costs_its_gateways_and_its_endpoint_in_each_zone():
    resources = list(platform("full-first").resources.values())
    costs = standing_costs(resources)
    assert numbers(costs) == {
        "NAT gateway": 2,
        "interface endpoint, in one zone": 4,
        "public IPv4 address": 2,
        "dashboard": 1,
        "alarm": 15,
        "KMS key": 1,
        "state machine, run every 15 minutes": 1,
    }
    monthly = 2 * 32.85 + 4 * 7.30 + 2 * 3.65 + 3.00 + 1.50 + 1.00 + 0.30
    assert together(costs) == pytest.approx(monthly)
    assert len([*billed_by_use(resources)]) == 4


def test_an_endpoint_in_a_number_of_zones_that_is_not_known_has_no_price():
    costs = standing_costs([endpoint(subnetIds=UNKNOWN), resource(NAT, {})])
    assert costs[0] == StandingCost("interface endpoint, in one zone", None, None)
    assert together(costs) is None


def test_a_gateway_endpoint_costs_nothing():
    gateway = endpoint(vpcEndpointType="Gateway")
    assert standing_costs([gateway, resource("aws:ec2/vpc:Vpc", {})]) == []
    assert [*billed_by_use([gateway])] == []


def test_the_page_on_costs_has_the_same_prices():
    page = (CHECKOUT / "docs" / "costs.md").read_text()
    for price in PRICES.values():
        assert f"{price.monthly:.2f}" in page, price.what
