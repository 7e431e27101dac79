"""What the functions share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localcloud.awsplugin.cloud import Cloud
from localcloud.awsplugin.properties import Properties

Function = Callable[[Cloud, Properties], Properties]


def filters_of(arguments: Properties) -> list[dict[str, Any]]:
    """Return the API's filters for the `filters` and `tags` of a lookup."""
    filters = [
        {"Name": item["name"], "Values": item["values"]} for item in arguments.get("filters") or ()
    ]
    filters += [
        {"Name": f"tag:{name}", "Values": [value]}
        for name, value in (arguments.get("tags") or {}).items()
    ]
    return filters
