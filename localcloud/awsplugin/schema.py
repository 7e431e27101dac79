"""The package's schema: the least that the engine needs."""

from __future__ import annotations

import json

from localcloud.awsplugin.functions import FUNCTIONS
from localcloud.awsplugin.registry import resource_types


def schema(version: str) -> str:
    """Return the schema as JSON text: every token served, without its properties."""
    return json.dumps(
        {
            "name": "aws",
            "version": version,
            "config": {},
            "provider": {"type": "object"},
            "resources": {token: {"type": "object"} for token in sorted(resource_types())},
            "functions": {token: {} for token in sorted(FUNCTIONS)},
        }
    )
