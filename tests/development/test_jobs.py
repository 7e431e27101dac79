from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from development.jobs import any_live, lineages_of, names_of, runs_of, stop_live
from development.stack_file import StackFile
from development.terminal import CommandError


class FakeSageMaker:
    """Lists jobs by name and status, and records which are stopped."""

    def __init__(self, **jobs: str) -> None:
        self.jobs = {name.replace("_", "-"): status for name, status in jobs.items()}
        self.stopped: list[str] = []

    def get_paginator(self, _operation: str) -> FakeSageMaker:
        return self

    def paginate(self, **_query: Any) -> list[dict[str, Any]]:
        summaries = [
            {"TrainingJobName": name, "TrainingJobStatus": status}
            for name, status in self.jobs.items()
        ]
        return [{"TrainingJobSummaries": summaries}]

    def stop_training_job(self, *, TrainingJobName: str) -> None:  # noqa: N803 - boto3's name
        self.stopped.append(TrainingJobName)


def test_the_runs_of_a_lineage_are_those_with_a_hash_and_an_attempt():
    sagemaker = FakeSageMaker(
        a_b_c_0123abcd_1="Completed", a_b_c_d_0123abcd_1="Completed", a_b_c_0123abcd="Completed"
    )
    assert [run["TrainingJobName"] for run in runs_of(sagemaker, ["a-b-c"])] == ["a-b-c-0123abcd-1"]


def test_only_running_jobs_are_stopped():
    sagemaker = FakeSageMaker(
        a_b_c_0123abcd_1="Stopping", a_b_c_0123abcd_2="InProgress", x_y_z_0123abcd_1="InProgress"
    )
    assert stop_live(sagemaker, ["a-b-c"]) == ["a-b-c-0123abcd-2"]
    assert sagemaker.stopped == ["a-b-c-0123abcd-2"]


@pytest.mark.parametrize(
    ("status", "live"),
    [("InProgress", True), ("Stopping", True), ("Stopped", False), ("Failed", False)],
)
def test_a_job_that_is_stopping_is_still_live(status: str, live: bool):
    assert any_live(FakeSageMaker(a_b_c_0123abcd_1=status), ["a-b-c"]) is live


@pytest.fixture
def settings(tmp_path: Path) -> StackFile:
    path = tmp_path / "Pulumi.dev.yaml"
    jobs = "{digits: {paused: true}, letters: {paused: true}}"
    path.write_text(
        f"config:\n  sagemaker-training:team: vision\n  sagemaker-training:jobs: {jobs}\n"
    )
    return StackFile.read(path)


def test_without_a_name_all_jobs_are_meant(settings: StackFile):
    assert lineages_of(settings, None) == ["vision-dev-digits", "vision-dev-letters"]


def test_a_name_means_that_job(settings: StackFile):
    assert lineages_of(settings, "letters") == ["vision-dev-letters"]


def test_an_unknown_name_is_answered_with_those_that_there_are(settings: StackFile):
    with pytest.raises(CommandError, match="digits, letters"):
        lineages_of(settings, "numbers")


def test_a_job_whose_name_holds_anothers_is_not_meant_with_it():
    names = names_of(["a-b-digits"])
    assert names.fullmatch("a-b-digits-0123abcd-1")
    assert not names.fullmatch("a-b-digits-large-0123abcd-1")
    assert not names.fullmatch("x-a-b-digits-0123abcd-1")
