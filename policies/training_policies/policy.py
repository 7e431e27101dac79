"""What a policy is, apart from how the engine runs it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Literal, TypeVar

from training_policies.compliance import Control
from training_policies.instances import Prices
from training_policies.resource import Resource
from training_policies.violation import Violation

Level = Literal["advisory", "mandatory", "disabled"]
Severity = Literal["low", "medium", "high", "critical"]
Schema = Mapping[str, Any]
"""A JSON schema."""


@dataclass(frozen=True)
class Claim:
    """The stack's team and environment, as one `source` says; "" for what it does not say."""

    source: str
    team: str
    environment: str


@dataclass(frozen=True)
class Stack:
    """The stack that is judged. `team` and `environment` are "" where they are not named.

    `tags_only` is whether only the stack's tags may name them. What the program or its settings
    write, a resource's tags for instance, is then only compared with the tags.
    """

    name: str
    team: str
    environment: str
    claims: Sequence[Claim] = ()
    tags_only: bool = False


@dataclass(frozen=True)
class Parameters:
    """The configuration of a policy for the stack that is judged.

    `values` has each of the policy's parameters: the configured one, the team's own where it has
    one, or the schema's default. `today` is the day on which the policy runs. `teams` has each
    team's quotas by environment.
    """

    values: Mapping[str, Any]
    stack: Stack
    today: date
    teams: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    prices: Prices = field(default_factory=Prices)

    def __getitem__(self, name: str) -> Any:
        return self.values[name]


Subject = TypeVar("Subject")
Judge = Callable[[Subject, Parameters], Iterable[Violation]]
"""What finds the violations of a subject: a resource, a job, a policy document."""


@dataclass(frozen=True)
class Rule:
    """What resource and stack policies have in common.

    Attributes:
        name: in kebab case; configuration and exemptions call the policy by it.
        checks: what the policy checks that is true, as "a job has a runtime limit".
        severity: how bad a violation is.
        controls: the frameworks' requirements that the policy answers.
        remedy: how a violation is corrected, as "set the job's runtime limit"; violations that
            have no remedy of their own get this one.
        level: what a violation does unless the configuration says otherwise.
        fixed: no configuration and no exemption changes the policy; others rely on it.
        parameters: a JSON schema for each parameter; one without default is required.
    """

    name: str
    checks: str
    severity: Severity
    controls: Sequence[Control]
    remedy: str
    level: Level = field(default="mandatory", kw_only=True)
    fixed: bool = field(default=False, kw_only=True)
    parameters: Mapping[str, Schema] = field(default_factory=dict, kw_only=True)

    @property
    def display_name(self) -> str:
        """The title that the engine shows."""
        return _capitalized(self.checks)

    @property
    def description(self) -> str:
        """What the policy checks, as a sentence."""
        return f"Checks that {self.checks}."

    @property
    def remediation(self) -> str:
        """The remedy as a sentence."""
        return f"{_capitalized(self.remedy)}."

    def _completed(self, violations: Iterable[Violation]) -> Iterator[Violation]:
        """The violations, each with a remedy."""
        return (each if each.remedy else replace(each, remedy=self.remedy) for each in violations)


@dataclass(frozen=True)
class Policy(Rule):
    """A rule for one resource at a time, judged by its inputs before anything happens to it."""

    applies: Callable[[str], bool] = field(kw_only=True)
    """Whether resources of a type are judged at all."""
    judge: Judge[Resource] = field(kw_only=True)

    def violations(self, resource: Resource, parameters: Parameters) -> Iterator[Violation]:
        """What is wrong with a resource; nothing where the policy does not apply."""
        found = self.judge(resource, parameters) if self.applies(resource.type) else ()
        return self._completed(found)


@dataclass(frozen=True)
class StackPolicy(Rule):
    """A rule for all resources of a stack together, judged once they are registered."""

    judge: Judge[Sequence[Resource]] = field(kw_only=True)

    def violations(
        self, resources: Sequence[Resource], parameters: Parameters
    ) -> Iterator[Violation]:
        """What is wrong with a stack's resources."""
        return self._completed(self.judge(resources, parameters))


def _capitalized(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}"
