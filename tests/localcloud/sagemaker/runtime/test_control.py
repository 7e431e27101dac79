"""Spot capacity that is taken away while a job trains."""

from __future__ import annotations

from typing import Any

import pytest

from tests.localcloud.cloud import LISTEN, Cloud, checkpoints, eventually, refusal, resources
from tests.localcloud.spot import SPOT, TWICE, begin, interrupt, rows

ENDS = ("MaxRuntimeExceeded", "MaxWaitTimeExceeded")


@pytest.mark.parametrize(
    ("options", "kept", "heard"), [((), "graceful", 2), (("--abrupt",), "running", 0)]
)
def test_an_interrupted_job_starts_again_from_its_checkpoints(
    cloud: Cloud, options: tuple[str, ...], kept: str, heard: int
):
    name = cloud.create(
        TWICE,
        **SPOT,
        ResourceConfig=resources(2),
        CheckpointConfig=checkpoints(f"interrupted/{kept}/"),
        OutputDataConfig={"S3OutputPath": "s3://training-artifacts/o", "CompressionType": "NONE"},
    )
    begin(cloud, name, hosts=2)

    assert interrupt(cloud, name, *options).exit_code == 0

    job = cloud.ended(name)
    start = ["Starting", "Downloading", "Training"]
    assert rows(job) == [*start, "Interrupted", *start, "Uploading", "Completed"]
    lines = cloud.lines(name)
    assert lines.count("heard") == heard
    assert lines.count(f"resumed {kept}") == 2
    assert cloud.keys(f"o/{name}/") == [f"o/{name}/output/model/second"]


def test_a_job_waits_for_capacity_in_progress_and_may_run_out_of_wait(cloud: Cloud):
    for seconds in (4, 16, 64):
        limits = {"MaxRuntimeInSeconds": seconds, "MaxWaitTimeInSeconds": seconds}
        name = cloud.create(LISTEN, **SPOT | {"StoppingCondition": limits})
        eventually(lambda: seen(cloud, name, "Training", *ENDS))  # noqa: B023

        interrupt(cloud, name, "--abrupt", "--drought", "600")

        waiting = eventually(lambda: seen(cloud, name, "Interrupted", *ENDS))  # noqa: B023
        refused = interrupt(cloud, name).output
        job = cloud.ended(name)
        if waiting["SecondaryStatus"] == "Interrupted":
            break  # on a slow machine, only a longer wait is not over by then
    assert waiting["TrainingJobStatus"] == "InProgress"
    assert "has no instances" in refused
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxWaitTimeExceeded")
    assert rows(job)[-3:] == ["Interrupted", "Stopping", "MaxWaitTimeExceeded"]


def seen(cloud: Cloud, name: str, *statuses: str) -> dict[str, Any] | None:
    job = cloud.describe(name)
    return job if job["SecondaryStatus"] in statuses else None


def test_a_job_that_waits_for_capacity_can_be_stopped(cloud: Cloud):
    name = cloud.create(TWICE, **SPOT, CheckpointConfig=checkpoints("stopped-dry/"))
    begin(cloud, name)
    interrupt(cloud, name, "--abrupt", "--drought", "600")
    eventually(lambda: seen(cloud, name, "Interrupted"))

    assert cloud.stop(name)["SecondaryStatus"] == "Stopped"


def test_only_a_spot_job_that_trains_is_interrupted(cloud: Cloud):
    name = cloud.run()["TrainingJobName"]

    refused = interrupt(cloud, name)

    assert refused.exit_code == 1
    assert "is not a managed spot training job" in refused.output
    assert "not found" in interrupt(cloud, "missing").output
    code, _ = refusal(cloud.sagemaker.stop_training_job, TrainingJobName=name)
    assert code == "ValidationException"
