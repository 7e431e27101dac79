"""The JSON schema of the pack's configuration file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from training_policies.policy import Rule
from training_policies.quotas.quota import QUOTA_SCHEMA

_NAME = "^[a-z0-9](-?[a-z0-9])*$"
_LEVELS = ["advisory", "mandatory", "disabled"]
_PATTERN = {"type": "string", "minLength": 1}


def configuration_schema(rules: Iterable[Rule]) -> dict[str, Any]:
    """The schema for a pack of these rules."""
    rules = list(rules)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration of the policy pack sagemaker-training",
        "type": "object",
        "description": "the pack's configuration: {teams, policies, exemptions, prices}",
        "additionalProperties": False,
        "required": ["teams"],
        "properties": {
            "$schema": {"type": "string", "description": "this schema's address, for editors"},
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
            "prices": _PRICES,
            "policies": _policies(rules),
            "teams": _teams(rules),
            "exemptions": _exemptions(rules),
        },
    }


_PRICES: Mapping[str, Any] = {
    "type": "object",
    "description": "prices that differ from the price file: {unknown, usdPerHour}",
    "additionalProperties": False,
    "properties": {
        "unknown": {
            "type": "string",
            "enum": ["refuse", "allow"],
            "default": "refuse",
            "description": "what becomes of an instance type without a price: refuse, or allow, "
            "which counts it as free",
        },
        "usdPerHour": {
            "type": "object",
            "description": "the organisation's own prices by instance type, in USD per instance "
            "and hour, as {ml.p5.48xlarge: 55.0}",
            "propertyNames": {"type": "string", "pattern": r"^ml\.[a-z0-9-]+\.[a-z0-9]+$"},
            "additionalProperties": {"type": "number", "minimum": 0},
        },
    },
}


def _policies(rules: list[Rule]) -> dict[str, Any]:
    return {
        "type": "object",
        "description": "each policy's level and parameters, by its name",
        "additionalProperties": False,
        "required": [rule.name for rule in rules if _required(rule)],
        "properties": {rule.name: _policy(rule) for rule in rules},
    }


def _policy(rule: Rule) -> dict[str, Any]:
    level = {
        "type": "string",
        "enum": ["mandatory"] if rule.fixed else _LEVELS,
        "default": rule.level,
        "description": "what a violation does: mandatory refuses, advisory warns, disabled nothing"
        if not rule.fixed
        else "always mandatory, because the other quotas rely on it",
    }
    return {
        "type": "object",
        "description": rule.description,
        "additionalProperties": False,
        "required": _required(rule),
        "properties": {"level": level, **rule.parameters},
    }


def _teams(rules: list[Rule]) -> dict[str, Any]:
    own = {
        "type": "object",
        "description": "parameters of policies that are this team's own, by the policy's name",
        "additionalProperties": False,
        "properties": {
            rule.name: {
                "type": "object",
                "description": rule.description,
                "additionalProperties": False,
                "properties": dict(rule.parameters),
            }
            for rule in rules
            if rule.parameters
        },
    }
    quota = {
        **QUOTA_SCHEMA,
        "properties": {**QUOTA_SCHEMA["properties"], "parameters": own},
    }
    return {
        "type": "object",
        "description": "each team's quotas by environment, as {research: {dev: {families: {…}}}}",
        "propertyNames": {
            "type": "string",
            "pattern": _NAME,
            "description": "a team's name in lower-case letters, digits and hyphens",
        },
        "additionalProperties": {
            "type": "object",
            "description": 'quotas by environment; "*" is any other environment',
            "propertyNames": {
                "type": "string",
                "pattern": rf"{_NAME}|^\*$",
                "description": 'an environment\'s name, or "*"',
            },
            "additionalProperties": quota,
        },
    }


def _exemptions(rules: list[Rule]) -> dict[str, Any]:
    return {
        "type": "array",
        "description": "who may break which policy, why, and until when",
        "items": {
            "type": "object",
            "description": "an exemption: {policy, resource, reason, owner, expires}",
            "additionalProperties": False,
            "required": ["policy", "resource", "reason", "owner", "expires"],
            "properties": {
                "policy": {
                    "type": "string",
                    "enum": sorted(rule.name for rule in rules if not rule.fixed),
                    "description": "the policy's name",
                },
                "resource": {
                    **_PATTERN,
                    "description": "a pattern of resource names, as research-dev-llm*; a stack's "
                    "name for sums over a stack",
                },
                "team": {**_PATTERN, "description": "a pattern of teams; any by default"},
                "environment": {
                    **_PATTERN,
                    "description": "a pattern of environments; any by default",
                },
                "reason": {
                    "type": "string",
                    "minLength": 10,
                    "description": "why, in a sentence",
                },
                "owner": {
                    "type": "string",
                    "minLength": 3,
                    "description": "who answers for it, as an address",
                },
                "expires": {
                    "type": "string",
                    "pattern": r"^\d{4}-\d{2}-\d{2}$",
                    "description": "its last day, as 2027-03-31",
                },
            },
        },
    }


def _required(rule: Rule) -> list[str]:
    return [name for name, schema in rule.parameters.items() if "default" not in schema]
