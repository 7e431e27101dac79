"""Events of previews, as the engine logs them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.policies.jobs import request
from training_policies.training_job import OWN_TYPE

Event = dict[str, Any]


def step(operation: str, type_: str, name: str, inputs: dict[str, Any] | None = None) -> Event:
    urn = f"urn:pulumi:dev::project::{type_}::{name}"
    new = None if operation == "delete" else {"type": type_, "urn": urn, "inputs": inputs or {}}
    return {"resourcePreEvent": {"metadata": {"op": operation, "type": type_, "urn": urn,
                                              "new": new}}}  # fmt: skip


def job(name: str = "digits", operation: str = "create", **changes: Any) -> Event:
    """A job of the team research in dev that is not launched, by default."""
    tags = [{"Key": "team", "Value": "research"}, {"Key": "environment", "Value": "dev"}]
    launch = changes.pop("launch", False)
    asked = request(**changes) | {"Tags": tags}
    return step(operation, OWN_TYPE, name, {"request": asked, "launch": launch})


def breach(
    level: str = "mandatory", name: str = "digits", message: str = "Checks it.\nNo."
) -> Event:
    return {"policyEvent": {"resourceUrn": f"urn:pulumi:dev::project::{OWN_TYPE}::{name}",
                            "message": message, "policyName": "quota-spot-only",
                            "enforcementLevel": level, "severity": "high"}}  # fmt: skip


def error(message: str) -> Event:
    return {"diagnosticEvent": {"message": message, "severity": "error"}}


def judged(*policies: str) -> Event:
    return {"policyAnalyzeSummaryEvent": {"resourceUrn": "", "passed": list(policies)}}


END: Event = {"summaryEvent": {"resourceChanges": {}}}
KEPT = [judged("quota-spot-only", "quota-team"), END]
"""A preview's end under a pack of two policies."""


def written(folder: Path, events: list[Event], end: str = "") -> Path:
    file = folder / "events.json"
    file.write_text("".join(f"{json.dumps(each)}\n" for each in events) + end)
    return file
