from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.components.recording import ACCOUNT
from tests.policies.compliant_stacks import compliant_settings, resources_of
from tests.policies.mutation.documents import document_mutations
from tests.policies.mutation.properties import Mutation, property_mutations
from tests.policies.mutation.recorded_platform import RULES, platform
from tests.policies.mutation.resources import resource_mutations
from tests.policies.subjects import TODAY
from tests.test_stack_files import STACK_FILES
from training_policies.configuration import DEFAULT_FILE, Configuration, read_configuration
from training_policies.pack import POLICIES
from training_policies.policy_run import PolicyRun

PREVIEWS = ("dev-first", "dev-update", "full-first", "full-update")


@cache
def mutations(name: str) -> list[Mutation]:
    whole = platform(name)
    return [*property_mutations(whole), *document_mutations(whole), *resource_mutations(whole)]


@pytest.mark.parametrize("name", PREVIEWS)
def test_the_projects_own_platform_breaks_no_rule(name: str):
    found = [
        f"{policy} {resource}: {each}" for policy, resource, each in platform(name).violations()
    ]
    assert found == []


@pytest.mark.parametrize("name", PREVIEWS)
def test_every_property_that_is_broken_is_caught_by_its_policy(
    name: str, report: Callable[[str], None]
):
    tried = mutations(name)
    missed = [f"{each.policy}: {each.label}" for each in tried if not each.is_caught()]
    report(f"Mutations, {name}: caught {len(tried) - len(missed)} of {len(tried)}")
    assert missed == []


def test_every_rule_is_broken_by_a_mutation():
    broken = Counter(each.policy for name in PREVIEWS for each in mutations(name))
    assert sorted(name for name in RULES if not broken[name]) == []


@pytest.fixture
def _no_garbage_collection() -> Iterator[None]:
    """As in the program; it would take half of the time."""
    gc.disable()
    yield
    gc.enable()


def organisations() -> Configuration:
    """The pack's own configuration, with those whom a deployer's role may trust."""
    configuration = read_configuration(DEFAULT_FILE, POLICIES)
    trusted = {"accounts": [ACCOUNT], "githubSubjects": ["repo:acme/platform:environment:*"]}
    policies = {**configuration.values.get("policies", {}), "iam-role-trust": trusted}
    return replace(configuration, values={**configuration.values, "policies": policies})


@pytest.mark.deep
@pytest.mark.usefixtures("_no_garbage_collection")
@pytest.mark.parametrize("file", STACK_FILES, ids=lambda file: file.name)
@settings(
    max_examples=25,  # a hundred for all four files
    derandomize=True,
    phases=[Phase.generate],  # to find the smallest example would take minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.data())
def test_what_a_team_may_vary_in_its_stack_breaks_no_rule(file: Path, data: st.DataObject):
    varied = data.draw(compliant_settings(file))
    owner = {"team": varied["team"], "environment": varied["environment"]}
    for resources in resources_of(varied):
        run = PolicyRun(organisations(), POLICIES, owner, owner, file.stem, TODAY)
        assert [f"{each.policy}: {each.text}" for each in run.over(resources)] == []
