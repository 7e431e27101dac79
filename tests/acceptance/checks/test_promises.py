"""The checks that only look at what the steps saw: each confirms, and each refutes."""

from __future__ import annotations

from typing import Any

import pytest

from acceptance.checks.promises import PROMISES
from acceptance.judging import finding_of, look_at
from acceptance.scene import Scene

JOB = "acceptance-0a1b-work-0123abcd-1"
PREVIEW = {"code": 0, "jobs": 0, "text": "cost_ceiling_usd: 0.0958"}
EDIT = {"before": [JOB], "after": [JOB], "live": True}
FAILED = {"name": "f", "status": "Failed", "reason": "train.py: this job was made to fail"}
PAUSED = {"name": JOB, "status": "Stopped", "checkpoint": 7}
UNCHANGED = {"code": 0, "changes": {}, "launched": 0}
REFUSED = {"code": 1, "text": "- [mandatory] quota-instances-per-job"}


@pytest.mark.parametrize(
    ("name", "fact", "right", "wrong"),
    [
        ("preview-launches-nothing", "preview", PREVIEW, {"jobs": 1}),
        ("preview-shows-the-ceiling", "preview", PREVIEW, {"text": "cost_ceiling_usd: 0"}),
        ("preview-shows-the-ceiling", "preview", PREVIEW, {"text": ""}),
        ("edit-touches-no-run", "edit", EDIT, {"after": [JOB, f"{JOB[:-1]}2"]}),
        ("edit-touches-no-run", "edit", EDIT, {"live": False}),
        ("failed-job-has-a-reason", "failed", FAILED, {"reason": ""}),
        ("failed-job-has-a-reason", "failed", FAILED, {"status": "Completed"}),
        ("pause-stops", "paused", PAUSED, {"status": "MaxRuntimeExceeded"}),
        ("refresh-keeps-all", "refresh", {"changes": {"update": 2}}, {"changes": {"delete": 1}}),
        ("unchanged-changes-nothing", "unchanged", UNCHANGED, {"changes": {"replace": 1}}),
        ("unchanged-changes-nothing", "unchanged", UNCHANGED, {"launched": 1}),
        ("unchanged-changes-nothing", "unchanged", UNCHANGED, {"code": 255}),
        ("policies-refuse", "policies", REFUSED, {"code": 0}),
        ("policies-refuse", "policies", REFUSED, {"text": "No module named pulumi"}),
    ],
)
def test_a_promise_is_confirmed_by_what_was_seen_and_refuted_by_anything_else(
    scene: Scene, name: str, fact: str, right: dict[str, Any], wrong: dict[str, Any]
):
    [check] = [each for each in PROMISES.all if each.name == name]
    for seen, verdict in ((right, "confirmed"), (right | wrong, "refuted")):
        scene.facts[fact] = seen
        look_at(scene, [check])
        assert finding_of(scene, name)["verdict"] == verdict, finding_of(scene, name)
