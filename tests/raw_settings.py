"""Raw settings of a stack for tests, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from components.problems import Problem
from components.stack.configuration import parse

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/training:1"
GROUPS = {
    "cpu": {"instanceType": "ml.c5.xlarge"},
    "gpu": {"instanceType": "ml.g5.2xlarge", "instanceCount": 2},
}
SECRET_ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:hub/token-AbCdEf"
SECRETS = {"secrets": {"HF_TOKEN": SECRET_ARN}, "networkIsolation": False}
"""The settings of a job with a secret."""
WITH_ENDPOINT = {"interfaceEndpoints": ["secretsmanager"]}
"""The settings of a network in which a job can read its secrets."""


def project_in(folder: Path) -> Path:
    """A project's folder with a script and data."""
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "train.py").write_text("print('train')\n")
    (folder / "data").mkdir()
    (folder / "data" / "train.csv").write_text("1\n")
    return folder


def stack(job: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """A stack's raw settings with one valid job; keywords change the stack, `job` the job."""
    valid = {"image": IMAGE, "source": {"dir": "src", "entryPoint": "train.py"}}
    return {"team": "research", "jobs": {"digits": valid | (job or {})}, **changes}


def problems(raw: dict[str, Any], project: Path) -> dict[str, Problem]:
    """What is wrong, by its path; nothing is reported twice."""
    found = parse(raw, project)[1]
    by_path = {problem.path: problem for problem in found}
    assert len(by_path) == len(found)
    return by_path
