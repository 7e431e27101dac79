"""For tests of policies: resources as the SDK hands them over, previews from a file, verdicts.

Raw dictionaries hide mistakes: the SDK wraps properties so that touching an unknown value raises,
turns all numbers into floats, and leaves out nulls and what begins with two underscores. Here
`UNKNOWN` stands for a value that is not known yet.

    bucket = resource("aws:s3/bucket:Bucket", {"bucket": UNKNOWN, "tags": {"team": "research"}})
    assert not violations(MY_POLICY, bucket)
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pulumi_policy
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, unknown_checking_proxy

from training_policies.configuration import Configuration
from training_policies.enforcement import Enforcement
from training_policies.engine import resource_policy, stack_policy
from training_policies.house_rules import exemptions_warning
from training_policies.policy import Parameters, Policy, Stack, StackPolicy
from training_policies.resource import UNKNOWN, Resource
from training_policies.violation import Violation

_STACK = Stack("dev", "research", "dev")
_TODAY = date(2026, 1, 1)
OPTIONS = pulumi_policy.PolicyResourceOptions(
    protect=False,
    ignore_changes=[],
    delete_before_replace=None,
    aliases=[],
    custom_timeouts=pulumi_policy.PolicyCustomTimeouts(0, 0, 0),
    additional_secret_outputs=[],
)
"""The options of a resource that has none."""


def resource(
    type_: str,
    properties: Mapping[str, Any],
    name: str = "subject",
    *,
    parent: str = "",
    dependencies: Mapping[str, Sequence[str]] | None = None,
) -> Resource:
    """A resource whose properties are as the SDK hands them to a policy."""
    urn = f"urn:pulumi:dev::project::{type_}::{name}"
    return Resource(type_, name, urn, as_the_sdk_does(properties), parent, dependencies or {})


def as_the_sdk_does(properties: Mapping[str, Any]) -> Mapping[str, Any]:
    """Properties with floats for numbers, without nulls, that raise where they are unknown."""
    sent: Mapping[str, Any] = unknown_checking_proxy(_sent(properties))
    return sent


def violations(
    policy: Policy | StackPolicy,
    judged: Resource | Sequence[Resource],
    values: Mapping[str, Any] | None = None,
    *,
    stack: Stack = _STACK,
    today: date = _TODAY,
    teams: Mapping[str, Mapping[str, Any]] | None = None,
) -> list[Violation]:
    """What a policy says of a resource, or a stack policy of all resources.

    Parameters that `values` does not have are those of the policy's schema.
    """
    given = {name: each["default"] for name, each in policy.parameters.items() if "default" in each}
    parameters = Parameters(given | dict(values or {}), stack, today, teams or {})
    resources = [judged] if isinstance(judged, Resource) else list(judged)
    if isinstance(policy, StackPolicy):
        return list(policy.judge(resources, parameters))
    applying = [each for each in resources if policy.applies(each.type)]
    return [violation for each in applying for violation in policy.judge(each, parameters)]


def recorded_preview(file: Path) -> list[Resource]:
    """The resources of a stack, with their inputs, from what `pulumi preview --json` printed."""
    steps = json.loads(file.read_text(encoding="utf-8"))["steps"]
    states = (step.get("newState") for step in steps)
    return [_recorded(state) for state in states if state]


@dataclass(frozen=True)
class Diagnostic:
    """What a policy pack tells the engine: a policy's name, its level, and a text."""

    policy: str
    level: str
    text: str
    urn: str


@dataclass
class Run:
    """A run of policies over a stack's resources, through the SDK's own classes."""

    configuration: Configuration
    policies: Sequence[Policy | StackPolicy]
    tags: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    stack: str = "dev"
    today: date = _TODAY

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
            each.type, each.properties, each.urn, each.name, OPTIONS, None, {}, dict(self.tags)
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


def _recorded(state: Mapping[str, Any]) -> Resource:
    return Resource(
        state["type"],
        state["urn"].rpartition("::")[2],
        state["urn"],
        as_the_sdk_does(state.get("inputs", {})),
        state.get("parent", ""),
        state.get("propertyDependencies") or {},
    )


def _sent(value: Any) -> Any:
    """A value as it comes out of the engine's messages."""
    if value is UNKNOWN:
        return UNKNOWN_STRING_VALUE
    if isinstance(value, Mapping):
        return {key: _sent(each) for key, each in value.items() if _is_sent(key, each)}
    if isinstance(value, list | tuple):
        return [_sent(each) for each in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value


def _is_sent(key: str, value: Any) -> bool:
    return value is not None and not key.startswith("__")
