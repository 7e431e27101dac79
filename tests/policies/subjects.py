"""What tests of policies judge, and what the policies find.

Resources are as the SDK hands them to a policy: see `as_the_sdk_sends`.

    bucket = resource("aws:s3/bucket:Bucket", {"bucket": UNKNOWN, "tags": {"team": "research"}})
    assert not violations(MY_POLICY, bucket)
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from training_policies.policy import Parameters, Policy, Stack, StackPolicy
from training_policies.resource import Resource, as_the_sdk_sends
from training_policies.training_job import OWN_TYPE
from training_policies.tuning import OWN_TUNING_TYPE
from training_policies.violation import Violation

STACK = Stack("research-dev", "research", "dev")
TODAY = date(2026, 1, 1)


def resource(
    type_: str,
    properties: Mapping[str, Any],
    name: str = "subject",
    *,
    parent: str = "",
    dependencies: Mapping[str, Sequence[str]] | None = None,
) -> Resource:
    """A resource whose properties are as the SDK hands them to a policy."""
    urn = f"urn:pulumi:dev::project::{type_}::{name}"
    return Resource(type_, name, urn, as_the_sdk_sends(properties), parent, dependencies or {})


def violations(
    policy: Policy | StackPolicy,
    judged: Resource | Sequence[Resource],
    values: Mapping[str, Any] | None = None,
    *,
    stack: Stack = STACK,
    today: date = TODAY,
    teams: Mapping[str, Mapping[str, Any]] | None = None,
) -> list[Violation]:
    """What a policy says of a resource, or a stack policy of all resources.

    Parameters that `values` does not have are those of the policy's schema.
    """
    given = {name: each["default"] for name, each in policy.parameters.items() if "default" in each}
    parameters = Parameters(given | dict(values or {}), stack, today, teams or {})
    resources = [judged] if isinstance(judged, Resource) else list(judged)
    if isinstance(policy, StackPolicy):
        return list(policy.violations(resources, parameters))
    applying = [each for each in resources if policy.applies(each.type)]
    return [violation for each in applying for violation in policy.violations(each, parameters)]


def recorded_preview(file: Path) -> list[Resource]:
    """The resources of a stack, with their inputs, from what `pulumi preview --json` printed."""
    steps = json.loads(file.read_text(encoding="utf-8"))["steps"]
    states = (step.get("newState") for step in steps)
    return [_recorded(state) for state in states if state]


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


def tuning_job(
    *args: Any,
    name: str = "tuned",
    inputs: Mapping[str, Any] | None = None,
    trials: Any = 20,
    parallel: Any = 4,
    longest: Any = None,
    **kwargs: Any,
) -> Resource:
    """A tuning job with such a request for its trials; None leaves a limit out.

    `longest` is the longest time of all trials together, in seconds.
    """
    limits = {
        "MaxNumberOfTrainingJobs": trials,
        "MaxParallelTrainingJobs": parallel,
        "MaxRuntimeInSeconds": longest,
    }
    tuning = {"Strategy": "Bayesian", "ResourceLimits": limits}
    properties = {"request": request(*args, **kwargs), "tuning": tuning, **(inputs or {})}
    return resource(OWN_TUNING_TYPE, properties, name)


def limits(
    all_: Mapping[str, Any] | None = None, families: Mapping[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    """The quotas of the team research in dev; every family is listed unless some are."""
    table = {"all": all_ or {}, "families": {"*": {}} if families is None else families, **more}
    return {"research": {"dev": table}}


def _recorded(state: Mapping[str, Any]) -> Resource:
    return Resource(
        state["type"],
        state["urn"].rpartition("::")[2],
        state["urn"],
        as_the_sdk_sends(state.get("inputs", {})),
        state.get("parent", ""),
        state.get("propertyDependencies") or {},
    )
