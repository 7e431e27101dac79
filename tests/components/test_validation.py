"""The path of a wrong value, as its user wrote it, without the parts that pydantic adds."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import Field

from components.validation import Seconds, SettingsModel, validate


class Leaf(SettingsModel):
    """A section, with a name like any other."""

    wait: Seconds | None = Field(default=None, description="How long to wait.")


class Root(SettingsModel):
    """A section with one of each kind of type."""

    leaf: Leaf | str = Field(default="", description="A leaf or its name.")
    leaves: list[Leaf] = Field(default=[], description="More leaves.")
    values: dict[str, str | int | list[int]] = Field(default={}, description="Any values.")


def found(raw: dict[str, Any]) -> dict[str, str]:
    model, problems = validate(Root, raw)
    assert model is not None, "what is right is kept"
    assert len({each.path for each in problems}) == len(problems)
    return {each.path: each.rule for each in problems}


@pytest.mark.parametrize("key", ["plain", "str", "int", "mySettings", "a[0]"])
def test_a_value_is_found_under_any_key_and_once_for_all_the_types_it_may_have(key: str):
    assert found({"values": {key: 1.5}}) == {
        f"values.{key}": "must be a text, or a whole number, or a list"
    }


def test_the_branch_of_a_union_is_no_part_of_a_path():
    assert found({"leaf": {"wait": "soon"}}).keys() >= {"leaf.wait"}
    assert found({"values": {"a": [1, "x"]}}).keys() >= {"values.a.1"}
    [path] = found({"leaves": [{}, {"wait": "soon"}]})
    assert path == "leaves.1.wait"


def test_an_unknown_key_is_named_with_the_one_that_was_meant():
    _, problems = validate(Root, {"leaves": [{"wiat": 1}], "valeus": {}})
    assert {each.path: each.remedy.partition("?")[0] for each in problems} == {
        "leaves.0.wiat": "did you mean wait",
        "valeus": "did you mean values",
    }


def test_the_name_of_a_section_with_nothing_after_it_is_refused():
    _, [problem] = validate(Root, {"leaf": None})
    assert str(problem) == (
        "leaf: nothing — is a name with nothing after it.\n"
        "    Remedy: remove the line for the default, or write after it: a leaf or its name."
    )
    assert found({"leaves": [{"wait": None}]}) == {}


def test_a_duration_says_its_own_rule():
    assert "is not a duration" in found({"leaves": [{"wait": "soon"}]})["leaves.0.wait"]


def test_a_small_number_without_a_unit_is_refused_with_what_it_could_mean():
    _, [problem] = validate(Root, {"leaves": [{"wait": 20}]})
    assert str(problem) == (
        "leaves.0.wait: 20 — is 20 seconds, and a number below 60 needs a unit.\n"
        "    Remedy: write 20m for minutes, 20h for hours, 20s for seconds."
    )


@pytest.mark.parametrize(("written", "seconds"), [("20s", 20), (60, 60), (0, 0), (None, None)])
def test_a_duration_with_a_unit_may_be_short(written: Any, seconds: int | None):
    leaf, problems = validate(Leaf, {"wait": written})
    assert leaf is not None
    assert (leaf.wait, problems) == (seconds, [])
