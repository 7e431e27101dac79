"""Three runs of a recurring job, one of which fails once, and what others take from them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from components.training_job.request.job_tags import LINEAGE_TAG
from development.engine import DOWNSTREAM
from tests.integration.engine import Stack
from tests.integration.settings import counting_job, stack_with
from tests.integration.test_downstream import CONSUMER, entry_of

pytestmark = [pytest.mark.integration, pytest.mark.deep]

NewStack = Callable[[dict[str, Any]], Stack]


def test_each_run_is_launched_once_and_the_best_model_is_registered(new_stack: NewStack) -> None:
    stack = new_stack(stack_with(wait=True))
    registry = registry_of_best(stack)
    jobs_with(stack, steps=5)
    stack.up("--refresh").succeeded()
    assert runs(stack) == []

    launched_once(stack, "2026-w47")
    registry.up().succeeded()
    first = entry_of(registry, "work")
    assert first["metrics"] == {"step": 5}

    # The second run fails once, and is worse than the first. An update between runs reports the
    # failure, and launches nothing. The same run again relaunches only the job that failed.
    jobs_with(stack, steps=3, **{"fail-once-at": 2})
    stack.settings["run"] = "2026-w48"
    assert "step 2 can't be done yet" in stack.up("--refresh").failed().text
    del stack.settings["run"]
    assert "step 2 can't be done yet" in stack.up("--refresh").failed().text
    assert [run for run, _ in runs(stack)] == ["2026-w47", "2026-w48"]
    launched_once(stack, "2026-w48")
    assert registry.up().succeeded().changes.keys() <= {"read"}  # the platform's outputs
    assert entry_of(registry, "work") == first

    # Pulumi hands a value without quotes over as a number.
    jobs_with(stack, steps=9)
    launched_once(stack, 202649)
    registry.up().succeeded()
    third = entry_of(registry, "work")
    assert third["metrics"] == {"step": 9}

    jobs = runs(stack)
    assert [(run, job["TrainingJobStatus"]) for run, job in jobs] == [
        ("2026-w47", "Completed"),
        ("2026-w48", "Failed"),
        ("2026-w48", "Completed"),
        ("202649", "Completed"),
    ]
    models = [job["ModelArtifacts"]["S3ModelArtifacts"] for _, job in jobs]
    assert [read_model(job) for _, job in jobs] == ["", models[0], models[0], models[2]]
    assert (first["model_uri"], third["model_uri"]) == (models[0], models[3])
    assert sorted(kept_models(stack, "work")) == sorted([models[0], models[2], models[3]])
    names = ["2026-w47", "2026-w48", "202649"]
    assert [run for run, _ in runs(stack, "steady")] == names
    registry.destroy().succeeded()


def test_what_corrects_a_failed_run_launches_it_without_a_refresh(new_stack: NewStack) -> None:
    failing = counting_job(recurring=True, hyperparameters={"fail-at": 2})
    stack = new_stack(stack_with(wait=True, work=failing))
    stack.settings["run"] = "2026-w48"
    for _ in range(2):
        assert "It was launched " in stack.up().failed().text
    assert len(runs(stack)) == 1

    stack.settings["jobs"]["work"] = counting_job(recurring=True)
    stack.up().succeeded()
    ends = [(run, job["TrainingJobStatus"]) for run, job in runs(stack)]
    assert ends == [("2026-w48", "Failed"), ("2026-w48", "Completed")]


def jobs_with(stack: Stack, **hyperparameters: Any) -> None:
    """Sets what one recurring job trains; the other one is always the same."""
    stack.settings["jobs"] = {
        "work": counting_job(
            recurring=True,
            relaunch="onFailure",
            inputs={"model": {"lastRunOf": "work"}},
            hyperparameters=hyperparameters,
        ),
        "steady": counting_job(recurring=True, relaunch="onFailure"),
    }


def launched_once(stack: Stack, run: str | int) -> None:
    """Asks for a run twice, and then for none: only the first may change something."""
    stack.settings["run"] = run
    stack.up("--refresh").succeeded()
    assert stack.up("--refresh").succeeded().changes == {}
    del stack.settings["run"]
    known = stack.outputs()["training_jobs"]
    assert stack.up().succeeded().changes == {}
    assert stack.outputs()["training_jobs"] == known
    assert known["work"]["status"] in ("Completed", "InProgress")
    assert known["work"]["lineage"] == f"{stack.lineage('work')}-{run}"


def runs(stack: Stack, job: str = "work") -> list[tuple[str, dict[str, Any]]]:
    """All launches of a recurring job with their runs, oldest first."""
    sagemaker = stack.client("sagemaker")
    # A page may lack a job that is on a later one.
    pages = sagemaker.get_paginator("list_training_jobs").paginate(
        NameContains=stack.lineage(job), SortBy="CreationTime", SortOrder="Ascending"
    )
    found = []
    for each in (summary for page in pages for summary in page["TrainingJobSummaries"]):
        tags = sagemaker.list_tags(ResourceArn=each["TrainingJobArn"])["Tags"]
        [lineage] = [tag["Value"] for tag in tags if tag["Key"] == LINEAGE_TAG]
        description = sagemaker.describe_training_job(TrainingJobName=each["TrainingJobName"])
        found.append((lineage.removeprefix(f"{stack.lineage(job)}-"), description))
    return found


def read_model(job: dict[str, Any]) -> str:
    """The URI of the model that a job reads, "" for none."""
    channels = {each["ChannelName"]: each["DataSource"] for each in job["InputDataConfig"]}
    return str(channels["model"]["S3DataSource"]["S3Uri"]) if "model" in channels else ""


def kept_models(stack: Stack, job: str) -> list[str]:
    """The models of all runs of a recurring job."""
    bucket = stack.outputs()["artifact_bucket_name"]
    prefix = f"output/{stack.lineage(job)}-"
    listed = stack.client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]
    keys = [each["Key"] for each in listed if each["Key"].endswith("/output/model.tar.gz")]
    return [f"s3://{bucket}/{key}" for key in keys]


def registry_of_best(platform: Stack) -> Stack:
    """The downstream stack that registers the best of the last three runs."""
    settings = {
        "platformStack": f"organization/sagemaker-training/{platform.name}",
        "job": "work",
        "best": {"maximize": "step", "of": 3},
        "consumers": [CONSUMER],
    }
    return Stack(platform.layout, platform.endpoint_url, settings, program=DOWNSTREAM)
