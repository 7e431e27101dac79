"""The rules between a stack's settings that concern its jobs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from components.stack.configuration import parse
from components.stack.stack_rules import region_problems
from tests.raw_settings import SECRETS, WITH_ENDPOINT, problems, stack

WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"resumeFrom": "vision-dev-a"}, "jobs.digits.resumeFrom", "research-dev-"),
    ({"image": "python:3.11"}, "jobs.digits.image", "dkr.ecr"),
    ({"maxRuntime": "20d", "spot": {"maxWait": "40d"}}, "artifacts.checkpointDays", "41 or more"),
    ({"tags": {"team": "vision"}}, "jobs.digits.tags.team", "distinguishes the costs"),
]  # fmt: skip


@pytest.mark.parametrize(("job", "path", "hint"), WRONG, ids=[row[1] for row in WRONG])
def test_a_job_that_does_not_fit_its_stack_is_refused_with_path_rule_and_remedy(
    project: Path, job: dict[str, Any], path: str, hint: str
) -> None:
    found = problems(stack(job), project)
    assert list(found) == [path]
    assert hint in str(found[path])


def test_the_network_has_room_for_the_largest_fallback(project: Path) -> None:
    network = {"cidr": "10.64.0.0/24", "availabilityZones": 2}
    job = {"relaunch": "onFailure", "fallbacks": [{"instanceCount": 40}]}
    assert problems(stack({"instanceCount": 10}, network=network), project) == {}
    found = problems(stack(job, network=network), project)
    assert list(found) == ["network.cidr"]
    assert "the largest job, 40 instances" in str(found["network.cidr"])


EXISTING = {"vpcId": "vpc-1", "subnetIds": ["subnet-1"]}
NETWORKS: list[tuple[dict[str, Any], str]] = [
    ({}, "interfaceEndpoints, or set network.nat"),
    (WITH_ENDPOINT, ""),
    ({"nat": "single"}, ""),
    ({"existing": EXISTING}, "endpointGroupId"),
    ({"existing": EXISTING | {"endpointGroupId": "sg-1"}}, ""),
]


@pytest.mark.parametrize(("network", "hint"), NETWORKS)
def test_secrets_need_a_network_that_leads_to_secrets_manager(
    project: Path, network: dict[str, Any], hint: str
) -> None:
    found = problems(stack(SECRETS, network=network), project)
    assert list(found) == (["jobs.digits.secrets"] if hint else [])
    assert hint in "".join(map(str, found.values()))


@pytest.mark.parametrize(
    ("network", "region", "found"),
    [
        (WITH_ENDPOINT, "us-east-1", []),
        (WITH_ENDPOINT, "eu-west-1", ["jobs.digits.secrets.HF_TOKEN"]),
        ({"nat": "single"}, "eu-west-1", []),
    ],
)
def test_a_secret_of_another_region_needs_a_way_out_of_the_network(
    project: Path, network: dict[str, Any], region: str, found: list[str]
) -> None:
    settings, broken = parse(stack(SECRETS, network=network), project)
    assert broken == []
    assert settings is not None
    assert [each.path for each in region_problems(settings, region)] == found
