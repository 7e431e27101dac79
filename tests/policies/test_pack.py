from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pulumi_policy
import pytest

from toolchain.layout import CHECKOUT
from training_policies.configuration import DEFAULT_FILE, read_configuration
from training_policies.generated_files import LIST_FILE, SCHEMA_FILE, list_text, schema_text
from training_policies.pack import POLICIES, configured_policies
from training_policies.policy import Policy, Rule

PACK = CHECKOUT / "policies"
OWN = {"jsonschema", "pulumi", "pulumi_policy", "training_policies"}
PROGRAM = {path.stem for path in CHECKOUT.iterdir() if path.is_dir() or path.suffix == ".py"}


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def roots(file: Path) -> set[str]:
    return {name.partition(".")[0] for name in imported(file)}


def test_the_pack_imports_nothing_of_the_program():
    assert {"components", "development", "localcloud"} <= PROGRAM
    for file in PACK.rglob("*.py"):
        assert not roots(file) & PROGRAM, file


def test_the_policies_need_nothing_but_what_the_packs_requirements_name():
    for file in [PACK / "__main__.py", *(PACK / "training_policies").rglob("*.py")]:
        assert roots(file) - OWN <= sys.stdlib_module_names, file


def test_the_pack_needs_the_same_versions_as_the_program():
    pins = (PACK / "requirements.txt").read_text().splitlines()
    wanted = {line for line in pins if line and not line.startswith("#")}
    ours = {
        line
        for name in ("requirements.txt", "requirements-dev.txt")
        for line in (CHECKOUT / name).read_text().splitlines()
    }
    names = {"boto3", "jsonschema", "pulumi", "pulumi-policy", "PyYAML"}
    assert {each.partition("==")[0] for each in wanted} == names
    assert wanted <= ours


def test_the_schema_and_the_list_of_policies_are_current():
    remedy = "run `python -m training_policies.generated_files` in the folder policies"
    assert SCHEMA_FILE.read_text() == schema_text(), remedy
    assert LIST_FILE.read_text() == list_text(), remedy


def test_every_policy_has_a_name_of_its_own():
    names = [policy.name for policy in POLICIES]
    assert len(names) == len(set(names))
    assert "all" not in names


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: str(policy.name))
def test_every_policy_says_all_that_a_report_shows(policy: Rule):
    assert policy.name == policy.name.lower()
    assert policy.description.startswith("Checks ")
    assert policy.description.endswith(".")
    assert policy.remediation.endswith(".")
    assert policy.display_name[0].isupper()
    assert policy.controls


def test_the_engine_gets_severity_framework_controls_and_remediation():
    policies = configured_policies(read_configuration(DEFAULT_FILE, POLICIES))
    assert [each.name for each in policies[len(POLICIES) :]] == [
        "quota-running-sums",
        "pack-exemptions",
    ]
    for rule, policy in zip(POLICIES, policies, strict=False):
        assert policy.name == rule.name
        assert policy.severity == pulumi_policy.Severity(rule.severity)
        assert policy.remediation_steps == rule.remediation
        assert policy.framework is not None
        assert policy.framework.reference == rule.controls[0].id
        assert policy.tags == [f"{each.framework}: {each.id}" for each in rule.controls]
        kind = pulumi_policy.ResourceValidationPolicy
        assert isinstance(policy, kind) == isinstance(rule, Policy)
