"""Requirements of compliance frameworks, by the frameworks' own names and ids."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Control:
    """A requirement of a compliance framework, as the framework itself names it."""

    framework: str
    id: str


def nist(id_: str) -> Control:
    """A control of NIST Special Publication 800-53, revision 5, as SC-8."""
    return Control("NIST SP 800-53 Rev. 5", id_)


def security_hub(id_: str) -> Control:
    """A control of AWS Security Hub's Foundational Security Best Practices, as S3.8."""
    return Control("AWS Foundational Security Best Practices", id_)


def checkov(id_: str) -> Control:
    """A check of Checkov, as CKV_AWS_7."""
    return Control("Checkov", id_)


def prowler(id_: str) -> Control:
    """A check of Prowler, by its CheckID."""
    return Control("Prowler", id_)
