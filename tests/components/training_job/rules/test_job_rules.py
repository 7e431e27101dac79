"""What a job runs, its source, metrics and tags."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.raw_settings import problems, stack

WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"source": {"dir": "nowhere", "entryPoint": "train.py"}}, "jobs.digits.source.dir", "create"),
    ({"source": {"dir": "src", "entryPoint": "fit.py"}}, "jobs.digits.source.entryPoint",
     "train.py"),
    ({"source": {"dir": "src", "entryPoint": "../data"}}, "jobs.digits.source.entryPoint",
     "train.py"),
    ({"source": {"dir": "x" * 300, "entryPoint": "train.py"}}, "jobs.digits.source.dir",
     "File name too long"),
    ({"source": {"dir": "src", "entryPoint": "x" * 256}}, "jobs.digits.source.entryPoint",
     "File name too long"),
    ({"source": {"dir": "src", "entryPoint": "-m train.fit"}}, "jobs.digits.source.entryPoint",
     "train/fit.py"),
    ({"source": {"dir": "src", "entryPoint": "-m train --fast"}}, "jobs.digits.source.entryPoint",
     "source.arguments"),
    ({"metrics": {"loss": "loss="}}, "jobs.digits.metrics.loss", "in brackets"),
    ({"metrics": {"loss": "("}}, "jobs.digits.metrics.loss", "value in brackets"),
    ({"fresh": "b", "resumeFrom": "research-dev-a"}, "jobs.digits.resumeFrom", "remove one"),
    ({"algorithm": "scan", "image": None}, "jobs.digits.source", "set image instead"),
    ({"image": None}, "jobs.digits.image", "or algorithm"),
    ({"hyperparameters": {"a=b": 1}}, "jobs.digits.hyperparameters.a=b", "rename it"),
    ({"hyperparameters": {"a": "x\0y"}}, "jobs.digits.hyperparameters.a", "NUL"),
    ({"environment": {"A": "x\0y"}}, "jobs.digits.environment.A", "NUL"),
    ({"tags": {"aws:x": "y"}}, "jobs.digits.tags.aws:x", "another name"),
    ({"tags": {"sagemaker-training:owner": "y"}}, "jobs.digits.tags.sagemaker-training:owner",
     "another name"),
    ({"tags": {"a;b": "y"}}, "jobs.digits.tags.a;b", "and not ;"),
    ({"tags": {"a": "R&D"}}, "jobs.digits.tags.a", "and not &"),
    ({"tags": {"a": "two\nlines"}}, "jobs.digits.tags.a", "and not U+000A"),
    ({"tags": {"a": "y" * 257}}, "jobs.digits.tags.a", "256"),
]  # fmt: skip


@pytest.mark.parametrize(("job", "path", "hint"), WRONG, ids=[row[1] for row in WRONG])
def test_a_wrong_job_is_refused_with_path_rule_and_remedy(
    project: Path, job: dict[str, Any], path: str, hint: str
) -> None:
    found = problems(stack(job), project)
    assert list(found) == [path]
    assert hint in str(found[path])


RIGHT: list[dict[str, Any]] = [
    {"source": None, "hyperparameters": {"a=b": 1}},
    {"source": {"dir": "src", "entryPoint": "-m train"}, "distribution": "torchrun"},
    {"source": {"dir": "src", "entryPoint": "-m accelerate.commands.launch"}},
    {"image": None, "source": None, "algorithm": "arn:aws:sagemaker:us-east-1:1" + "2" * 11
     + ":algorithm/scan"},
    {"tags": {"experiment": "a", "owner": "ann@example.org"}},
]  # fmt: skip


@pytest.mark.parametrize("job", RIGHT, ids=str)
def test_a_right_job_is_accepted(project: Path, job: dict[str, Any]) -> None:
    assert problems(stack(job), project) == {}
