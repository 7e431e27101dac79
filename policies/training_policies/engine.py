"""From policies to what the engine runs: pulumi-policy's own classes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    PolicyComplianceFramework,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    Severity,
    StackValidationArgs,
    StackValidationPolicy,
)

from training_policies.policy import Parameters, Policy, Rule, StackPolicy
from training_policies.resource import Resource
from training_policies.violation import Violation

StackTags = Mapping[str, str]
ParametersOf = Callable[[Rule, StackTags], Parameters]
"""The parameters of a policy for the stack with these tags."""


def resource_policy(policy: Policy, parameters_of: ParametersOf) -> ResourceValidationPolicy:
    """The engine's form of a policy for single resources."""

    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        if policy.applies(args.resource_type):
            resource = Resource(args.resource_type, args.name, args.urn, args.props)
            _report(policy.judge(resource, parameters_of(policy, args.stack_tags)), report)

    return ResourceValidationPolicy(validate=validate, **_facts(policy))


def stack_policy(policy: StackPolicy, parameters_of: ParametersOf) -> StackValidationPolicy:
    """The engine's form of a policy for a whole stack."""

    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        resources = [_registered(each) for each in args.resources]
        _report(policy.judge(resources, parameters_of(policy, args.stack_tags)), report)

    return StackValidationPolicy(validate=validate, **_facts(policy))


def _registered(resource: PolicyResource) -> Resource:
    return Resource(
        resource.resource_type,
        resource.name,
        resource.urn,
        resource.props,
        resource.parent.urn if resource.parent else "",
        {
            name: [each.urn for each in sources]
            for name, sources in resource.property_dependencies.items()
        },
    )


def _report(violations: Iterable[Violation], report: ReportViolation) -> None:
    for violation in violations:
        report(str(violation), violation.subject or None)


def _facts(rule: Rule) -> dict[str, Any]:
    first = next(iter(rule.controls), None)
    return {
        "name": rule.name,
        "display_name": rule.display_name,
        "description": rule.description,
        "severity": Severity(rule.severity),
        "enforcement_level": EnforcementLevel(rule.level),
        "remediation_steps": rule.remediation,
        "framework": first and PolicyComplianceFramework(first.framework, reference=first.id),
        "tags": [f"{each.framework}: {each.id}" for each in rule.controls],
    }
