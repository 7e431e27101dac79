"""Values that AWS's models refuse, and those that they take, for all resource types."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localcloud.awsplugin.api_members import Member, member_of
from localcloud.awsplugin.autonaming import NameRequest
from localcloud.awsplugin.checking import check
from localcloud.awsplugin.model_rules import broken_rules
from localcloud.awsplugin.plugin_errors import Failure
from localcloud.awsplugin.properties import UNKNOWN, Properties
from localcloud.awsplugin.provider_settings import ProviderSettings
from localcloud.awsplugin.resource_type import ResourceType
from localcloud.awsplugin.resources import RESOURCE_TYPES
from localcloud.protocol import validation
from localcloud.protocol.errors import ServiceError, validation_error
from tests.localcloud.awsplugin import sdk

SETTINGS = ProviderSettings(region="us-east-1", endpoints={}, default_endpoint="")
BUDGET = RESOURCE_TYPES["aws:budgets/budget:Budget"]
ROLE = RESOURCE_TYPES["aws:iam/role:Role"]
_LONG = 10_000  # texts at limits beyond it are not tried
_TEXTS = (
    "100",
    "1e+06",
    "R&D",
    "a b",
    "two\nlines",
    "größe",
    "alias/a",
    "arn:aws:iam::123456789012:role/a",
    "x" * 129,
    "x" * 3000,
)


def failures(kind: ResourceType, news: Properties, **more: Any) -> list[Failure]:
    """What AWS's models say against inputs."""
    request = NameRequest(resource="one", seed=b"seed")
    found = check(kind, SETTINGS, {}, news, request, **more)[1]
    return [each for each in found if "breaks the rule for" in each.reason]


def _checked(kind: ResourceType) -> list[tuple[sdk.Input, Member]]:
    """The inputs of a type that are members, tags aside."""
    found = ((each, member_of(kind.calls, each.path)) for each in sdk.inputs(kind.type))
    return [(each, member) for each, member in found if member and each.path != "tags"]


CHECKED = {kind.type: _checked(kind) for kind in RESOURCE_TYPES.values()}
"""For each type, its inputs with the members that they become."""
every_token = pytest.mark.parametrize("token", CHECKED)


def _refused(value: Any, shape: Any) -> bool:
    """Whether the local cloud would refuse a value of that shape."""
    if shape.type_name in {"timestamp", "blob"}:
        return False  # their models have no rules
    sent: Any = str(value) if shape.type_name == "string" else value
    try:
        validation.check(sent, shape, validation_error)
    except ServiceError:
        return True
    return False


def _samples(shape: Any) -> list[Any]:
    """Values of a text or a number that are near the limits of its rules."""
    rules = shape.metadata
    if shape.type_name == "string":
        lengths = {rules[name] for name in ("min", "max") if rules.get(name, _LONG) < _LONG}
        at_limits = [length + step for length in sorted(lengths) for step in (-1, 0, 1)]
        return [*_TEXTS, *rules.get("enum", ()), *("x" * length for length in at_limits if length)]
    bounds = [rules[name] for name in ("min", "max") if name in rules]
    return [0, 1, *(bound + step for bound in bounds for step in (-1, 0, 1))]


def _any_value(each: sdk.Input, shape: Any) -> st.SearchStrategy[Any]:
    samples = st.sampled_from(_samples(shape))
    return samples | (st.integers(-(2**40), 2**40) if each.type != "str" else st.text(min_size=1))


def _parts(each: sdk.Input, member: Member) -> list[Any]:
    """The shapes of an input's texts or number: those of key and value in a map."""
    return [part.item.shape for part in (member.pair or ()) if each.type == "map"] or [
        member.item.shape
    ]


def _wholly(each: sdk.Input, values: list[Any]) -> Any:
    """The value of an input of which these are the parts."""
    return {values[0]: values[1]} if each.type == "map" else values[0]


def _assert_as_the_model_says(
    token: str, each: sdk.Input, shapes: list[Any], values: list[Any]
) -> None:
    found = failures(RESOURCE_TYPES[token], each.set_to(_wholly(each, values)))
    ours = [one for one in found if re.sub(r"\[.*?\]", "", one.property).startswith(each.path)]
    refused = [_refused(value, shape) for value, shape in zip(values, shapes, strict=True)]
    assert bool(ours) == any(refused), (each.path, values)


@every_token
def test_each_rule_of_each_input_is_kept_at_its_limits(token: str) -> None:
    for each, member in CHECKED[token]:
        shapes = _parts(each, member)
        good = [_samples(shape)[0] for shape in shapes]
        for position, shape in enumerate(shapes):
            for value in _samples(shape):
                values = [*good[:position], value, *good[position + 1 :]]
                _assert_as_the_model_says(token, each, shapes, values)


@every_token
@settings(max_examples=40)
@given(data=st.data())
def test_what_a_model_refuses_is_refused_and_what_it_takes_is_taken(
    token: str, data: st.DataObject
) -> None:
    each, member = data.draw(st.sampled_from(CHECKED[token]), label="input")
    shapes = _parts(each, member)
    values = [data.draw(_any_value(each, shape), label="value") for shape in shapes]
    _assert_as_the_model_says(token, each, shapes, values)


@every_token
def test_what_is_not_known_yet_is_passed_over(token: str) -> None:
    kind = RESOURCE_TYPES[token]
    for each, _ in CHECKED[token]:
        assert failures(kind, each.set_to(UNKNOWN)) == []


def test_a_failure_names_property_value_and_rule() -> None:
    [failure] = failures(BUDGET, {"limitAmount": "1e+06"})
    assert failure.property == "limitAmount"
    assert failure.reason == (
        "'1e+06' breaks the rule for Budget.BudgetLimit.Amount of budgets:CreateBudget: "
        r"Member must satisfy regular expression pattern: ([0-9]*\.)?[0-9]+"
    )


def test_a_failure_inside_a_list_names_its_place() -> None:
    notifications = [{"threshold": 80}, {"threshold": -1}]
    [failure] = failures(BUDGET, {"notifications": notifications})
    assert failure.property == "notifications[1].threshold"


def test_a_text_that_is_no_number_and_a_fraction_of_a_whole_number_are_refused() -> None:
    reasons = [
        failures(ROLE, {"maxSessionDuration": value})[0].reason.partition(": ")[2]
        for value in ("an hour", 3600.5)
    ]
    assert reasons == ["Member must be a number", "Member must be a whole number"]
    assert failures(ROLE, {"maxSessionDuration": "3600"}) == []


def test_the_length_of_lists_and_maps_is_checked() -> None:
    alarm = RESOURCE_TYPES["aws:cloudwatch/metricAlarm:MetricAlarm"]
    topics = [f"arn:aws:sns:us-east-1:123456789012:{number}" for number in range(6)]
    [failure] = failures(alarm, {"alarmActions": topics})
    assert failure.reason.startswith("a list of 6 breaks the rule for AlarmActions")
    [failure] = failures(alarm, {"dimensions": {f"name-{number}": "a" for number in range(31)}})
    assert failure.property == "dimensions"
    assert failure.reason.startswith("a map of 31 breaks the rule for Dimensions")


def test_an_empty_text_is_a_value_in_a_list_and_a_required_input_and_not_elsewhere() -> None:
    machine = RESOURCE_TYPES["aws:sfn/stateMachine:StateMachine"]
    addresses = {"subscriberEmailAddresses": [""]}
    assert [each.property for each in failures(machine, {"roleArn": ""})] == ["roleArn"]
    assert [each.property for each in failures(BUDGET, {"notifications": [addresses]})] == [
        "notifications[0].subscriberEmailAddresses[0]"
    ]
    assert failures(BUDGET, {"billingViewArn": "", "autoAdjustData": {"autoAdjustType": ""}}) == []


def test_a_long_value_is_shown_by_its_beginning_and_its_length() -> None:
    [failure] = failures(ROLE, {"description": "x" * 1001})
    assert failure.reason.startswith(f"'{'x' * 99}… (1001 long) breaks the rule")


def test_all_rules_that_a_value_breaks_are_found() -> None:
    broken = broken_rules(ROLE.calls, "name", "a b" * 40)
    assert [each.rule.split(":")[0] for each in broken] == [
        "Member must have length less than or equal to 64",
        "Member must satisfy regular expression pattern",
    ]
