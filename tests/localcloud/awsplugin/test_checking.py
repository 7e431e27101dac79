from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from localcloud.awsplugin.autonaming import Autoname, NameRequest
from localcloud.awsplugin.checking import check
from localcloud.awsplugin.plugin_errors import Failure
from localcloud.awsplugin.properties import DEFAULTS, UNKNOWN, Properties
from localcloud.awsplugin.provider_settings import ProviderSettings
from localcloud.awsplugin.resource_type import names, policy
from localcloud.awsplugin.resources import RESOURCE_TYPES
from tests.localcloud.awsplugin.test_property_differences import a_type

SETTINGS = ProviderSettings(
    region="us-east-1",
    endpoints={},
    default_endpoint="",
    default_tags={"team": "research", "stack": "dev"},
    ignored_keys=frozenset({"ignored"}),
)
KIND = a_type(
    name=Autoname(length=20),
    defaults={"enabled": True},
    required=names("size"),
    same=policy("policy"),
    tagged=True,
)


def checked(news: Properties, olds: Properties | None = None, **naming: object) -> Properties:
    request = NameRequest(resource="disk", seed=b"seed", **naming)  # type: ignore[arg-type]
    inputs, failures = check(KIND, SETTINGS, olds or {}, {"size": 1, **news}, request)
    assert failures == []
    return inputs


def problems(news: Properties) -> list[str]:
    request = NameRequest(resource="disk", seed=b"seed")
    return [item.property for item in check(KIND, SETTINGS, {}, news, request)[1]]


@pytest.mark.parametrize("tags", [{}, {"own": "a"}])
def test_a_default_tag_that_is_too_long_is_refused(tags: dict[str, str]) -> None:
    settings = replace(SETTINGS, default_tags={"cost-center": "x" * 257})
    request = NameRequest(resource="disk", seed=b"seed")
    _, [failure] = check(KIND, settings, {}, {"size": 1, "tags": tags}, request)
    assert failure.property == "tags"
    assert "'cost-center'" in failure.reason


def test_defaults_and_the_name_are_filled_in_and_marked_as_such() -> None:
    inputs = checked({})
    assert inputs["enabled"] is True
    assert inputs["name"].startswith("disk-")
    assert inputs[DEFAULTS] == ["enabled", "name"]


def test_what_the_program_says_is_no_default() -> None:
    inputs = checked({"enabled": False, "name": "mine"})
    assert (inputs["enabled"], inputs["name"], inputs[DEFAULTS]) == (False, "mine", [])


def test_a_name_once_made_is_kept() -> None:
    assert checked({}, {"name": "disk-0000000", DEFAULTS: ["name"]})["name"] == "disk-0000000"


def test_a_name_that_the_program_no_longer_gives_is_made_again() -> None:
    assert checked({}, {"name": "mine", DEFAULTS: []})["name"] != "mine"


def test_a_prefix_takes_the_place_of_a_made_name() -> None:
    assert "name" not in checked({"namePrefix": "a-"})


def test_the_engines_own_naming_is_followed() -> None:
    assert checked({}, proposed="engine-name")["name"] == "engine-name"
    assert checked({}, proposed="x" * 30, enforced=True)["name"] == "x" * 30
    assert "name" not in checked({}, disabled=True)


def test_a_resource_is_of_the_providers_region_unless_it_says_another() -> None:
    assert checked({})["region"] == "us-east-1"
    assert checked({"region": "eu-west-1"})["region"] == "eu-west-1"


def test_default_tags_come_below_the_resources_own() -> None:
    inputs = checked({"tags": {"team": "vision", "ignored": "x"}})
    assert inputs["tagsAll"] == {"team": "vision", "stack": "dev"}
    assert inputs["tags"] == {"team": "vision", "ignored": "x"}


def test_all_tags_are_unknown_as_long_as_one_is() -> None:
    assert checked({"tags": {"a": UNKNOWN}})["tagsAll"] is UNKNOWN


def test_a_policy_given_as_an_object_becomes_text() -> None:
    assert checked({"policy": {"Statement": []}})["policy"] == '{"Statement":[]}'


ROLE = RESOURCE_TYPES["aws:iam/role:Role"]


def role_problems(
    news: Properties, olds: Properties | None = None, **changed: Any
) -> list[tuple[str, str]]:
    """What is wrong with a role, with other settings of the provider; its trust policy aside."""
    request = NameRequest(resource="role", seed=b"seed")
    settings = replace(SETTINGS, **changed)
    found = check(ROLE, settings, olds or {}, news, request, names("description"))[1]
    return [(each.property, each.reason) for each in found if each.property != "assumeRolePolicy"]


def test_default_tags_are_checked_by_the_services_model() -> None:
    [(name, reason)] = role_problems({}, default_tags={"cost-center": "R&D"})
    assert name == "tags"
    assert reason.startswith("tag 'cost-center': 'R&D' breaks the rule for Tags.Value of iam:")
    assert role_problems({"tags": {"cost-center": "RD"}}, default_tags={"cost-center": "R&D"}) == []


def test_a_tag_that_is_ignored_is_not_checked() -> None:
    ignored = frozenset({"ignored"})
    assert role_problems({"tags": {"ignored": "R&D"}}, ignored_keys=ignored) == []


def test_a_tag_needs_a_name() -> None:
    [(name, reason)] = role_problems({"tags": {"": "x"}})
    assert (name, reason) == ("tags", "tag '': a name has 1 to 128 characters, a value at most 256")


def test_default_tags_count_in_the_number_of_tags() -> None:
    tags = {f"tag-{number}": "" for number in range(48)}
    assert role_problems({"tags": tags}) == []
    assert role_problems({"tags": {**tags, "one-more": ""}}) == [
        ("tags", "51 tags, but AWS takes at most 50")
    ]


def test_default_tags_are_checked_while_others_are_unknown() -> None:
    tags = {"tags": {"made": UNKNOWN}}
    assert [name for name, _ in role_problems(tags, default_tags={"a": "&"})] == ["tags"]
    assert role_problems({"tags": UNKNOWN}, default_tags={"a": "&"}) == []


def test_the_beginning_of_a_name_is_checked_as_the_name_that_is_made_of_it() -> None:
    [(name, reason)] = role_problems({"namePrefix": "x" * 39})
    assert name == "namePrefix"
    assert "length less than or equal to 64" in reason
    assert role_problems({"namePrefix": "x" * 38}) == []
    assert [name for name, _ in role_problems({"namePrefix": "a b"})] == ["namePrefix"]
    assert role_problems({"namePrefix": UNKNOWN}) == []


def test_a_name_that_the_provider_makes_is_checked() -> None:
    request = NameRequest(resource="my role", seed=b"seed")
    found = check(ROLE, SETTINGS, {}, {}, request)[1]
    assert "name" in [each.property for each in found]


def test_what_is_as_it_was_is_not_checked_by_the_models_again() -> None:
    made = {"path": "no path", "tags": {"a": "&"}, "tagsAll": {**SETTINGS.default_tags, "a": "&"}}
    news = {"path": "no path", "tags": {"a": "&"}}
    assert [name for name, _ in role_problems(news)] == ["tags", "path"]
    assert role_problems(news, made) == []


def test_a_secret_is_not_shown() -> None:
    [(name, reason)] = role_problems({"description": "secret\0"})
    assert name == "description"
    assert reason.startswith("a secret value breaks the rule for Description of iam:CreateRole")


def test_every_problem_is_reported_at_once() -> None:
    found = problems({"policy": "{", "tags": {"aws:x": "1"}, "name": None})
    assert found == ["size", "policy", "tags"]


def test_what_is_not_known_yet_is_not_judged() -> None:
    assert problems({"size": UNKNOWN, "policy": UNKNOWN, "tags": UNKNOWN}) == []


def test_what_only_the_update_brings_is_not_missing() -> None:
    """A rule's pattern, say, that names a role which does not exist yet."""

    def one_of_both(inputs: Properties) -> list[Failure]:
        missing = not inputs.get("pattern") and not inputs.get("schedule")
        return [Failure("pattern", "one of pattern and schedule must be set")] if missing else []

    rule = a_type(validate=one_of_both)
    request = NameRequest(resource="rule", seed=b"seed")
    assert check(rule, SETTINGS, {}, {"pattern": UNKNOWN}, request)[1] == []
    assert check(rule, SETTINGS, {}, {"schedule": UNKNOWN}, request)[1] == []
    assert [each.property for each in check(rule, SETTINGS, {}, {}, request)[1]] == ["pattern"]
