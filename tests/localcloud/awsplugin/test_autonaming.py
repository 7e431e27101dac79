from __future__ import annotations

import re

import pytest

from localcloud.awsplugin.autonaming import Autoname


def test_a_name_is_the_resources_name_and_seven_hexadecimal_digits() -> None:
    assert re.fullmatch(r"artifacts-[0-9a-f]{7}", Autoname().make("artifacts", b"", {}))


def test_the_same_seed_gives_the_same_name() -> None:
    first = Autoname().make("artifacts", b"seed", {})
    assert first == Autoname().make("artifacts", b"seed", {})
    assert first != Autoname().make("artifacts", b"other", {})


def test_a_buckets_name_is_in_lower_case() -> None:
    assert Autoname("bucket", 63, str.lower).make("MyData", b"s", {}).startswith("mydata-")


def test_an_objects_key_is_the_resources_name() -> None:
    assert Autoname("key", random=False).make("a/b.txt", b"s", {}) == "a/b.txt"


def test_a_name_that_aws_would_refuse_as_too_long_is_refused_with_the_remedy() -> None:
    with pytest.raises(ValueError, match=r"more than the maximum of 64; .* set 'name'"):
        Autoname(length=64).make("r" * 60, b"s", {})


def test_the_end_of_a_name_can_depend_on_the_inputs() -> None:
    naming = Autoname(finish=lambda name, inputs: f"{name}{inputs['end']}")
    assert naming.make("t", b"s", {"end": ".fifo"}).endswith(".fifo")


def unique(prefix: str) -> str:
    name = str(Autoname().with_prefix_resolved({"namePrefix": prefix})["name"])
    assert name.startswith(prefix)
    return name


def test_a_prefix_gets_an_ending_of_its_own_each_time() -> None:
    assert unique("a-") != unique("a-")
