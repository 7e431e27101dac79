"""Runs policies over a stack's resources without an engine, through the SDK's own classes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pulumi_policy

from training_policies.configuration import Configuration
from training_policies.enforcement import Enforcement
from training_policies.engine import exemptions_warning, resource_policy, stack_policy
from training_policies.policy import Policy, StackPolicy
from training_policies.resource import Resource

OPTIONS = pulumi_policy.PolicyResourceOptions(
    protect=False,
    ignore_changes=[],
    delete_before_replace=None,
    aliases=[],
    custom_timeouts=pulumi_policy.PolicyCustomTimeouts(0, 0, 0),
    additional_secret_outputs=[],
)
"""The options of a resource that has none."""

PROVIDER = pulumi_policy.PolicyProviderResource("", {}, "", "")
"""The provider of every resource that is no component."""


@dataclass(frozen=True)
class Diagnostic:
    """What a policy reports to the engine.

    `urn` is that of the resource that is meant, "" for the stack as a whole.
    """

    policy: str
    level: str
    text: str
    urn: str


@dataclass
class PolicyRun:
    """A run of policies over a stack's resources, through the SDK's own classes."""

    configuration: Configuration
    policies: Sequence[Policy | StackPolicy]
    tags: Mapping[str, str]
    settings: Mapping[str, str]
    stack: str
    today: date

    def over(self, resources: Sequence[Resource]) -> list[Diagnostic]:
        """Everything that is reported: first on each resource, then on the stack."""
        enforcement = Enforcement(self.configuration, self.stack, self.settings, self.today)
        found: list[Diagnostic] = []
        for policy in self.policies:
            if isinstance(policy, Policy):
                for each in resources:
                    found += self._on_resource(resource_policy(policy, enforcement), each)
        for policy in self.policies:
            if isinstance(policy, StackPolicy):
                found += self._on_stack(stack_policy(policy, enforcement), resources)
        return found + self._on_stack(exemptions_warning(enforcement), resources)

    def _on_resource(
        self, policy: pulumi_policy.ResourceValidationPolicy, each: Resource
    ) -> list[Diagnostic]:
        found: list[Diagnostic] = []
        args = pulumi_policy.ResourceValidationArgs(
            each.type,
            each.properties,
            each.urn,
            each.name,
            OPTIONS,
            None if each.is_component else PROVIDER,
            {},
            dict(self.tags),
        )
        if policy.enforcement_level is not pulumi_policy.EnforcementLevel.DISABLED:
            policy.validate(args, _reporter(policy, each.urn, found))
        return found

    def _on_stack(
        self, policy: pulumi_policy.StackValidationPolicy, resources: Sequence[Resource]
    ) -> list[Diagnostic]:
        found: list[Diagnostic] = []
        args = pulumi_policy.StackValidationArgs(_linked(resources), {}, dict(self.tags))
        if policy.enforcement_level is not pulumi_policy.EnforcementLevel.DISABLED:
            policy.validate(args, _reporter(policy, "", found))
        return found


def _reporter(policy: pulumi_policy.Policy, urn: str, found: list[Diagnostic]) -> Any:
    level = policy.enforcement_level.value if policy.enforcement_level else ""

    def report(text: str, subject: str | None = None) -> None:
        found.append(Diagnostic(policy.name, level, text, subject or urn))

    return report


def _linked(resources: Sequence[Resource]) -> list[pulumi_policy.PolicyResource]:
    """The resources as stack policies see them, with parents and dependencies."""
    by_urn = {each.urn: _unlinked(each) for each in resources}
    for each in resources:
        mine = by_urn[each.urn]
        mine.parent = by_urn.get(each.parent)
        mine.property_dependencies = {
            name: _found(by_urn, urns) for name, urns in each.dependencies.items()
        }
    return list(by_urn.values())


def _unlinked(each: Resource) -> pulumi_policy.PolicyResource:
    return pulumi_policy.PolicyResource(
        each.type, each.properties, each.urn, each.name, OPTIONS, None, None, [], {}
    )


def _found(
    by_urn: Mapping[str, pulumi_policy.PolicyResource], urns: Iterable[str]
) -> list[pulumi_policy.PolicyResource]:
    return [by_urn[urn] for urn in urns if urn in by_urn]
