"""Rules that a property must have a value.

Such a rule is a row of a table: what it is for, the property's path, the expected value, and why.
What a violation says, and how it is corrected, follow from the path and the expected value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol

from training_policies.compliance import Control
from training_policies.policy import Judge, Parameters, Policy, Schema, Severity, Subject
from training_policies.resource import MISSING, UNKNOWN, Resource, is_absent
from training_policies.violation import Violation, shown


class Properties(Protocol):
    """What has properties: a resource, or the request of a training job."""

    def read(self, path: str) -> Any:
        """The value at a dotted path; MISSING or UNKNOWN where there is none to judge."""


@dataclass(frozen=True)
class Expected:
    """The value that a property must have.

    Attributes:
        holds: whether a value, which may be MISSING or UNKNOWN, is as expected; its second argument
            is the value of `parameter`.
        allowed: the expected value; where there is a parameter, a text with `{}` in its place.
        parameter: the name of the policy's parameter that decides, or "".
    """

    holds: Callable[[Any, Any], bool]
    allowed: Any
    parameter: str = ""

    def violations(
        self, properties: Properties, paths: Sequence[str], why: str, parameters: Parameters
    ) -> Iterator[Violation]:
        """A violation for each of the properties that has another value."""
        limit = parameters[self.parameter] if self.parameter else None
        allowed = self.allowed.format(limit) if self.parameter else self.allowed
        for path in paths:
            value = properties.read(path)
            if not self.holds(value, limit):
                yield Violation(path, why, value, allowed, set_to([path], allowed))

    def remedy(self, paths: Sequence[str]) -> str:
        """How violations of these properties are corrected."""
        allowed = self.allowed.format(self.parameter) if self.parameter else self.allowed
        return set_to(paths, allowed)


def set_to(paths: Sequence[str], allowed: Any) -> str:
    """The remedy for properties that must have a value."""
    return f"set {', '.join(paths)} to {shown(allowed)}"


def exactly(wanted: Any) -> Expected:
    """The wanted value and no other: `1` is not `true`, and neither is `"true"`."""
    return Expected(lambda value, _: type(value) is type(wanted) and value == wanted, wanted)


def present(allowed: str) -> Expected:
    """A value that is not empty; a reference to something that does not exist yet is one."""
    return Expected(lambda value, _: not is_absent(value), allowed)


def customer_key() -> Expected:
    """A customer's own key; see `is_customer_key`."""
    return Expected(lambda value, _: is_customer_key(value), "the stack's key")


def above_zero(unit: str) -> Expected:
    """A whole number above 0, in this unit."""
    return Expected(
        lambda value, _: isinstance(value, int) and value > 0, f"a number of {unit} above 0"
    )


def at_least(parameter: str, unit: str) -> Expected:
    """A whole number that is not below the value of a parameter, in this unit."""
    return Expected(
        lambda value, least: isinstance(value, int) and value >= least,
        f"at least {{}} {unit}",
        parameter,
    )


def at_most(parameter: str, unit: str) -> Expected:
    """A whole number that is not above the value of a parameter, in this unit."""
    return Expected(
        lambda value, most: isinstance(value, int) and value <= most,
        f"at most {{}} {unit}",
        parameter,
    )


def absent_or(expected: Expected) -> Expected:
    """No property at all, or one that is as expected."""
    return replace(
        expected, holds=lambda value, limit: value is MISSING or expected.holds(value, limit)
    )


def is_customer_key(key: Any) -> bool:
    """Whether a key is a customer's own; one that does not exist yet is.

    AWS's own keys have aliases that begin with aws/, and only AWS decides who uses them.
    """
    return key is UNKNOWN or (isinstance(key, str) and key != "" and "alias/aws/" not in key)


@dataclass(frozen=True)
class Subjects(Generic[Subject]):
    """What a value rule is for: resources of some types, or training jobs.

    Attributes:
        includes: whether resources of a type are judged at all.
        judged_by: the judge of resources that judges their subjects with another judge.
        properties: where the properties of a subject are read.
    """

    includes: Callable[[str], bool]
    judged_by: Callable[[Judge[Subject]], Judge[Resource]]
    properties: Callable[[Subject], Properties]


def resources(*types: str) -> Subjects[Resource]:
    """The resources of these types."""
    return Subjects(frozenset(types).__contains__, lambda judge: judge, lambda resource: resource)


def value_rule(
    name: str,
    checks: str,
    severity: Severity,
    subjects: Subjects[Subject],
    paths: Sequence[str],
    expected: Expected,
    *,
    why: str,
    controls: Sequence[Control],
    remedy: str = "",
    where: Callable[[Subject, Parameters], bool] = lambda _, __: True,
    parameters: Mapping[str, Schema] | None = None,
) -> Policy:
    """The policy that subjects have the expected value at each of these paths.

    It is for those subjects for which `where` is true. `remedy` is for policies whose violations
    are corrected in another way than by setting the value.
    """

    def judge(subject: Subject, configured: Parameters) -> Iterator[Violation]:
        if where(subject, configured):
            properties = subjects.properties(subject)
            for violation in expected.violations(properties, paths, why, configured):
                yield replace(violation, remedy=remedy or violation.remedy)

    return Policy(
        name=name,
        checks=checks,
        severity=severity,
        controls=controls,
        remedy=remedy or expected.remedy(paths),
        parameters=parameters or {},
        applies=subjects.includes,
        judge=subjects.judged_by(judge),
    )
