"""Settings of the platform that are refused at preview, on the real engine."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest

from tests.integration.engine import Stack
from tests.integration.settings import counting_job, stack_with

pytestmark = pytest.mark.integration

NewStack = Callable[[dict[str, Any]], Stack]


def test_everything_wrong_with_a_platform_is_reported_with_path_value_rule_and_remedy(
    new_stack: NewStack,
):
    stack = new_stack(stack_with(work=counting_job()))
    stack.settings |= {
        "network": {
            "cidr": "172.17.0.0/16",
            "interfaceEndpoints": ["logs", "ecr"],
        },
        "artifacts": {"retain": False, "existingBucket": "kept", "vpcOnly": True},
        "alerts": {"emails": ["ml@example.com", "someone"]},
        "deployer": {"trustedPrincipals": ["*"]},
    }
    reported = preview_errors(stack)
    for path, value, rule, remedy in (
        ("network.cidr", '"172.17.0.0/16"', "overlaps 172.17.0.0/16", "choose another range"),
        ("network.interfaceEndpoints.1", '"ecr"', "is not the name of an", "did you mean ecr.api"),
        ("artifacts.existingBucket", '"kept"', "is never deleted", "artifacts.retain: true"),
        ("artifacts.vpcOnly", "true", "would be locked out", "artifacts.exemptPrincipals"),
        ("alerts.emails.1", '"someone"', "is not an e-mail address", "name@example.org"),
        ("deployer.trustedPrincipals.0", '"*"', "one role or user", "role/pipeline"),
    ):
        problem = reported.partition(f"{path}: {value} — ")[2].partition(" — ")[0]
        assert rule in problem
        assert remedy in problem.partition("Remedy: ")[2]
    assert reported.count("Remedy: ") == 6
    assert "Traceback" not in reported


def test_what_yaml_or_the_engine_would_change_is_refused_and_the_rest_arrives_as_it_is(
    new_stack: NewStack,
):
    """YAML has these dates without quotes, as the helper writes dates and times so."""
    job = counting_job(
        hyperparameters={"until": datetime(2026, 1, 15, 12, 30), "seed": 2**63 - 1},
        runId=date(2026, 1, 15),
        environment={"SINCE": date(2026, 1, 15)},
        tags={"since": date(2026, 1, 15)},
        inputs={"train": {"s3Uri": "s3://data/", "mode": "Pipe", "shuffleSeed": 2**53 + 1}},
    )
    stack = new_stack(stack_with(launch=False, work=job))
    reported = preview_errors(stack)
    for path, written in (
        ("runId", "2026-01-15"),
        ("hyperparameters.until", "2026-01-15T12:30:00Z"),
        ("environment.SINCE", "2026-01-15"),
        ("tags.since", "2026-01-15"),
    ):
        problem = reported.partition(f"jobs.work.{path}: ")[2].partition(". ")[2]
        assert problem.startswith(f'Remedy: write it in quotes, as "{written}".')
    assert "jobs.work.inputs.train.shuffleSeed: 9007199254740993 — Pulumi keeps" in reported
    assert reported.count("Remedy: ") == 5

    job["hyperparameters"]["until"] = "2026-01-15 12:30"
    job |= {"runId": "2026-01-15", "environment": {}, "tags": {}}
    job["inputs"]["train"]["shuffleSeed"] = 2**53 - 1
    stack.up().succeeded()
    [recorded] = [each for each in stack.resources() if each["type"].endswith(":TrainingJob")]
    request = recorded["inputs"]["request"]
    assert request["HyperParameters"]["seed"] == "9223372036854775807"
    assert request["HyperParameters"]["until"] == "2026-01-15 12:30"
    assert request["InputDataConfig"][0]["ShuffleConfig"] == {"Seed": 2**53 - 1}


@pytest.mark.deep
def test_a_public_range_is_refused(new_stack: NewStack):
    stack = new_stack(stack_with(work=counting_job()) | {"network": {"cidr": "8.8.0.0/16"}})
    assert 'network.cidr: "8.8.0.0/16" — is not private' in preview_errors(stack)


@pytest.mark.deep
def test_more_zones_than_the_region_has_are_refused(new_stack: NewStack):
    stack = new_stack(stack_with(work=counting_job()))
    stack.settings["network"] = {"availabilityZones": 4}
    reported = preview_errors(stack, "--config", "aws:region=us-west-1")
    assert "network.availabilityZones: 4 — the region has 2 standard zones" in reported
    assert "Remedy: ask for at most 2" in reported


@pytest.mark.deep
def test_a_boundary_of_another_account_is_refused(new_stack: NewStack):
    boundary = "arn:aws:iam::210987654321:policy/boundary"
    stack = new_stack(stack_with(work=counting_job()) | {"permissionsBoundary": boundary})
    reported = preview_errors(stack)
    assert (
        f'permissionsBoundary: "{boundary}" — is a policy of the account 210987654321' in reported
    )
    assert "Remedy: name a policy of that account" in reported


def preview_errors(stack: Stack, *options: str) -> str:
    """What a preview that fails says, and that it created nothing."""
    result = stack.preview(*options).failed()
    assert [each for each in stack.resources() if each["type"].startswith("aws:")] == []
    return " ".join(result.text.split())
