"""The parameters of policies: their schemas, and the meaning of those that several policies have.

Patterns are those of file names: `*` is any text, `?` any one character.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

from training_policies.policy import Parameters


def texts(default: list[str], description: str, **more: Any) -> dict[str, Any]:
    """The schema of a parameter that is a list of texts, none of them empty."""
    items = {"type": "string", "minLength": 1}
    return {
        "type": "array",
        "items": items,
        **more,
        "default": default,
        "description": description,
    }


def number(default: int, description: str, **limits: int) -> dict[str, Any]:
    """The schema of a parameter that is a whole number, between `minimum` and `maximum`."""
    return {"type": "integer", **limits, "default": default, "description": description}


def flag(description: str) -> dict[str, Any]:
    """The schema of a parameter that is true or false; it is false by default."""
    return {"type": "boolean", "default": False, "description": description}


def accounts(description: str) -> dict[str, Any]:
    """The schema of a parameter that is a list of the ids of AWS accounts; it has none."""
    return {
        "type": "array",
        "items": {"type": "string", "pattern": "^[0-9]{12}$"},
        "default": [],
        "description": description,
    }


PRODUCTION_ENVIRONMENTS = {
    "type": "array",
    "items": {"type": "string"},
    "default": ["prod", "production"],
    "description": "The environments that count as production.",
}
"""The schema of the parameter that says which environments are production."""


def is_production(environment: Any, parameters: Parameters) -> bool:
    """Whether an environment counts as production; one that is not known does."""
    return environment in parameters["productionEnvironments"] or not isinstance(environment, str)


def matches(value: Any, patterns: Iterable[str]) -> bool:
    """Whether a value is a text that one of the patterns matches, in the same case."""
    return isinstance(value, str) and any(fnmatchcase(value, each) for each in patterns)
