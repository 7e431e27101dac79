from __future__ import annotations

import copy
from typing import Any

import hypothesis
import jsonschema
from hypothesis import given
from hypothesis import strategies as st

from training_policies.configuration import DEFAULT_FILE
from training_policies.configuration_schema import configuration_schema
from training_policies.pack import POLICIES
from training_policies.problems import schema_problems

SCHEMA = configuration_schema(POLICIES)
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
COMPLETE: dict[str, Any] = {
    "exemptionWarningDays": 14,
    "trustSettings": True,
    "prices": {"unknown": "refuse", "usdPerHour": {"ml.g5.xlarge": 1.5}},
    "policies": {"quota-spot-only": {"level": "advisory"}},
    "teams": {
        "research": {
            "dev": {
                "all": {"maxRuntime": "12h", "maxWait": 60, "spotOnly": True},
                "families": {"g5": {"instancesPerJob": 2, "costPerJobUsd": 1.5}, "*": {}},
                "accelerators": {"NVIDIA A10G": {"acceleratorsPerStack": 8}},
                "instanceTypes": {"allow": ["ml.g5.*"], "deny": []},
            },
            "*": {"families": {}},
        }
    },
    "exemptions": [
        {
            "policy": "quota-spot-only",
            "resource": "*",
            "resourceType": "pulumi-python:dynamic/*",
            "reason": "a deadline in May",
            "owner": "ada@example.org",
            "expires": "2027-01-31",
        }
    ],
}


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where every value in a configuration is."""
    if isinstance(value, dict):
        inner = list(value.items())
    else:
        inner = list(enumerate(value)) if isinstance(value, list) else []
    return [at, *(place for key, each in inner for place in places(each, (*at, key)))]


def changed(place: tuple[Any, ...], value: Any) -> Any:
    if not place:
        return value
    whole = copy.deepcopy(COMPLETE)
    holder: Any = whole
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = value
    return whole


anything = st.recursive(
    st.booleans()
    | st.integers(-2, 40)
    | st.floats(-1, 5)
    | st.sampled_from(["", "12h", "mandatory", "ml.g5.xlarge", "2027-01-31", "some words"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["g5", "level", "dev", "*", "policy"]), inner, max_size=2)
    ),
    max_leaves=4,
)


def test_a_complete_configuration_has_no_problem():
    assert schema_problems(COMPLETE, SCHEMA) == []
    assert VALIDATOR.is_valid(COMPLETE)


@hypothesis.settings(max_examples=60)
@given(st.sampled_from(places(COMPLETE)), anything)
def test_a_configuration_has_problems_exactly_when_it_breaks_the_schema(
    place: tuple[Any, ...], value: Any
):
    configuration = changed(place, value)
    assert bool(schema_problems(configuration, SCHEMA)) != VALIDATOR.is_valid(configuration)


@hypothesis.settings(max_examples=60)
@given(st.sampled_from(places(COMPLETE)), anything)
def test_every_problem_has_a_path_a_rule_and_a_remedy(place: tuple[Any, ...], value: Any):
    for problem in schema_problems(changed(place, value), SCHEMA):
        assert problem.rule
        assert problem.remedy
        assert problem.path or not place


def test_a_keyword_of_which_nothing_is_written_here_is_no_silent_pass():
    [problem] = schema_problems(3, {"type": "integer", "multipleOf": 2, "description": "even"})
    assert (problem.value, problem.rule) == (3, "3 is not a multiple of 2")
    assert problem.remedy == "even"


def test_a_limit_of_some_seconds_needs_a_unit():
    limits = ("teams", "research", "dev", "all")
    [problem] = schema_problems(changed((*limits, "maxRuntime"), 12), SCHEMA)
    assert problem.rule == "is a number of seconds below 60, which needs a unit, as 12s, 12m or 12h"
    assert schema_problems(changed((*limits, "maxWait"), 0), SCHEMA) == []
    assert schema_problems(changed((*limits, "maxWait"), "12s"), SCHEMA) == []


def test_a_level_of_the_wrong_type_is_one_problem():
    wrong = changed(("policies", "quota-spot-only", "level"), 3)
    [problem] = schema_problems(wrong, SCHEMA)
    assert problem.path == "policies.quota-spot-only.level"
    assert problem.rule == "is none of advisory, mandatory, disabled"


def test_the_default_configuration_is_valid_for_any_other_validator():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert DEFAULT_FILE.exists()
