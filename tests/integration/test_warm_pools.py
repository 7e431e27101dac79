"""A warm pool: kept for another time in place, taken over by the next job, on the real engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.engine import Stack
from tests.integration.settings import counting_job, stack_with

pytestmark = [pytest.mark.integration, pytest.mark.deep]

NewStack = Callable[[dict[str, Any]], Stack]
TRAINING_JOB = "pulumi-python:dynamic/sagemaker:TrainingJob"


def test_another_keep_alive_changes_the_pool_in_place_and_none_gives_it_back(
    new_stack: NewStack,
) -> None:
    stack = new_stack(stack_with(work=counting_job(spot=False, keepAlive="30m"), wait=True))
    ask_for_warm_pools(stack, "ml.m5.large")
    stack.up().succeeded()
    [run] = stack.jobs("work")
    assert run["WarmPoolStatus"]["Status"] == "Available"

    stack.settings["jobs"]["work"]["keepAlive"] = "1h"
    result = stack.up().succeeded()
    assert result.operations(TRAINING_JOB) == ["update"]
    [run] = stack.jobs("work")
    assert run["ResourceConfig"]["KeepAlivePeriodInSeconds"] == 3600
    assert stack.up().succeeded().changes == {}

    del stack.settings["jobs"]["work"]["keepAlive"]
    stack.up().succeeded()
    [run] = stack.jobs("work")
    assert run["WarmPoolStatus"]["Status"] == "Terminated"


def test_the_next_run_takes_over_the_pool_that_the_one_before_left(new_stack: NewStack) -> None:
    stack = new_stack(stack_with(work=counting_job(spot=False, keepAlive="30m"), wait=True))
    ask_for_warm_pools(stack, "ml.m5.large")
    stack.up().succeeded()
    stack.settings["jobs"]["work"]["runId"] = "b"
    stack.up().succeeded()
    pools = {run["TrainingJobName"]: run["WarmPoolStatus"] for run in stack.jobs("work")}
    assert sorted(pool["Status"] for pool in pools.values()) == ["Available", "Reused"]
    [successor] = [pool["ReusedByJob"] for pool in pools.values() if pool["Status"] == "Reused"]
    assert pools[successor]["Status"] == "Available"
    stack.destroy().succeeded()
    assert all(run["WarmPoolStatus"]["Status"] != "Available" for run in stack.jobs("work"))


def ask_for_warm_pools(stack: Stack, instance_type: str) -> None:
    """Raises the account's quota, which is 0 as on AWS; the local cloud grants it at once."""
    client = stack.client("service-quotas")
    pages = client.get_paginator("list_service_quotas").paginate(ServiceCode="sagemaker")
    name = f"{instance_type} for training warm pool usage"
    [quota] = [each for page in pages for each in page["Quotas"] if each["QuotaName"] == name]
    if quota["Value"] == 0:  # tests share an account
        client.request_service_quota_increase(
            ServiceCode="sagemaker", QuotaCode=quota["QuotaCode"], DesiredValue=100
        )
