"""The policies as the engine runs them: in pulumi-policy's own classes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
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

from training_policies.enforcement import Enforcement
from training_policies.exemptions import Exemption, Subject
from training_policies.policy import Policy, Rule, Stack, StackPolicy
from training_policies.quotas.running_sums import RunningSums
from training_policies.quotas.team import TEAM_POLICY
from training_policies.resource import Resource, read
from training_policies.training_job import may_be_training_job, training_job, why_a_job
from training_policies.training_rules.locations import PLACES
from training_policies.violation import Violation

STACK_TYPE = "pulumi:pulumi:Stack"


def resource_policy(policy: Policy, enforcement: Enforcement) -> ResourceValidationPolicy:
    """The engine's form of a policy for single resources."""

    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        if may_be_training_job(args.resource_type):
            enforcement.inputs[args.urn] = args.props
        if args.get_config() and args.resource_type == STACK_TYPE:
            report(_configured_elsewhere(enforcement), None)
        if policy.applies(args.resource_type):
            resource = _judged(args, enforcement)
            parameters = enforcement.parameters(policy, args.stack_tags)
            for violation in policy.violations(resource, parameters):
                subject = Subject(args.name, args.resource_type)
                text = enforcement.verdict(policy, violation, subject, parameters.stack)
                if text is not None:
                    reason = why_a_job(resource)
                    report(f"{text}\nNote: {reason}." if reason else text, None)

    return ResourceValidationPolicy(validate=validate, **_facts(policy, enforcement))


def stack_policy(policy: StackPolicy, enforcement: Enforcement) -> StackValidationPolicy:
    """The engine's form of a policy for a whole stack."""

    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        if args.get_config():
            report(_configured_elsewhere(enforcement), None)
        resources = [_registered(each, enforcement.inputs) for each in args.resources]
        parameters = enforcement.parameters(policy, args.stack_tags)
        found = list(policy.violations(resources, parameters))
        for violation in [*found, *_others(enforcement.early.get(policy.name, ()), found)]:
            subject = _subject(violation.subject, parameters.stack)
            text = enforcement.verdict(policy, violation, subject, parameters.stack)
            if text is not None:
                report(text, violation.subject or None)

    return StackValidationPolicy(validate=validate, **_facts(policy, enforcement))


def _others(early: Iterable[Violation], found: Iterable[Violation]) -> list[Violation]:
    """What was found at a job, and not over the whole stack: at a job, less is registered."""
    known = {(each.subject, each.what) for each in found}
    return [each for each in early if (each.subject, each.what) not in known]


def _judged(args: ResourceValidationArgs, enforcement: Enforcement) -> Resource:
    """The view of a resource; the policies that the engine runs over it in turn share one."""
    known = enforcement.judged
    if known is None or known.properties is not args.props or known.urn != args.urn:
        known = enforcement.judged = Resource(
            args.resource_type,
            args.name,
            args.urn,
            args.props,
            is_component=_is_component(args),
            account=_account(args),
        )
    return known


def _is_component(args: ResourceValidationArgs) -> bool:
    """Whether a resource has no provider, and is not one: the engine gives all others theirs."""
    return args.provider is None and not args.resource_type.startswith("pulumi:")


def _account(args: ResourceValidationArgs) -> str:
    """The only account that a resource's provider accepts; with another, it creates nothing.

    A provider's settings that are no texts are texts of JSON.
    """
    allowed = read(args.provider.props, "allowedAccountIds") if args.provider else None
    if isinstance(allowed, str):
        try:
            allowed = json.loads(allowed)
        except (ValueError, RecursionError):
            return ""
    only = allowed[0] if isinstance(allowed, list) and len(allowed) == 1 else ""
    return only if isinstance(only, str) else ""


def _subject(urn: str, stack: Stack) -> Subject:
    """The resource with a URN, which is `urn:pulumi:…::<types>::<name>`; the stack for ""."""
    if not urn:
        return Subject(stack.name, STACK_TYPE)
    _, types, name = urn.rsplit("::", 2)
    return Subject(name, types.rpartition("$")[2])


def _configured_elsewhere(enforcement: Enforcement) -> str:
    return (
        "The engine was given parameters for this policy, which it does not read.\n"
        f"Remedy: write them into {enforcement.configuration.file}, and keep only levels in the "
        "file of --policy-pack-config."
    )


def _registered(resource: PolicyResource, inputs: Mapping[str, Mapping[str, Any]]) -> Resource:
    sources = resource.property_dependencies
    return Resource(
        resource.resource_type,
        resource.name,
        resource.urn,
        inputs.get(resource.urn, resource.props),
        resource.parent.urn if resource.parent else "",
        {name: [each.urn for each in of] for name, of in sources.items()},
    )


def _facts(rule: Rule, enforcement: Enforcement) -> dict[str, Any]:
    first = next(iter(rule.controls), None)
    framework = PolicyComplianceFramework(first.framework, reference=first.id) if first else None
    return {
        "name": rule.name,
        "display_name": rule.display_name,
        "description": rule.description,
        "severity": Severity(rule.severity),
        "enforcement_level": EnforcementLevel(enforcement.configuration.level(rule)),
        "remediation_steps": rule.remediation,
        "framework": framework,
        "tags": [f"{each.framework}: {each.id}" for each in rule.controls],
    }


def refusal(problems: str) -> ResourceValidationPolicy:
    """The one policy of a pack without a usable configuration: it refuses every stack."""

    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        if args.resource_type == STACK_TYPE:
            report(problems, None)

    return _mandatory(
        "pack-configuration",
        "The policy pack has a usable configuration",
        "Checks that the policy pack's configuration can be used.",
        "Correct the configuration file as the message says.",
        Severity.CRITICAL,
        validate,
    )


def running_sums(
    policies: Mapping[str, StackPolicy], enforcement: Enforcement
) -> ResourceValidationPolicy:
    """Judges the sums of a stack at each job, before the engine creates it.

    `policies` are those that judge the sums over the whole stack, by name: their levels and
    exemptions count here, too. In a preview only they say what is broken: nothing is created in it,
    and the sum of all jobs is above a quota where that of the first ones is.
    """

    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        if enforcement.is_preview:
            return
        if args.resource_type == STACK_TYPE:  # which the engine registers first, in each run
            enforcement.sums = RunningSums()
        job = training_job(_judged(args, enforcement))
        if job is None:
            return
        parameters = enforcement.parameters(TEAM_POLICY, args.stack_tags)
        for limit, violation in enforcement.sums.add(job, parameters):
            policy, stack = policies[limit.policy], parameters.stack
            text = _early_verdict(enforcement, policy, violation, _subject("", stack), stack)
            if text is not None:
                report(f"{limit.policy}, with the jobs registered before: {text}", None)

    return _mandatory(
        "quota-running-sums",
        "No job is created that breaks a quota of its stack",
        "Checks that each job keeps the quotas of its stack, with the jobs before it.",
        "Lower what a job takes, as each violation says, or remove a job from the stack.",
        Severity.HIGH,
        validate,
    )


def places_of_jobs(
    policies: Sequence[StackPolicy], enforcement: Enforcement
) -> ResourceValidationPolicy:
    """Judges what a job has of its stack before the engine creates it.

    `policies` judge it over the whole stack, too. A location that the preview does not know is
    known in the update, in which they come too late. What a value comes from is registered before.
    In a preview, they say what is found here.
    """

    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        resource = _judged(args, enforcement)
        if args.resource_type == STACK_TYPE:
            enforcement.places, enforcement.early = [], {}
        elif args.resource_type in PLACES:
            enforcement.places.append(resource)
        if training_job(resource) is None:
            return
        for policy in policies:
            parameters = enforcement.parameters(policy, args.stack_tags)
            subject = Subject(args.name, args.resource_type)
            for violation in policy.violations([*enforcement.places, resource], parameters):
                stack = parameters.stack
                text = _early_verdict(enforcement, policy, violation, subject, stack)
                if text is not None and enforcement.is_preview:
                    enforcement.early.setdefault(policy.name, []).append(violation)
                elif text is not None:
                    report(f"{policy.name}: {text}", None)

    return _mandatory(
        "training-own-places",
        "No job is created that writes elsewhere or acts as another role",
        "Checks that each job writes to buckets of its stack, and acts as its role.",
        "Use the stack's own bucket and role, as outputs of these resources.",
        Severity.HIGH,
        validate,
    )


def _early_verdict(
    enforcement: Enforcement, rule: Rule, violation: Violation, subject: Subject, stack: Stack
) -> str | None:
    """The text of a violation of a stack policy that refuses; None where it does not."""
    if enforcement.configuration.level(rule) != "mandatory":
        return None
    return enforcement.verdict(rule, violation, subject, stack)


def _mandatory(
    name: str,
    title: str,
    description: str,
    remedy: str,
    severity: Severity,
    validate: Callable[[ResourceValidationArgs, ReportViolation], None],
) -> ResourceValidationPolicy:
    return ResourceValidationPolicy(
        name=name,
        display_name=title,
        description=description,
        validate=validate,
        enforcement_level=EnforcementLevel.MANDATORY,
        severity=severity,
        remediation_steps=remedy,
    )


def exemptions_warning(enforcement: Enforcement) -> StackValidationPolicy:
    """Warns of the exemptions in use that are about to expire."""

    def validate(_: StackValidationArgs, report: ReportViolation) -> None:
        for exemption in sorted(enforcement.used, key=lambda each: each.expires):
            days = exemption.days_left(enforcement.today)
            if days <= enforcement.configuration.warning_days:
                report(_warning(exemption, days), None)

    return StackValidationPolicy(
        name="pack-exemptions",
        display_name="No exemption in use is about to expire",
        description="Checks that no exemption that the stack relies on is about to expire.",
        validate=validate,
        enforcement_level=EnforcementLevel.ADVISORY,
        severity=Severity.MEDIUM,
        remediation_steps="Correct what is exempted, or have the exemption renewed.",
    )


def _warning(exemption: Exemption, days: int) -> str:
    last = "today is its last day" if days == 0 else f"{days} days are left"
    return (
        f"{last}: the {exemption}.\nRemedy: correct the violation, or have the exemption renewed."
    )
