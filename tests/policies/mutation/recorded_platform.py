"""Recorded previews, and the pack's own rules run over them: all but those that count."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from tests.policies.subjects import recorded_preview
from training_policies.platform_rules import PLATFORM_POLICIES
from training_policies.policy import Claim, Parameters, Policy, Rule, Stack, StackPolicy
from training_policies.quotas.team import TEAM_POLICY
from training_policies.resource import Resource, as_the_sdk_sends
from training_policies.training_rules import TRAINING_POLICIES
from training_policies.violation import Violation

RULES = {rule.name: rule for rule in (TEAM_POLICY, *TRAINING_POLICIES, *PLATFORM_POLICIES)}
TODAY = date(2026, 11, 22)
_FOLDER = Path(__file__).parent / "recorded"
_FULL: dict[str, dict[str, Any]] = {
    "iam-role-trust": {
        "accounts": ["123456789012"],
        "githubSubjects": ["repo:acme/platform:environment:production"],
    },
    "vpc-no-internet": {"allowed": True},
    "vpc-security-groups": {"egressPorts": [443]},
    "iam-permissions-boundary": {"boundaries": ["arn:aws:iam::123456789012:policy/boundary"]},
    "stack-budget": {"required": True},
    "stack-alerts": {"required": True},
}
"""What the platform with every option needs, and what it has that can be asked for."""


@dataclass(frozen=True)
class Platform:
    """A recorded preview and how the pack is configured for it.

    `inputs` and `resources` are by URN: as they were recorded, and as policies see them.
    """

    inputs: Mapping[str, dict[str, Any]]
    resources: Mapping[str, Resource]
    environment: str
    configured: Mapping[str, Mapping[str, Any]]

    def of_type(self, type_: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """The URN of each resource of a type, and a copy of its inputs."""
        for urn, resource in self.resources.items():
            if resource.type == type_:
                yield urn, copy.deepcopy(self.inputs[urn])

    def without(self, urn: str) -> Platform:
        """The platform without one resource."""
        left = {key: each for key, each in self.resources.items() if key != urn}
        return replace(self, resources=left)

    def with_inputs(self, urn: str, inputs: dict[str, Any]) -> Platform:
        """The platform with one resource's inputs replaced."""
        changed = replace(self.resources[urn], properties=as_the_sdk_sends(inputs))
        return replace(self, resources={**self.resources, urn: changed})

    def with_resource(self, added: Resource) -> Platform:
        """The platform with a resource more."""
        return replace(self, resources={**self.resources, added.urn: added})

    def violations(self) -> Iterator[tuple[str, str, Violation]]:
        """Everything that the rules say: the rule's name, the resource's, and the violation."""
        resources = list(self.resources.values())
        for rule in RULES.values():
            judged = [[each] for each in resources] if isinstance(rule, Policy) else [resources]
            for some in judged:
                yield from ((rule.name, some[0].name, each) for each in self._judged(rule, some))

    def breaks(self, name: str, changed: str) -> bool:
        """Whether one rule is broken, by the resource that was changed or by the whole stack.

        What a resource policy says of a resource rests on nothing else.
        """
        rule = RULES[name]
        whole = isinstance(rule, StackPolicy)
        judged = list(self.resources.values()) if whole else [self.resources[changed]]
        return any(True for _ in self._judged(rule, judged))

    def _judged(
        self, rule: Policy | StackPolicy, resources: Sequence[Resource]
    ) -> Iterable[Violation]:
        configured = parameters(rule, self.environment, **self.configured.get(rule.name, {}))
        if isinstance(rule, StackPolicy):
            return rule.violations(resources, configured)
        [resource] = resources
        return rule.violations(resource, configured) if rule.applies(resource.type) else ()


def platform(name: str) -> Platform:
    """The recorded preview of this name."""
    file = _FOLDER / f"{name}.json"
    states = [step["newState"] for step in json.loads(file.read_text())["steps"]]
    full = name.startswith("full")
    return Platform(
        inputs={state["urn"]: state.get("inputs", {}) for state in states},
        resources={each.urn: each for each in recorded_preview(file)},
        environment="prod" if full else "dev",
        configured=_FULL if full else {},
    )


def parameters(rule: Rule, environment: str = "dev", **values: Any) -> Parameters:
    """A rule's defaults, and what differs from them, for a stack of which only its tags count."""
    defaults = {
        name: schema["default"] for name, schema in rule.parameters.items() if "default" in schema
    }
    tags = Claim("the stack's tags", "research", environment)
    stack = Stack("dev", "research", environment, (tags,), tags_only=True)
    return Parameters(defaults | values, stack, TODAY, {"research": {"*": {"families": {}}}})
