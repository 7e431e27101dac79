from __future__ import annotations

from ipaddress import IPv4Network
from itertools import combinations
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.network.subnets import (
    Nat,
    addresses_free,
    addresses_needed,
    chosen_zones,
    network_problems,
    plan_subnets,
    zone_problems,
    zone_slot,
)

ZONES = [f"us-east-1{letter}" for letter in "abcdef"]

zones = st.lists(st.sampled_from(ZONES), min_size=1, max_size=6, unique=True)
ranges = st.builds(
    lambda second, prefix: str(IPv4Network(f"10.{second}.0.0/{prefix}")),
    st.integers(0, 255),
    st.integers(16, 24),
)
ranges_with_nat = ranges.filter(lambda cidr: IPv4Network(cidr).prefixlen <= 22)
nats = st.sampled_from(["none", "single", "per-zone"])


def subnets_of(cidr: str, names: list[str], nat: str) -> list[IPv4Network]:
    plan = plan_subnets(cidr, names, cast("Nat", nat))
    return [IPv4Network(each) for zone in plan for each in (zone.private, zone.public) if each]


@given(ranges_with_nat, zones, nats)
def test_no_two_subnets_overlap_and_all_lie_in_the_vpc(cidr: str, names: list[str], nat: str):
    subnets = subnets_of(cidr, names, nat)
    assert all(subnet.subnet_of(IPv4Network(cidr)) for subnet in subnets)
    assert not any(one.overlaps(other) for one, other in combinations(subnets, 2))
    assert all(16 <= subnet.prefixlen <= 28 for subnet in subnets)


@given(ranges, zones, st.sampled_from(ZONES))
def test_adding_or_reordering_zones_renumbers_no_subnet(cidr: str, names: list[str], added: str):
    before = {each.zone: each.private for each in plan_subnets(cidr, names)}
    grown = sorted({*names, added}, reverse=True)
    after = {each.zone: each.private for each in plan_subnets(cidr, grown)}
    assert before.items() <= after.items()


@given(ranges_with_nat, zones)
def test_asking_for_nat_later_renumbers_no_private_subnet(cidr: str, names: list[str]):
    without = [each.private for each in plan_subnets(cidr, names)]
    assert without == [each.private for each in plan_subnets(cidr, names, "per-zone")]


@given(ranges, st.integers(1, 20_000), st.booleans(), st.integers(0, 10))
def test_a_job_is_refused_exactly_when_a_subnet_is_too_small_for_it(
    cidr: str, instances: int, efa: bool, endpoints: int
):
    problems = network_problems(cidr, instances, efa=efa, interface_endpoints=endpoints)
    private = IPv4Network(plan_subnets(cidr, ZONES[:1])[0].private)
    fits = instances * (5 if efa else 2) <= private.num_addresses - 5 - endpoints
    refused_as_container_range = IPv4Network(cidr).overlaps(IPv4Network("172.17.0.0/16"))
    assert bool(problems) == (not fits or refused_as_container_range)


def test_a_sixteen_bit_vpc_gives_each_zone_eight_thousand_addresses():
    plan = plan_subnets("10.64.0.0/16", ZONES[:2])
    assert [each.private for each in plan] == ["10.64.0.0/19", "10.64.32.0/19"]
    assert addresses_free("10.64.0.0/16") == 8187


def test_without_nat_no_zone_has_a_public_subnet():
    assert not any(each.public for each in plan_subnets("10.64.0.0/16", ZONES))


def test_a_single_nat_gateway_is_in_the_first_zone_in_any_order():
    plan = plan_subnets("10.64.0.0/16", [ZONES[1], ZONES[0]], "single")
    assert [each.zone for each in plan if each.public] == [ZONES[0]]


def test_a_nat_gateway_in_each_zone_gives_each_a_public_subnet():
    plan = plan_subnets("10.64.0.0/16", ZONES[:2], "per-zone")
    assert [each.public for each in plan] == ["10.64.224.0/22", "10.64.228.0/22"]


def test_a_zone_named_twice_is_refused():
    with pytest.raises(ValueError, match="each may be named once"):
        plan_subnets("10.64.0.0/16", [ZONES[0], ZONES[0]])


@pytest.mark.parametrize("zone", ["us-west-2-lax-1a", "us-east-1-wl1-bos-wlz-1", "us-east-1g", "a"])
def test_what_is_not_a_standard_zone_has_no_slot(zone: str):
    with pytest.raises(ValueError, match="write a standard zone's name"):
        zone_slot(zone)


@pytest.mark.parametrize(
    ("zone", "slot"),
    [("us-east-1a", 0), ("us-gov-west-1c", 2), ("ap-northeast-1d", 3), ("eusc-de-east-1b", 1)],
)
def test_a_zone_owns_the_slot_of_its_letter(zone: str, slot: int):
    assert zone_slot(zone) == slot


def test_the_first_zones_are_standard_ones_by_name():
    available = ["us-west-2-lax-1a", "us-west-2b", "us-west-2a", "us-west-2c"]
    assert chosen_zones(available, 2) == ["us-west-2a", "us-west-2b"]


def test_named_zones_are_taken_in_the_order_of_their_names():
    assert chosen_zones(ZONES, ["us-east-1d", "us-east-1b"]) == ["us-east-1b", "us-east-1d"]


def test_a_named_zone_that_the_region_lacks_is_refused_with_those_that_it_has():
    message = (
        r'availabilityZones: \["us-west-1b"\] — .* 2 standard zones \(us-west-1a, us-west-1c\)'
    )
    with pytest.raises(ValueError, match=message):
        chosen_zones(["us-west-1a", "us-west-1c"], ["us-west-1b"])


def test_a_zones_name_is_a_standard_one_and_in_the_list_once():
    assert zone_problems(3) == zone_problems(["us-east-1a", "us-east-1d"]) == []
    wrong = zone_problems(["us-east-1a", "us-west-2-lax-1a", "use1-az1", "us-east-1a"])
    assert [each.path for each in wrong] == ["1", "2", "3"]
    assert [each.rule for each in wrong[1:]] == [
        "is not the name of a standard zone",
        "is in the list twice",
    ]


def test_more_zones_than_the_region_has_are_refused_with_the_number_it_has():
    with pytest.raises(ValueError, match=r"availabilityZones: 4 — .* has 3 standard zones"):
        chosen_zones(["us-west-1a", "us-west-1b", "us-west-1c"], 4)


def test_an_instance_takes_two_addresses_and_five_with_a_fabric_adapter():
    assert (addresses_needed(3), addresses_needed(3, efa=True)) == (6, 15)


@pytest.mark.parametrize(
    ("cidr", "rule"),
    [
        ("10.64.0.0", "a range is /16 to /24"),
        ("10.64.0.1/16", "host bits set"),
        ("fd00::/16", "is not an IPv4 range"),
        ("many", "is not an IPv4 range"),
        ("10.0.0.0/8", "a range is /16 to /24"),
        ("10.64.0.0/25", "a range is /16 to /24"),
        ("8.8.0.0/16", "is not private"),
        ("172.17.0.0/16", "which SageMaker's containers use"),
        ("172.17.4.0/24", "which SageMaker's containers use"),
    ],
)
def test_a_bad_range_is_refused_with_its_value_its_rule_and_a_remedy(cidr: str, rule: str):
    (problem,) = network_problems(cidr, 1)
    assert (problem.path, problem.value) == ("cidr", cidr)
    assert rule in problem.rule
    assert problem.remedy


@pytest.mark.parametrize(
    "cidr", ["10.64.0.0/16", "172.16.0.0/20", "192.168.4.0/24", "100.64.0.0/16"]
)
def test_a_private_range_is_accepted(cidr: str):
    assert network_problems(cidr, 2) == []


def test_nat_gateways_need_a_range_that_leaves_room_for_public_subnets():
    assert network_problems("10.64.0.0/22", 2, nat="per-zone") == []
    (problem,) = network_problems("10.64.0.0/23", 2, nat="per-zone")
    assert "where there are NAT gateways" in problem.rule


def test_a_range_too_small_for_the_largest_job_names_one_that_is_wide_enough():
    (problem,) = network_problems("10.64.0.0/24", 16)
    assert "27 free addresses" in problem.rule
    assert "16 instances, takes 32" in problem.rule
    assert "widen the range to /23 or more, as 10.64.0.0/23" in problem.remedy


def test_a_job_that_no_range_can_hold_needs_fewer_instances():
    (problem,) = network_problems("10.64.0.0/24", 5000)
    assert "fewer, larger instances" in problem.remedy
