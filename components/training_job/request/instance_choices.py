"""What a ResourceConfig asks for: instances of one type, groups, or one of several types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Group = Mapping[str, Any]
"""Instances of one type: InstanceType and InstanceCount."""


def instance_choices(resources: Mapping[str, Any]) -> list[Sequence[Group]]:
    """The groups that a job may run on, of which it takes one: several only with preferences.

    Works on a request's ResourceConfig and on that of a description, which says what the service
    has selected.
    """
    if "SelectedInstanceType" in resources:
        count = resources["SelectedInstanceCount"]
        return [[{"InstanceType": resources["SelectedInstanceType"], "InstanceCount": count}]]
    if preferences := resources.get("InstancePreferences"):
        return [[preference] for preference in preferences]
    return [resources.get("InstanceGroups") or [resources]]
