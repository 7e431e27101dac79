"""The settings of a job, each by itself: what is refused with path, rule and remedy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.raw_settings import GROUPS, problems, stack

WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"maxRuntme": "2h"}, "jobs.digits.maxRuntme", "did you mean maxRuntime"),
    ({"instanceCount": "two"}, "jobs.digits.instanceCount", "number of instances"),
    ({"instanceCount": 0}, "jobs.digits.instanceCount", "must be 1 or more"),
    ({"spot": "yes"}, "jobs.digits.spot", "or false for on-demand"),
    ({"distribution": "Jax"}, "jobs.digits.distribution", "must be 'none', 'jax' or 'torchrun'"),
    ({"hyperparameters": {"epochs": [1, 2]}}, "jobs.digits.hyperparameters.epochs",
     "must be a text, or a number, or true or false"),
    ({"maxRuntime": "soon"}, "jobs.digits.maxRuntime", "1h30m"),
    ({"maxRuntime": "29d"}, "jobs.digits.maxRuntime", "28d"),
    ({"maxRuntime": 20}, "jobs.digits.maxRuntime",
     "write 20m for minutes, 20h for hours, 20s for seconds"),
    ({"spot": {"maxWait": 59}}, "jobs.digits.spot.maxWait", "59 seconds"),
    ({"keepAlive": 5, "spot": False}, "jobs.digits.keepAlive", "5m for minutes"),
    ({"maxRuntime": 0}, "jobs.digits.maxRuntime", "must be 1 or more"),
    ({"image": 7}, "jobs.digits.image", "dkr.ecr"),
    ({"instanceGroups": {"cpu": {}}}, "jobs.digits.instanceGroups.cpu.instanceType", "ml.g5"),
    ({"instanceGroups": dict.fromkeys("abcdef", GROUPS["cpu"])}, "jobs.digits.instanceGroups",
     "at most 5"),
    ({"tags": {f"t{n}": "" for n in range(41)}}, "jobs.digits.tags", "at most 40"),
]  # fmt: skip


@pytest.mark.parametrize(("job", "path", "hint"), WRONG, ids=[row[1] for row in WRONG])
def test_a_wrong_setting_is_refused_with_path_rule_and_remedy(
    project: Path, job: dict[str, Any], path: str, hint: str
) -> None:
    found = problems(stack(job), project)
    assert list(found) == [path]
    assert hint in str(found[path])
