from __future__ import annotations

from typing import Any

import pytest

from localcloud.awsplugin.properties import UNKNOWN, Asset, Properties
from localcloud.awsplugin.property_differences import (
    Change,
    differences,
    equivalent,
    path_text,
    satisfies,
)
from localcloud.awsplugin.resource_type import ResourceType, names, policy


def a_type(**description: Any) -> ResourceType:
    def never(*_: Any) -> Any:
        raise AssertionError

    return ResourceType(
        type="aws:x/y:Y", source="x/y.go", create=never, read=never, delete=never, **description
    )


KIND = a_type(
    outputs=names("arn"),
    computed=names("zone rules.size"),
    unordered=names("ids rules"),
    same=policy("document"),
)


def changes(state: Properties, inputs: Properties) -> dict[str, Change]:
    return {item.text: item.change for item in differences(KIND, state, inputs)}


def test_what_only_aws_sets_is_never_compared() -> None:
    assert changes({"arn": "a", "id": "b"}, {}) == {}


@pytest.mark.parametrize("nothing", [None, "", False, 0, [], {}])
def test_nothing_and_an_absent_property_are_the_same(nothing: object) -> None:
    assert changes({"name": nothing}, {}) == {}
    assert changes({}, {"name": nothing}) == {}


def test_an_input_can_be_added_changed_and_taken_away() -> None:
    state, inputs = {"old": 1, "both": 1}, {"new": 1, "both": 2}
    assert changes(state, inputs) == {
        "new": Change.ADD,
        "both": Change.UPDATE,
        "old": Change.DELETE,
    }


def test_an_absent_input_that_aws_fills_in_is_no_change() -> None:
    assert changes({"zone": "us-east-1a"}, {}) == {}
    assert changes({"zone": "us-east-1a"}, {"zone": "us-east-1b"}) == {"zone": Change.UPDATE}


def test_an_unknown_input_is_a_change() -> None:
    assert changes({"a": 1}, {"a": UNKNOWN, "b": UNKNOWN}) == {
        "a": Change.UPDATE,
        "b": Change.ADD,
    }


def test_a_change_inside_a_property_is_reported_by_its_path() -> None:
    state = {"rule": {"days": 1, "gone": 2}, "tags": {"a.b": "1"}}
    inputs = {"rule": {"days": 3}, "tags": {"a.b": "2", "new": "3"}}
    assert changes(state, inputs) == {
        "rule.days": Change.UPDATE,
        "rule.gone": Change.DELETE,
        'tags["a.b"]': Change.UPDATE,
        "tags.new": Change.ADD,
    }


def test_the_order_of_a_list_counts_only_where_it_means_something() -> None:
    assert changes({"ids": ["a", "b"]}, {"ids": ["b", "a"]}) == {}
    assert changes({"steps": ["a", "b"]}, {"steps": ["b", "a"]}) == {
        "steps[0]": Change.UPDATE,
        "steps[1]": Change.UPDATE,
    }


def test_in_a_list_without_order_only_what_has_no_twin_changes() -> None:
    assert changes({"ids": ["a", "b"]}, {"ids": ["c", "a"]}) == {"ids[0]": Change.UPDATE}
    assert changes({"ids": ["a"]}, {"ids": ["a", "b"]}) == {"ids[1]": Change.ADD}
    assert changes({"ids": ["a", "b"]}, {"ids": ["b"]}) == {"ids[0]": Change.DELETE}


def test_what_aws_fills_in_inside_a_list_is_no_change() -> None:
    assert changes({"rules": [{"a": 1, "size": 5}]}, {"rules": [{"a": 1}]}) == {}


def test_documents_are_compared_by_their_meaning() -> None:
    assert changes({"document": '{"a": 1}'}, {"document": '{ "a":1 }'}) == {}
    assert changes({"document": '{"a": 1}'}, {"document": '{"a": 2}'}) == {
        "document": Change.UPDATE
    }


def test_numbers_and_truth_values_may_be_given_as_text() -> None:
    assert changes({"a": 1, "b": True, "c": 1.0}, {"a": "1", "b": "true", "c": 1}) == {}


def test_assets_are_compared_by_their_hash() -> None:
    state = {"source": Asset("1", path="a")}
    assert changes(state, {"source": Asset("1", path="b")}) == {}
    assert changes(state, {"source": Asset("2", path="a")}) == {"source": Change.UPDATE}


def test_values_that_hold_more_satisfy_but_are_not_equivalent() -> None:
    full, asked = [{"a": 1, "size": 5}], [{"a": 1}]
    assert satisfies(KIND, "rules", full, asked)
    assert not equivalent(KIND, "rules", full, asked)


def test_a_path_is_written_as_the_engine_writes_it() -> None:
    assert path_text(("rules", 0, "a_b", "c:d")) == 'rules[0].a_b["c:d"]'
