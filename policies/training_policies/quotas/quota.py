"""The quotas of one team in one environment, as the configuration has them.

Limits are of three kinds of scope: `all` instances, those of a family, and those with a kind of
accelerator. A job must keep the limits of every scope that it has instances in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from training_policies.instances import family_of, instance_types

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_COUNT = {"type": "integer", "minimum": 0}
_DURATION = {
    "type": ["integer", "string"],
    "minimum": 0,
    "pattern": r"^\d+[smhd]$",
    # Who writes 12 means hours, or minutes; 0 allows none.
    "not": {
        "type": "integer",
        "minimum": 1,
        "maximum": 59,
        "description": "a number of seconds below 60, which needs a unit, as 12s, 12m or 12h",
    },
}
_AMOUNT = {"type": "number", "minimum": 0}

LIMITS_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "description": "limits, as {instancesPerJob: 2, maxRuntime: 24h}",
    "additionalProperties": False,
    "properties": {
        "instancesPerJob": {
            **_COUNT,
            "description": "the most instances of one job, 0 or more; 0 allows none",
        },
        "instancesPerStack": {
            **_COUNT,
            "description": "the most instances of all jobs of a stack together, 0 or more",
        },
        "acceleratorsPerJob": {
            **_COUNT,
            "description": "the most accelerators of one job, 0 or more",
        },
        "acceleratorsPerStack": {
            **_COUNT,
            "description": "the most accelerators of all jobs of a stack together, 0 or more",
        },
        "jobsAtOnce": {**_COUNT, "description": "the most jobs of a stack, 0 or more"},
        "spotOnly": {
            "type": "boolean",
            "description": "whether jobs must use spot capacity: true or false",
        },
        "maxRuntime": {
            **_DURATION,
            "description": "the longest training time over all attempts, in seconds or as 24h",
        },
        "maxWait": {
            **_DURATION,
            "description": "the longest time for waiting and running on spot, in seconds or as 2d",
        },
        "maxTrials": {**_COUNT, "description": "the most trials of one tuning job, 0 or more"},
        "costPerJobUsd": {
            **_AMOUNT,
            "description": "the highest cost ceiling of one job, in USD",
        },
        "costPerStackUsd": {
            **_AMOUNT,
            "description": "the highest cost ceiling of all jobs of a stack together, in USD",
        },
        "tuningCostPerStackUsd": {
            **_AMOUNT,
            "description": "the highest cost ceiling of all tuning jobs of a stack together, in "
            "USD; they count in costPerStackUsd, too",
        },
    },
}

_PATTERNS = {
    "type": "array",
    "items": {"type": "string", "minLength": 1},
    "description": "patterns of instance types, as [ml.g5.*]",
}

QUOTA_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "description": "a team's quotas in one environment: {all, families, accelerators, "
    "instanceTypes, parameters}",
    "additionalProperties": False,
    "required": ["families"],
    "properties": {
        "all": {**LIMITS_SCHEMA, "description": "limits for all instances together"},
        "families": {
            "type": "object",
            "description": "limits by family, as {g5: {instancesPerJob: 2}}; a family that is not "
            'listed is refused, unless "*" is',
            "additionalProperties": LIMITS_SCHEMA,
        },
        "accelerators": {
            "type": "object",
            "description": "limits by kind of accelerator, as "
            "{NVIDIA A10G: {acceleratorsPerStack: 8}}; with any listed, the others are refused, "
            'unless "*" is',
            "additionalProperties": LIMITS_SCHEMA,
        },
        "instanceTypes": {
            "type": "object",
            "description": "which instance types may be used: {allow: [ml.g5.*], deny: [ml.p5.*]}",
            "additionalProperties": False,
            "properties": {"allow": _PATTERNS, "deny": _PATTERNS},
        },
    },
}


@dataclass(frozen=True)
class Scope:
    """The instances that a set of limits is for; `name` is "" for all of them."""

    kind: str
    name: str = ""

    def __str__(self) -> str:
        """The scope as a violation names it."""
        return {
            "all": "all instances",
            "family": f"the family {self.name}",
            "accelerator": f"the accelerator {self.name}",
        }[self.kind]

    def includes(self, instance_type: str) -> bool:
        """Whether instances of a type are in the scope."""
        if self.kind == "family":
            return family_of(instance_type) == self.name
        if self.kind == "accelerator":
            return accelerator_of(instance_type) == self.name
        return True


@dataclass(frozen=True)
class Quota:
    """A team's quotas in one environment."""

    table: Mapping[str, Any]

    def scopes(self, instance_types: frozenset[str]) -> Iterator[tuple[Scope, Mapping[str, Any]]]:
        """Every scope that instances of these types are in, and its limits."""
        yield Scope("all"), self.table.get("all", {})
        for family in sorted({family_of(each) for each in instance_types}):
            yield Scope("family", family), self._of("families", family) or {}
        for kind in sorted({accelerator_of(each) for each in instance_types} - {""}):
            yield Scope("accelerator", kind), self._of("accelerators", kind) or {}

    def lists_family(self, family: str) -> bool:
        """Whether there are limits for a family."""
        return self._of("families", family) is not None

    def lists_accelerator(self, kind: str) -> bool:
        """Whether there are limits for a kind of accelerator, or for none at all."""
        return not self.table.get("accelerators") or self._of("accelerators", kind) is not None

    def patterns(self, list_: str) -> list[str] | None:
        """The patterns of the list `allow` or `deny`; None where there is none."""
        patterns: list[str] | None = self.table.get("instanceTypes", {}).get(list_)
        return patterns

    def parameters(self, policy: str) -> dict[str, Any]:
        """The team's own parameters of a policy."""
        parameters: dict[str, Any] = self.table.get("parameters", {}).get(policy, {})
        return parameters

    def _of(self, tables: str, name: str) -> Mapping[str, Any] | None:
        listed: Mapping[str, Mapping[str, Any]] = self.table.get(tables, {})
        return listed.get(name, listed.get("*"))


def quota_of(teams: Mapping[str, Mapping[str, Any]], team: str, environment: str) -> Quota | None:
    """A team's quotas in an environment, or in "*"; None where it has none, or one is not named."""
    environments = teams.get(team, {})
    table = environments.get(environment, environments.get("*")) if team and environment else None
    return Quota(table) if table is not None else None


def accelerator_of(instance_type: str) -> str:
    """The kind of accelerator of a type, "" for a type without one, or that is not known."""
    listed = instance_types().get(instance_type)
    return listed.accelerator if listed else ""


def seconds(duration: int | str) -> int:
    """A duration of the configuration in seconds: `3600`, or `1h`.

    Raises:
        ValueError: it is no duration; the configuration's schema refuses it before.
    """
    if isinstance(duration, int):
        return duration
    matched = re.fullmatch(r"(\d+)([smhd])", duration)
    if matched is None:
        raise ValueError(duration)
    return int(matched[1]) * _UNITS[matched[2]]
