"""Spot capacity: its checkpoints, how long a job waits for it, and warm pools."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.raw_settings import GROUPS, problems, stack

FALLBACK_ON_SPOT = {"relaunch": "onFailure", "fallbacks": [{"spot": True}]}

WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"spot": {"maxWait": "1h"}}, "jobs.digits.spot.maxWait", "set maxWait to 2h or more"),
    ({"spot": {"checkpoints": False}}, "jobs.digits.spot.checkpoints", "set spot: false"),
    ({"keepAlive": "30m"}, "jobs.digits.keepAlive", "set spot: false"),
    ({"instanceGroups": GROUPS, "spot": False, "keepAlive": "30m"}, "jobs.digits.keepAlive",
     "several instance types"),
    ({**FALLBACK_ON_SPOT, "spot": False, "keepAlive": "30m"},
     "jobs.digits.keepAlive", "from the fallbacks"),
    ({"instanceType": "ml.c5.xlarge", "maxPending": "1h"}, "jobs.digits.maxPending", "accelerated"),
    ({"maxPending": "20m"}, "jobs.digits.maxPending", "1800"),
]  # fmt: skip


@pytest.mark.parametrize(("job", "path", "hint"), WRONG, ids=[row[1] for row in WRONG])
def test_wrong_spot_capacity_is_refused_with_path_rule_and_remedy(
    project: Path, job: dict[str, Any], path: str, hint: str
) -> None:
    found = problems(stack(job), project)
    assert list(found) == [path]
    assert hint in str(found[path])
