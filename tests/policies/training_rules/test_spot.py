from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.policies.subjects import violations
from tests.policies.training_rules.test_training_rules import (
    COMPLIANT,
    POLICIES,
    job,
    with_value,
    without,
)
from training_policies.resource import UNKNOWN


def test_a_job_on_demand_needs_neither_checkpoints_nor_a_wait():
    request = with_value(COMPLIANT, "EnableManagedSpotTraining", False)
    request = without(
        without(request, "CheckpointConfig"), "StoppingCondition.MaxWaitTimeInSeconds"
    )
    assert violations(POLICIES["training-spot-checkpoints"], job(request)) == []
    assert violations(POLICIES["training-spot-wait"], job(request)) == []


@pytest.mark.parametrize("spot", [True, UNKNOWN])
def test_a_job_that_may_turn_out_to_be_on_spot_needs_both(spot: Any):
    request = with_value(COMPLIANT, "EnableManagedSpotTraining", spot)
    request = without(
        without(request, "CheckpointConfig"), "StoppingCondition.MaxWaitTimeInSeconds"
    )
    assert violations(POLICIES["training-spot-checkpoints"], job(request))
    assert violations(POLICIES["training-spot-wait"], job(request))


def test_a_wait_is_held_against_the_services_runtime_where_none_is_set():
    request = without(COMPLIANT, "StoppingCondition.MaxRuntimeInSeconds")
    [violation] = violations(POLICIES["training-spot-wait"], job(request))
    assert "86400" in str(violation)


@given(runtime=st.integers(1, 400_000), wait=st.integers(0, 400_000))
def test_a_spot_jobs_wait_passes_exactly_when_it_covers_its_runtime(runtime: int, wait: int):
    request = with_value(COMPLIANT, "StoppingCondition.MaxRuntimeInSeconds", runtime)
    request = with_value(request, "StoppingCondition.MaxWaitTimeInSeconds", wait)
    assert bool(violations(POLICIES["training-spot-wait"], job(request))) is (wait < runtime)
