from __future__ import annotations

import pytest

from tests.policies.subjects import resource, violations
from training_policies.platform_rules.vpc import GATEWAYS


@pytest.mark.parametrize("type_", ["internetGateway:InternetGateway", "natGateway:NatGateway"])
@pytest.mark.parametrize("allowed", [True, False])
def test_a_gateway_is_refused_unless_the_internet_is_allowed(type_: str, allowed: bool):
    gateway = resource(f"aws:ec2/{type_}", {})
    assert bool(violations(GATEWAYS, gateway, {"allowed": allowed})) is not allowed
