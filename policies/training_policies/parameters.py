"""The schemas of parameters that several policies have."""

from __future__ import annotations

from typing import Any

from training_policies.policy import Parameters


def texts(default: list[str], description: str) -> dict[str, Any]:
    """Return the schema of a parameter that is a list of texts, none of them empty."""
    items = {"type": "string", "minLength": 1}
    return {"type": "array", "items": items, "default": default, "description": description}


PRODUCTION_ENVIRONMENTS = {
    "type": "array",
    "items": {"type": "string"},
    "default": ["prod", "production"],
    "description": "The environments that count as production.",
}
"""The schema of the parameter that says which environments are production."""


def is_production(environment: Any, parameters: Parameters) -> bool:
    """Whether an environment counts as production, as one that nobody names does."""
    return environment in parameters["productionEnvironments"] or not isinstance(environment, str)
