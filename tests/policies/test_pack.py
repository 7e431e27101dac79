from __future__ import annotations

import ast
import json
import sys
import time
from collections.abc import Iterator
from math import inf, nan
from pathlib import Path
from typing import Any

import pulumi_policy
import pytest

from tests.policies.subjects import TODAY, job, limits, request, resource
from toolchain.layout import CHECKOUT
from training_policies.configuration import DEFAULT_FILE, Configuration, read_configuration
from training_policies.generated_files import LIST_FILE, SCHEMA_FILE, list_text, schema_text
from training_policies.pack import POLICIES, configured_policies
from training_policies.policy import Policy, Rule
from training_policies.policy_run import Diagnostic, PolicyRun
from training_policies.resource import Resource

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
        for name in ("requirements.txt", "requirements-local.txt", "requirements-dev.txt")
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
        "training-own-places",
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


def _all_policies_over(*resources: Resource) -> list[Diagnostic]:
    """What the whole pack reports; the sums are large enough for any number of jobs."""
    teams = limits({"instancesPerStack": 10**9, "jobsAtOnce": 10**9})
    configuration = Configuration("organisation.json", {"teams": teams})
    settings = {"team": "research", "environment": "dev"}
    return PolicyRun(configuration, POLICIES, {}, settings, "research-dev", TODAY).over(resources)


@pytest.mark.parametrize(
    "number", [inf, -inf, nan, 1e308, pytest.param(10**400, id="huge"), -1, 0.5, True]
)
@pytest.mark.parametrize("path", ["count", "runtime", "wait", "spot", "instance_type"])
def test_no_number_in_a_job_brings_a_policy_down(path: str, number: Any):
    assert all(each.text for each in _all_policies_over(job(**{path: number})))


LONG = 32_000
ELEMENTS = 300_000
LARGE = {
    "elements": json.dumps([{"a": number} for number in range(ELEMENTS)]),
    "requests": json.dumps([request(count=number) for number in range(ELEMENTS // 100)]),
    "deep": "[" * ELEMENTS + "]" * ELEMENTS,
    **{
        part: part * (LONG // len(part))
        for part in ("a", "eyJ", "hf_", "sk-", "a://", "create-", "sagemaker.", "pad_", "\\", '"{[')
    },
}
"""Texts on which a search that goes back takes minutes or hours."""
SECONDS = 900
"""The processor time after which a policy counts as one that never ends; 12 s are usual, and 50 on
a machine with much else to do."""


@pytest.mark.deep
def test_the_time_of_a_policy_grows_no_faster_than_its_input():
    began = time.process_time()
    for text in LARGE.values():
        _all_policies_over(
            resource("pulumi-python:dynamic/acme:Model", {"text": text}, "model"),
            resource("aws:iam/rolePolicy:RolePolicy", {"policy": text}, "policy"),
            resource("aws:ssm/parameter:Parameter", {"value": text}, "parameter"),
            job(inputs={"request": {**request(), "Environment": {"A": text, text[:LONG]: "b"}}}),
        )
    _all_policies_over(*(job(name=f"job-{number}") for number in range(800)))
    assert time.process_time() - began < SECONDS
