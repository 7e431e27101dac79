from __future__ import annotations

import ipaddress

from hypothesis import given
from hypothesis import strategies as st

from training_policies.platform_rules.security_groups import is_open


@given(st.ip_addresses(v=4), st.integers(0, 32))
def test_a_range_is_open_exactly_when_it_is_a_large_part_of_the_internet(
    address: ipaddress.IPv4Address, bits: int
):
    assert is_open(f"{address}/{bits}") is (bits < 8)


@given(st.text())
def test_a_range_that_cant_be_read_counts_as_open(range_: str):
    try:
        ipaddress.ip_network(range_, strict=False)
    except ValueError:
        assert is_open(range_)


def test_private_ranges_of_ipv6_are_not_open():
    assert not is_open("fd00::/8")
    assert not is_open("fd12:3456::/16")
    assert is_open("fc00::/7")
    assert is_open("2000::/3")
