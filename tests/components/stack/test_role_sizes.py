"""Roles whose documents would be too long for IAM are refused before anything is created."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pulumi
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pulumi.runtime import set_all_config

from components.policy_documents import Document, size
from components.problems import Problem
from components.stack.configuration import load
from components.stack.role_sizes import LONGEST_ROLE_POLICY, LONGEST_TRUST, size_problems
from components.stack.stack_rules import LONGEST_PREFIX
from components.stack.stack_settings import Settings
from components.training_platform import TrainingPlatform
from tests.components.recording import ACCOUNT, REGION, record

PROJECT = Path(__file__).parents[3]


def platform(
    *,
    repositories: int = 0,
    inputs: int = 0,
    principals: int = 1,
    subjects: int = 0,
    length: int = 40,
    **others: Any,
) -> dict[str, Any]:
    """The settings of a stack with so many of each, whose names are about so long."""
    registry = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
    names = [f"{number:03}".rjust(length, "n") for number in range(200)]
    jobs = {
        f"image-{number}": {"image": f"{registry}/{names[number]}:1"}
        for number in range(repositories)
    }
    channels = {f"c{each}": {"s3Uri": f"s3://data-{each}/{names[each]}/"} for each in range(inputs)}
    role = f"arn:aws:iam::{ACCOUNT}:role/"
    deployer = {
        "trustedPrincipals": [f"{role}{name}" for name in names[:principals]],
        "githubSubjects": [f"repo:acme/a:environment:{name}" for name in names[:subjects]],
    }
    reading = {"image": f"{registry}/training:1", "inputs": channels}
    return {"team": "research", "jobs": jobs | {"all": reading}, "deployer": deployer} | others


def found(raw: dict[str, Any], *, tunes: bool = False) -> list[Problem]:
    settings = Settings.model_validate(raw)
    if tunes:
        settings.jobs["all"] = settings.jobs["all"].model_copy(update={"tuning": {"maxTrials": 20}})
    return size_problems(settings, REGION, "dev")


def test_twenty_five_repositories_with_the_longest_prefix_and_alerts_fit_into_a_deployer():
    longest = platform(repositories=25, team="t" * 32, environment="dev")
    assert len(Settings.model_validate(longest).name_prefix) == LONGEST_PREFIX
    assert found(longest) == []


def test_a_tuning_job_leaves_room_for_fourteen_repositories_and_what_is_longer_is_refused():
    team = "t" * 32
    assert found(platform(repositories=14, team=team), tunes=True) == []
    [problem] = found(platform(repositories=25, team=team), tunes=True)
    assert problem.path == "deployer"
    assert "image repositories" in problem.rule


WRONG = [
    ({"repositories": 80}, "deployer", LONGEST_ROLE_POLICY, "image repositories", "one repository"),
    ({"inputs": 60, "length": 90}, "jobs", LONGEST_ROLE_POLICY, "inputs", "one prefix for several"),
    ({"principals": 40}, "deployer", LONGEST_TRUST, "trustedPrincipals", "one role"),
    ({"subjects": 40}, "deployer", LONGEST_TRUST, "githubSubjects", "one environment"),
]


@pytest.mark.parametrize(("large", "path", "limit", "part", "remedy"), WRONG)
def test_what_is_too_long_is_refused_with_its_size_its_longest_part_and_what_to_do(
    large: dict[str, int], path: str, limit: int, part: str, remedy: str
):
    problem = found(platform(**large))[-1]
    assert (problem.path, problem.value > limit) == (path, True)
    longest = problem.rule.partition("among them ")[2].partition(" for ")[2]
    assert longest.startswith(part)
    assert problem.rule.endswith(f"IAM accepts {limit:,} of them")
    assert remedy in problem.remedy


@pytest.fixture
def load_stack() -> Iterator[Callable[[dict[str, Any]], object]]:
    def load_with(raw: dict[str, Any]) -> object:
        own = {f"sagemaker-training:{key}": value for key, value in raw.items()}
        texts = {k: v if isinstance(v, str) else json.dumps(v) for k, v in own.items()}
        set_all_config({"aws:region": REGION, **texts}, [])
        return load(PROJECT)

    yield load_with
    set_all_config({}, [])


def test_a_stack_with_roles_that_are_too_long_is_not_built(
    load_stack: Callable[[dict[str, Any]], object],
):
    load_stack(platform())
    with pytest.raises(pulumi.RunError, match="so nothing was created"):
        load_stack(platform(principals=40))


def with_ids_of_aws(document: Document) -> Document:
    """A document with ids as long as AWS's in place of those of the recording, which are names."""
    text = json.dumps(document)
    for made, kind, digits in (
        ("key/{}-store-key-id", "key/", 36),
        ("{}-network-private-[a-f]-id", "subnet-", 17),
        ("{}-network-groups-[a-z]+-id", "sg-", 17),
        ("{}-network-id", "vpc-", 17),
    ):
        text = re.sub(made.format("t+-dev"), kind + "0" * digits, text)
    read: Document = json.loads(text)
    return read


@settings(max_examples=25, deadline=None)
@given(
    repositories=st.integers(0, 50),
    inputs=st.integers(0, 20),
    principals=st.integers(0, 30),
    subjects=st.integers(0, 30),
    length=st.integers(3, 64),
    alerts=st.booleans(),
    team=st.integers(1, 32),
    cost_center=st.text(st.sampled_from("aé .:"), max_size=256),
    zones=st.integers(1, 6),
)
def test_every_role_of_a_stack_that_is_accepted_is_within_iams_limits(
    alerts: bool, team: int, cost_center: str, zones: int, **large: int
):
    raw = platform(
        **large,
        team="t" * team,
        costCenter=cost_center,
        network={"availabilityZones": zones},
        alerts={"prolonged": {"after": "12h", "stop": True}} if alerts else False,
    )
    if found(raw):
        return
    stack = Settings.model_validate(raw)
    names = [f"{REGION}{letter}" for letter in "abcdef"[:zones]]
    site = stack.site(ACCOUNT, REGION, "dev", names)
    recording = record(lambda: TrainingPlatform(site, stack, PROJECT))
    for policy in recording.of("iam/rolePolicy:RolePolicy"):
        assert size(with_ids_of_aws(policy.document())) <= LONGEST_ROLE_POLICY
    for role in recording.of("iam/role:Role"):
        assert size(role.document("assumeRolePolicy")) <= LONGEST_TRUST
