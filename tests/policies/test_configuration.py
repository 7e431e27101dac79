from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from training_policies.configuration import (
    DEFAULT_FILE,
    VARIABLE,
    ConfigurationError,
    configuration_file,
    read_configuration,
)
from training_policies.pack import POLICIES, engine_policies
from training_policies.policy import Policy, Stack
from training_policies.quotas.team import TEAM_POLICY

QUOTA: dict[str, Any] = {"families": {"*": {}}}
REGISTRIES = {policy.name: policy for policy in POLICIES}["training-image-registries"]


def written(folder: Path, values: Any) -> Path:
    file = folder / "organisation.json"
    file.write_text(values if isinstance(values, str) else json.dumps(values))
    return file


def exemption(**changes: str) -> dict[str, str]:
    valid = {
        "policy": "quota-spot-only",
        "resource": "*",
        "resourceType": "pulumi-python:dynamic/sagemaker:TrainingJob",
        "reason": "a deadline in May",
        "owner": "ada@example.org",
        "expires": "2027-01-31",
    }
    return valid | changes


# values, path, rule, remedy
WRONG: list[tuple[Any, str, str, str]] = [
    ("{", "organisation.json", "is not JSON", "correct the file's syntax"),
    ([], "", "is not an object", "{teams, policies, exemptions, prices}"),
    ({}, "teams", "is required", "each team's quotas by environment"),
    ({"teams": {}, "team": {}}, "team", "no such name exists here", "did you mean teams?"),
    (
        {"teams": {}, "policies": {"quota-spot-onyl": "mandatory"}},
        "policies.quota-spot-onyl",
        "no such name exists here",
        "did you mean quota-spot-only?",
    ),
    (
        {"teams": {}, "policies": {"quota-spot-only": {"level": "mandatroy"}}},
        "policies.quota-spot-only.level",
        "did you mean mandatory?",
        "mandatory refuses",
    ),
    (
        {"teams": {}, "policies": {"quota-team": {"level": "disabled"}}},
        "policies.quota-team.level",
        "is none of mandatory",
        "always mandatory",
    ),
    (
        {"teams": {}, "policies": {"training-image-registries": {"registrys": []}}},
        "policies.training-image-registries.registrys",
        "no such name exists here",
        "did you mean registries?",
    ),
    (
        {"teams": {"research": {"dev": {}}}},
        "teams.research.dev.families",
        "is required",
        "limits by family",
    ),
    (
        {"teams": {"research": {"dev": {"families": {"g5": {"instancesPerJob": -1}}}}}},
        "teams.research.dev.families.g5.instancesPerJob",
        "is less than 0",
        "the most instances of one job",
    ),
    (
        {"teams": {"research": {"dev": QUOTA | {"all": {"maxRuntime": "2 hours"}}}}},
        "teams.research.dev.all.maxRuntime",
        "does not match",
        "in seconds or as 24h",
    ),
    ({"teams": {"Research": {}}}, "teams.Research", "does not match", "lower-case letters"),
    (
        {"teams": {}, "exemptions": [exemption(policy="quota-sopt-only")]},
        "exemptions.0.policy",
        "did you mean quota-spot-only?",
        "the policy's name",
    ),
    (
        {"teams": {}, "exemptions": [exemption(policy="quota-team")]},
        "exemptions.0.policy",
        "is none of",
        "the policy's name",
    ),
    (
        {"teams": {}, "exemptions": [exemption(expires="2027-02-30")]},
        "exemptions.0.expires",
        "is not a day of the calendar",
        "write a day",
    ),
    (
        {"teams": {}, "exemptions": [exemption(expires="2999-12-31")]},
        "exemptions.0.expires",
        "an exemption lasts at most 366 days from today",
        "renew the exemption when it ends",
    ),
    (
        {"teams": {}, "exemptions": [exemption(resourceType="*")]},
        "exemptions.0.resourceType",
        "does not match",
        "names the package",
    ),
    (
        '{"teams": {"research": {}, "vision": {}, "research": {}}}',
        "organisation.json",
        'is not JSON: an object has "research" twice',
        "correct the file's syntax",
    ),
    *(
        (
            f'{{"teams": {{}}, "prices": {{"usdPerHour": {{"ml.g5.xlarge": {number}}}}}}}',
            "organisation.json",
            f"is not JSON: {number} is no number",
            "correct the file's syntax",
        )
        for number in ("Infinity", "-Infinity", "NaN", "1e999")
    ),
    (
        chr(0xFEFF) + '{"teams": {}}',
        "organisation.json",
        "is not JSON: Unexpected UTF-8 BOM",
        "correct the file's syntax",
    ),
    ("[" * 100_000, "organisation.json", "is not JSON", "correct the file's syntax"),
    (
        {"teams": {}, "exemptions": [{"policy": "quota-spot-only"}]},
        "exemptions.0.reason",
        "is required",
        "why, in a sentence",
    ),
    (
        {"teams": {}, "prices": {"usdPerHour": {"g5.xlarge": 1}}},
        "prices.usdPerHour.g5.xlarge",
        "does not match",
        "by instance type",
    ),
]


@pytest.mark.parametrize(("values", "path", "rule", "remedy"), WRONG)
def test_a_wrong_configuration_is_refused_with_path_rule_and_remedy(
    tmp_path: Path, values: Any, path: str, rule: str, remedy: str
):
    file = written(tmp_path, values)
    with pytest.raises(ConfigurationError) as refused:
        read_configuration(file, POLICIES)
    message = str(refused.value)
    assert f"in {file}, so nothing was judged" in message
    for part in (f"{path}: ", rule, remedy):
        assert part in message


def test_all_problems_are_reported_at_once(tmp_path: Path):
    wrong = {"teams": {"research": {"dev": {}}}, "exemptions": [{}], "prices": {"unknown": "no"}}
    with pytest.raises(ConfigurationError, match=r"^8 problems"):
        read_configuration(written(tmp_path, wrong), POLICIES)


def test_a_file_that_is_not_there_is_refused_with_the_variable_that_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "none.json"))
    assert configuration_file() == tmp_path / "none.json"
    with pytest.raises(ConfigurationError, match=f"Remedy: .*{VARIABLE}"):
        read_configuration(configuration_file(), POLICIES)


def test_without_the_variable_it_is_the_file_in_the_packs_folder(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    assert configuration_file() == DEFAULT_FILE
    assert read_configuration(DEFAULT_FILE, POLICIES).level(TEAM_POLICY) == "mandatory"


def test_a_pack_without_a_usable_configuration_is_one_policy_that_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(VARIABLE, str(written(tmp_path, {"teams": 3})))
    [refusal] = engine_policies()
    assert refusal.name == "pack-configuration"
    assert refusal.enforcement_level is not None
    assert refusal.enforcement_level.value == "mandatory"


def test_levels_and_parameters_come_from_the_team_then_the_policy_then_the_schema(tmp_path: Path):
    own = {"parameters": {REGISTRIES.name: {"registries": ["team"]}}}
    values = {
        "policies": {REGISTRIES.name: {"level": "advisory", "registries": ["all"]}},
        "teams": {"research": {"dev": QUOTA | own, "*": QUOTA}},
    }
    configuration = read_configuration(written(tmp_path, values), POLICIES)
    assert configuration.level(REGISTRIES) == "advisory"

    def parameters(team: str, environment: str) -> Any:
        stack = Stack("stack", team, environment)
        return configuration.parameters(REGISTRIES, stack, date(2026, 1, 1))

    assert parameters("research", "dev")["registries"] == ["team"]
    assert parameters("research", "prod")["registries"] == ["all"]
    assert parameters("", "")["registries"] == ["all"]
    assert parameters("research", "dev")["digest"] is False


def test_a_team_has_no_parameters_of_its_own_where_the_environment_is_not_named(tmp_path: Path):
    own = {REGISTRIES.name: {"registries": ["mine"]}}
    teams = {"research": {"*": {**QUOTA, "parameters": own}}}
    configuration = read_configuration(written(tmp_path, {"teams": teams}), POLICIES)
    named, unnamed = (
        configuration.parameters(REGISTRIES, Stack("s", "research", each), date(2026, 1, 1))
        for each in ("dev", "")
    )
    assert named["registries"] == ["mine"]
    assert unnamed["registries"] != ["mine"]


def test_every_parameter_is_described_and_its_default_fits_its_schema():
    for policy in POLICIES:
        for name, schema in policy.parameters.items():
            assert schema.get("description"), f"{policy.name}.{name}"
            assert "level" not in policy.parameters
    assert any(isinstance(policy, Policy) for policy in POLICIES)
