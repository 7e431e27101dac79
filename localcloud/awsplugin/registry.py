"""All resource types and functions that are served, by token."""

from __future__ import annotations

from functools import cache

from localcloud.awsplugin.resource_type import ResourceType
from localcloud.awsplugin.resources import MODULES


@cache
def resource_types() -> dict[str, ResourceType]:
    """Return the resource types by token."""
    return {kind.type: kind for module in MODULES for kind in module.TYPES}
