"""Policies about the pack itself: its configuration and its exemptions."""

from __future__ import annotations

from pulumi_policy import (
    EnforcementLevel,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    Severity,
    StackValidationArgs,
    StackValidationPolicy,
)

from training_policies.enforcement import Enforcement
from training_policies.engine import STACK_TYPE
from training_policies.exemptions import Exemption


def refusal(problems: str) -> ResourceValidationPolicy:
    """The one policy of a pack without a usable configuration: it refuses every stack."""

    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        if args.resource_type == STACK_TYPE:
            report(problems, None)

    return ResourceValidationPolicy(
        name="pack-configuration",
        display_name="The policy pack has a usable configuration",
        description="Checks that the policy pack's configuration can be used.",
        validate=validate,
        enforcement_level=EnforcementLevel.MANDATORY,
        severity=Severity.CRITICAL,
        remediation_steps="Mend the configuration file as the message says.",
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
        remediation_steps="Mend what is exempted, or have the exemption renewed.",
    )


def _warning(exemption: Exemption, days: int) -> str:
    last = "today is its last day" if days == 0 else f"{days} days are left"
    return f"{last}: the {exemption}.\nRemedy: mend the violation, or have the exemption renewed."
