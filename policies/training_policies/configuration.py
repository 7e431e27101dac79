"""The pack's configuration: one JSON file, which only the organisation can change."""

from __future__ import annotations

import json
import math
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from training_policies.configuration_schema import EXEMPTION_DAYS, configuration_schema
from training_policies.exemptions import Exemption, parse
from training_policies.instances import Prices
from training_policies.policy import Level, Parameters, Rule, Stack
from training_policies.problems import Problem, report, schema_problems
from training_policies.quotas.quota import quota_of
from training_policies.resource import MISSING

VARIABLE = "TRAINING_POLICIES_CONFIGURATION"
"""The environment variable that names the file."""

DEFAULT_FILE = Path(__file__).parent.parent / "configuration.json"


class ConfigurationError(Exception):
    """The configuration can't be used; the message says where, and what to do."""


@dataclass(frozen=True)
class Configuration:
    """A configuration that keeps every rule of the schema."""

    file: str
    values: Mapping[str, Any]
    exemptions: tuple[Exemption, ...] = ()

    @property
    def warning_days(self) -> int:
        """How many days before its end an exemption warns."""
        return int(self.values.get("exemptionWarningDays", 14))

    @property
    def trusts_settings(self) -> bool:
        """Whether a stack's own settings may name its team and environment."""
        return bool(self.values.get("trustSettings", True))

    def level(self, rule: Rule) -> Level:
        """What a violation of a policy does."""
        level: Level = self._of(rule).get("level", rule.level)
        return level

    def parameters(self, rule: Rule, stack: Stack, today: date) -> Parameters:
        """A policy's parameters for a stack: the team's own, the configured, or the default."""
        teams = self.values.get("teams", {})
        quota = quota_of(teams, stack.team, stack.environment)
        own = quota.parameters(rule.name) if quota else {}
        values = _defaults(rule) | self._of(rule) | own
        return Parameters(values, stack, today, teams, self.prices)

    @property
    def prices(self) -> Prices:
        """What an instance costs by the hour."""
        prices = self.values.get("prices", {})
        return Prices(prices.get("usdPerHour", {}), prices.get("unknown", "refuse"))

    def _of(self, rule: Rule) -> dict[str, Any]:
        given: dict[str, Any] = self.values.get("policies", {}).get(rule.name, {})
        return given


def configuration_file() -> Path:
    """The file that the environment names, or the one in the pack's folder.

    A relative path starts from the folder that the engine runs the pack in, which is its own.
    """
    named = os.environ.get(VARIABLE)
    return Path(named).absolute() if named else DEFAULT_FILE


def read_configuration(
    file: Path, rules: Iterable[Rule], today: date | None = None
) -> Configuration:
    """The configuration in a file, as it can be used on a day, which is today by default.

    Raises:
        ConfigurationError: it does not exist, is not JSON, or breaks the schema.
    """
    values = _decoded(file)
    today = today or datetime.now(UTC).date()
    problems = schema_problems(values, configuration_schema(rules))
    if not problems:
        problems = _calendar_problems(values) or _late_ends(values, today)
    if problems:
        raise ConfigurationError(report(str(file), problems))
    exemptions = tuple(parse(each) for each in values.get("exemptions", []))
    return Configuration(file.name, values, exemptions)


def _decoded(file: Path) -> Any:
    try:
        text = file.read_text(encoding="utf-8")
        return json.loads(
            text, object_pairs_hook=_mapping, parse_constant=_finite, parse_float=_finite
        )
    except OSError as error:
        problem = Problem(
            VARIABLE,
            os.environ.get(VARIABLE, MISSING),
            f"{file} can't be read: {error.strerror}",
            f"write a configuration there, or set {VARIABLE} to the path of one",
        )
    except (ValueError, RecursionError) as error:
        problem = Problem(str(file), MISSING, f"is not JSON: {error}", "correct the file's syntax")
    raise ConfigurationError(report(str(file), [problem]))


def _mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object, in which each name is given once: most parsers take the last of two."""
    names = Counter(name for name, _ in pairs)
    twice = [json.dumps(name) for name, count in names.items() if count > 1]
    if twice:
        message = f"an object has {', '.join(twice)} twice"
        raise ValueError(message)
    return dict(pairs)


def _finite(text: str) -> float:
    """A number; `Infinity`, `NaN` and what is too large for a float would be no limit at all."""
    number = float(text)
    if not math.isfinite(number):
        message = f"{text} is no number that a limit can be"
        raise ValueError(message)
    return number


def _calendar_problems(values: Mapping[str, Any]) -> list[Problem]:
    """Days that match the pattern but don't exist."""
    found = []
    for index, each in enumerate(values.get("exemptions", [])):
        try:
            parse(each)
        except ValueError:
            path, rule = f"exemptions.{index}.expires", "is not a day of the calendar"
            found.append(Problem(path, each["expires"], rule, "write a day as 2027-03-31"))
    return found


def _late_ends(values: Mapping[str, Any], today: date) -> list[Problem]:
    """Exemptions that would last too long to be looked at again."""
    days = values.get("exemptionMaximumDays", EXEMPTION_DAYS)
    latest = today + timedelta(days=days)
    return [
        Problem(
            f"exemptions.{index}.expires",
            each["expires"],
            f"is later than {latest}: an exemption lasts at most {days} days from today",
            f"write {latest} or an earlier day, and renew the exemption when it ends",
        )
        for index, each in enumerate(values.get("exemptions", []))
        if date.fromisoformat(each["expires"]) > latest
    ]


def _defaults(rule: Rule) -> dict[str, Any]:
    return {name: each["default"] for name, each in rule.parameters.items() if "default" in each}
