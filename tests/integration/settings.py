"""Settings for stacks with a job that counts."""

from __future__ import annotations

from typing import Any

JOB_FOLDER = "tests/integration/jobs"
FOREVER = 100_000


def counting_job(steps: int = 3, seconds: float = 0.02, **settings: Any) -> dict[str, Any]:
    """A job that counts to `steps`, working `seconds` on each."""
    hyperparameters = {"steps": steps, "seconds": seconds} | settings.pop("hyperparameters", {})
    return {
        "image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/training:1",
        "source": {"dir": JOB_FOLDER, "entryPoint": "steps.py"},
        "instanceType": "ml.m5.large",
        "maxRuntime": "10m",
        "spot": {"maxWait": "20m"},
        "hyperparameters": hyperparameters,
        "metrics": {"step": "step=([0-9]+)"},
    } | settings


def stack_with(launch: bool = True, wait: bool = False, **jobs: dict[str, Any]) -> dict[str, Any]:
    """The settings of a stack with these jobs, and no more of a platform than they need."""
    return {
        "network": {"availabilityZones": 1},
        "alerts": False,
        "enableTrainingJob": launch,
        "preflight": False,  # asked for by the tests of it, as it makes ten calls
        "waitForCompletion": wait,
        "artifacts": {"retain": False, "checkpointDays": 7},
        "jobs": jobs,
    }
