"""Exemptions: who may break which policy, why, and until when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from typing import Any

from training_policies.policy import Stack


@dataclass(frozen=True)
class Subject:
    """What a violation is about: the name and the type of a resource, or of the stack."""

    name: str
    type: str


@dataclass(frozen=True)
class Exemption:
    """One exemption; all but `policy`, `reason`, `owner` and `expires` are patterns.

    A pull request chooses the names of its resources, but not what a type of resources is.
    """

    policy: str
    resource: str
    resource_type: str
    reason: str
    owner: str
    expires: date
    team: str = "*"
    environment: str = "*"

    def covers(self, policy: str, resource: Subject, stack: Stack) -> bool:
        """Whether it is meant for this policy and resource, whatever the day."""
        return (
            policy == self.policy
            and fnmatchcase(resource.name, self.resource)
            and fnmatchcase(resource.type, self.resource_type)
            and fnmatchcase(stack.team, self.team)
            and fnmatchcase(stack.environment, self.environment)
        )

    def has_expired(self, today: date) -> bool:
        """Whether its last day, `expires`, is over."""
        return today > self.expires

    def days_left(self, today: date) -> int:
        """The number of days until its last one; 0 on that day."""
        return (self.expires - today).days

    def __str__(self) -> str:
        """Who exempts what until when, and why."""
        return (
            f"exemption of {self.resource} from {self.policy} for {self.owner}, "
            f"until {self.expires}: {self.reason}"
        )


def parse(values: Mapping[str, Any]) -> Exemption:
    """An exemption as the configuration has it.

    Raises:
        ValueError: `expires` is not a day of the calendar.
    """
    given = {**values, "resource_type": values["resourceType"]}
    del given["resourceType"]
    return Exemption(**{**given, "expires": date.fromisoformat(values["expires"])})


def covering(
    exemptions: Iterable[Exemption], policy: str, resource: Subject, stack: Stack
) -> Exemption | None:
    """The exemption that covers a violation: the one that lasts longest, expired or not."""
    meant = [each for each in exemptions if each.covers(policy, resource, stack)]
    return max(meant, key=lambda each: each.expires, default=None)
