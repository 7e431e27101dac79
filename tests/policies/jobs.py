"""Training jobs for tests: one that keeps every quota, and changes to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from training_policies.harness import resource
from training_policies.policy import Stack
from training_policies.resource import Resource
from training_policies.training_job import OWN_TYPE

STACK = Stack("research-dev", "research", "dev")


def request(
    instance_type: Any = "ml.g5.2xlarge",
    count: Any = 2,
    *,
    spot: Any = True,
    runtime: Any = 3600,
    wait: Any = 7200,
    **more: Any,
) -> dict[str, Any]:
    """The request of a job on spot capacity for an hour; None leaves a value out."""
    return {
        "ResourceConfig": {"InstanceType": instance_type, "InstanceCount": count, **more},
        "StoppingCondition": {"MaxRuntimeInSeconds": runtime, "MaxWaitTimeInSeconds": wait},
        "EnableManagedSpotTraining": spot,
    }


def job(
    *args: Any, name: str = "digits", inputs: Mapping[str, Any] | None = None, **kwargs: Any
) -> Resource:
    """A job with such a request; `inputs` are the resource's other inputs."""
    return resource(OWN_TYPE, {"request": request(*args, **kwargs), **(inputs or {})}, name)


def limits(
    all_: Mapping[str, Any] | None = None, families: Mapping[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    """The quotas of the team research in dev; every family is listed unless some are."""
    table = {"all": all_ or {}, "families": {"*": {}} if families is None else families, **more}
    return {"research": {"dev": table}}
