"""Events of previews, as the engine logs them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.policies.subjects import request
from training_policies.configuration import Configuration
from training_policies.pack import NAME, POLICIES, enforced_policies
from training_policies.quotas import QUOTA_POLICIES
from training_policies.training_job import OWN_TYPE
from training_policies.tuning import OWN_TUNING_TYPE

Event = dict[str, Any]


def step(operation: str, type_: str, name: str, inputs: dict[str, Any] | None = None) -> Event:
    urn = f"urn:pulumi:dev::project::{type_}::{name}"
    new = (
        None
        if operation == "delete"
        else {"type": type_, "urn": urn, "inputs": inputs or {}, "custom": True}
    )
    return {"resourcePreEvent": {"metadata": {"op": operation, "type": type_, "urn": urn,
                                              "new": new}}}  # fmt: skip


TAGS = [{"Key": "team", "Value": "research"}, {"Key": "environment", "Value": "dev"}]


def job(name: str = "digits", operation: str = "create", **changes: Any) -> Event:
    """A job of the team research in dev that is not launched, by default."""
    launch = changes.pop("launch", False)
    asked = request(**changes) | {"Tags": TAGS}
    return step(operation, OWN_TYPE, name, {"request": asked, "launch": launch})


def tuning_job(
    name: str = "tuned", *, limits: dict[str, Any], launch: bool = False, **changes: Any
) -> Event:
    """A tuning job of the team research in dev, with these ResourceLimits."""
    inputs = {"request": request(**changes) | {"Tags": TAGS}, "launch": launch}
    return step("create", OWN_TUNING_TYPE, name, inputs | {"tuning": {"ResourceLimits": limits}})


def breach(
    level: str = "mandatory", name: str = "digits", message: str = "Checks it.\nNo."
) -> Event:
    return {"policyEvent": {"resourceUrn": f"urn:pulumi:dev::project::{OWN_TYPE}::{name}",
                            "message": message, "policyName": "quota-spot-only",
                            "enforcementLevel": level, "severity": "high"}}  # fmt: skip


def error(message: str) -> Event:
    return {"diagnosticEvent": {"message": message, "severity": "error"}}


def judged(*policies: str, pack: str = NAME) -> Event:
    summary = {"resourceUrn": "", "policyPackName": pack, "passed": list(policies)}
    return {"policyAnalyzeSummaryEvent": summary}


def configured(**settings: str) -> Event:
    """A preview's begin, with the stack's settings."""
    return {"preludeEvent": {"config": {f"project:{key}": each for key, each in settings.items()}}}


_NO_QUOTAS = [policy.name for policy in POLICIES if policy not in QUOTA_POLICIES]
ONLY_QUOTAS: dict[str, Any] = {name: {"level": "disabled"} for name in _NO_QUOTAS}
"""The levels under which only quotas judge these jobs, which have nothing but what quotas read."""
ENFORCED = enforced_policies(Configuration("organisation.json", {"policies": ONLY_QUOTAS}))

END: Event = {"summaryEvent": {"resourceChanges": {}}}
KEPT = [judged(*ENFORCED), END]
"""A preview's end under the pack."""


def written(folder: Path, events: list[Event], end: str = "") -> Path:
    file = folder / "events.json"
    file.write_text("".join(f"{json.dumps(each)}\n" for each in events) + end)
    return file
