"""What a policy is, apart from how the engine runs it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from training_policies.prices import Prices
from training_policies.resource import Resource
from training_policies.violation import Violation

Level = Literal["advisory", "mandatory", "disabled"]
Severity = Literal["low", "medium", "high", "critical"]
Schema = Mapping[str, Any]
"""A JSON schema."""


@dataclass(frozen=True)
class Control:
    """A requirement of a compliance framework, as the framework itself names it."""

    framework: str
    id: str


@dataclass(frozen=True)
class Claim:
    """Whose stack it is, as one `source` says; "" for what it does not say."""

    source: str
    team: str
    environment: str


@dataclass(frozen=True)
class Stack:
    """Whose stack is judged. `team` and `environment` are "" where nobody says them.

    `tags_only` tells whether only the stack's tags may say them. What the program or its settings
    write, a resource's tags for instance, is then compared with the tags and counts for nothing.
    """

    name: str
    team: str
    environment: str
    claims: Sequence[Claim] = ()
    tags_only: bool = False


@dataclass(frozen=True)
class Parameters:
    """What a policy is configured with, for the stack that is judged.

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


@dataclass(frozen=True)
class Rule:
    """What resource and stack policies have in common.

    Attributes:
        name: in kebab case; configuration and exemptions call the policy by it.
        display_name: a short title.
        description: one sentence that begins with "Checks".
        severity: how bad a violation is.
        controls: the frameworks' requirements that the policy answers.
        remediation: what to do about a violation, in general.
        level: what a violation does unless the configuration says otherwise.
        fixed: no configuration and no exemption changes the policy; others rely on it.
        parameters: a JSON schema for each parameter; one without default is required.
    """

    name: str
    display_name: str
    description: str
    severity: Severity
    controls: Sequence[Control]
    remediation: str
    level: Level = field(default="mandatory", kw_only=True)
    fixed: bool = field(default=False, kw_only=True)
    parameters: Mapping[str, Schema] = field(default_factory=dict, kw_only=True)


@dataclass(frozen=True)
class Policy(Rule):
    """A rule for one resource at a time, judged by its inputs before anything happens to it."""

    applies: Callable[[str], bool] = field(kw_only=True)
    """Whether resources of a type are judged at all."""
    judge: Callable[[Resource, Parameters], Iterable[Violation]] = field(kw_only=True)


@dataclass(frozen=True)
class StackPolicy(Rule):
    """A rule for all resources of a stack together, judged once they are registered."""

    judge: Callable[[Sequence[Resource], Parameters], Iterable[Violation]] = field(kw_only=True)
