from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import cache

import pytest

from tests.policies.mutation.documents import document_mutations
from tests.policies.mutation.properties import Mutation, property_mutations
from tests.policies.mutation.recorded_platform import RULES, platform
from tests.policies.mutation.resources import resource_mutations

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
