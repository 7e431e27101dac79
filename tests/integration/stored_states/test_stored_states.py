"""What today's program does with the states that released versions left."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.account import inventory
from tests.integration.engine import Result, Stack
from tests.integration.full_platform.options import make_what_exists_already
from tests.integration.stored_states.record import store
from tests.integration.stored_states.stored_run import OBJECT, STORED_STATES, StoredRun
from toolchain.layout import CHECKOUT

pytestmark = [pytest.mark.integration, pytest.mark.deep]

VERSIONS = [pytest.param(each, id=each.stem) for each in sorted(STORED_STATES.glob("*.zip"))]
LOGS = "log-group /aws/sagemaker/TrainingJobs"
"""What SageMaker makes, and keeps."""
SECONDS = 60.0


@pytest.mark.parametrize("version", VERSIONS)
def test_a_stored_state_is_refreshed_updated_and_destroyed(
    version: Path, own_cloud: str, new_stack: Callable[..., Stack], program: Path, tmp_path: Path
) -> None:
    run = StoredRun(version)
    run.unpack_source(program)
    (program / ".venv").symlink_to(CHECKOUT / ".venv")
    stack = new_stack(run.settings, url=own_cloud, project=program)
    make_what_exists_already(stack.client)
    before = inventory(stack.client)
    run.make_account(stack)
    stack.import_state(run.state())
    jobs = jobs_at_their_end(stack)

    assert lost(stack.refresh().succeeded()) == set()
    # The launcher is this program's, so it may be uploaded under another name.
    assert lost(stack.up().succeeded()) <= {OBJECT}
    assert jobs_at_their_end(stack) == jobs

    store(stack, tmp_path / "again.zip")
    assert StoredRun(tmp_path / "again.zip").job_names == run.job_names

    stack.destroy().succeeded()
    assert inventory(stack.client) - before == {LOGS}
    assert jobs_at_their_end(stack) == jobs


def lost(result: Result) -> set[str]:
    """The types of the resources that were replaced or deleted."""
    going = {"replace", "create-replacement", "delete-replaced", "delete"}
    return {each.type for each in result.steps if each.operation in going}


def jobs_at_their_end(stack: Stack) -> set[str]:
    """The names of all jobs of the account, once all have completed."""
    sagemaker = stack.client("sagemaker")
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        trained = sagemaker.list_training_jobs()["TrainingJobSummaries"]
        tuned = sagemaker.list_hyper_parameter_tuning_jobs()["HyperParameterTuningJobSummaries"]
        statuses = {
            *(each["TrainingJobStatus"] for each in trained),
            *(each["HyperParameterTuningJobStatus"] for each in tuned),
        }
        if statuses == {"Completed"}:
            return {
                *(each["TrainingJobName"] for each in trained),
                *(each["HyperParameterTuningJobName"] for each in tuned),
            }
        time.sleep(0.5)
    raise AssertionError(f"the jobs did not complete in {SECONDS} s: {trained} {tuned}")
