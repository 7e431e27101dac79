"""The JSON schema of the pack's configuration file.

Every `description` is also the remedy for a value that breaks the schema there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from training_policies.policy import Rule, Schema
from training_policies.quotas.quota import QUOTA_SCHEMA

_NAME = "^[a-z0-9](-?[a-z0-9])*$"
EXEMPTION_DAYS = 366
"""How many days an exemption may last at most, unless the configuration says otherwise."""

_LEVELS = ["advisory", "mandatory", "disabled"]


def configuration_schema(rules: Iterable[Rule]) -> dict[str, Any]:
    """The schema for a pack of these rules."""
    rules = list(rules)
    configuration = _mapping(
        "the pack's configuration: {teams, policies, exemptions, prices}",
        {
            "$schema": _text("this schema's address, for editors"),
            "trustSettings": {
                "type": "boolean",
                "default": True,
                "description": "whether a stack's settings and its jobs' tags may name its team "
                "and environment where the stack's tags in the backend do not: true or false",
            },
            "exemptionWarningDays": {
                "type": "integer",
                "minimum": 0,
                "default": 14,
                "description": "how many days before its end an exemption warns, 0 or more",
            },
            "exemptionMaximumDays": {
                "type": "integer",
                "minimum": 1,
                "maximum": 3660,
                "default": EXEMPTION_DAYS,
                "description": "how many days from today an exemption may last at most, 1 to 3660",
            },
            "prices": _PRICES,
            "policies": _mapping(
                "each policy's level and parameters, by its name",
                {rule.name: _policy(rule) for rule in rules},
                required=[rule.name for rule in rules if _required(rule)],
            ),
            "teams": _teams(rules),
            "exemptions": _exemptions(rules),
        },
        required=["teams"],
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration of the policy pack sagemaker-training",
        **configuration,
    }


def _mapping(
    description: str, properties: Mapping[str, Schema], required: Iterable[str] = ()
) -> dict[str, Any]:
    """The schema of a mapping that has these keys and no other."""
    return {
        "type": "object",
        "description": description,
        "additionalProperties": False,
        "required": list(required),
        "properties": dict(properties),
    }


def _text(description: str, minimum: int = 0, **more: Any) -> dict[str, Any]:
    """The schema of a text of at least this many characters."""
    return {"type": "string", "minLength": minimum, **more, "description": description}


_PRICES = _mapping(
    "prices that differ from the price file: {unknown, usdPerHour}",
    {
        "unknown": {
            "enum": ["refuse", "allow"],
            "default": "refuse",
            "description": "what happens to an instance type without a price: refuse, or allow, "
            "which counts it as free",
        },
        "usdPerHour": {
            "type": "object",
            "description": "the organisation's own prices by instance type, in USD per instance "
            "and hour, as {ml.p5.48xlarge: 55.0}",
            "propertyNames": {"pattern": r"^ml\.[a-z0-9-]+\.[a-z0-9]+$"},
            "additionalProperties": {"type": "number", "minimum": 0},
        },
    },
)


def _policy(rule: Rule) -> dict[str, Any]:
    level = {
        "enum": ["mandatory"] if rule.fixed else _LEVELS,
        "default": rule.level,
        "description": "what a violation does: mandatory refuses, advisory warns, disabled "
        "does nothing"
        if not rule.fixed
        else "always mandatory, because the other quotas rely on it",
    }
    return _mapping(rule.description, {"level": level, **rule.parameters}, _required(rule))


def _teams(rules: list[Rule]) -> dict[str, Any]:
    own = _mapping(
        "parameters of policies that are this team's own, by the policy's name",
        {
            rule.name: _mapping(rule.description, rule.parameters)
            for rule in rules
            if rule.parameters
        },
    )
    quota = {**QUOTA_SCHEMA, "properties": {**QUOTA_SCHEMA["properties"], "parameters": own}}
    environments = {
        "type": "object",
        "description": 'quotas by environment; "*" is any other environment',
        "propertyNames": {
            "pattern": rf"{_NAME}|^\*$",
            "description": 'an environment\'s name, or "*"',
        },
        "additionalProperties": quota,
    }
    return {
        "type": "object",
        "description": "each team's quotas by environment, as {research: {dev: {families: {…}}}}",
        "propertyNames": {
            "pattern": _NAME,
            "description": "a team's name in lower-case letters, digits and hyphens",
        },
        "additionalProperties": environments,
    }


def _exemptions(rules: list[Rule]) -> dict[str, Any]:
    properties = {
        "policy": {
            "enum": sorted(rule.name for rule in rules if not rule.fixed),
            "description": "the policy's name",
        },
        "resource": _text(
            "a pattern of resource names, as research-dev-llm*; a stack's name for sums over a "
            "stack",
            1,
        ),
        "resourceType": _text(
            "a pattern of the types of these resources that names the package, as "
            "aws:s3/bucket:Bucket or pulumi-python:dynamic/*; pulumi:pulumi:Stack for sums over a "
            "stack",
            pattern=r"^[a-z][a-z0-9-]*:",
        ),
        "team": _text("a pattern of teams; any by default", 1),
        "environment": _text("a pattern of environments; any by default", 1),
        "reason": _text("why, in a sentence", 10),
        "owner": _text("who is responsible for it, as an address", 3),
        "expires": _text("its last day, as 2027-03-31", pattern=r"^\d{4}-\d{2}-\d{2}$"),
    }
    optional = {"team", "environment"}
    return {
        "type": "array",
        "description": "who may break which policy, why, and until when",
        "items": _mapping(
            "an exemption: {policy, resource, resourceType, reason, owner, expires}",
            properties,
            required=[name for name in properties if name not in optional],
        ),
    }


def _required(rule: Rule) -> list[str]:
    return [name for name, schema in rule.parameters.items() if "default" not in schema]
