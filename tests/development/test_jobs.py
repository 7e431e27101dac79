from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from components.training_job.request.job_tags import LINEAGE_TAG, RECURRING_TAG
from development.jobs import (
    WaitNotices,
    as_they_are,
    lineages_of,
    lineages_with_runs,
    live_kinds,
    names_of,
    newest_of_each,
    recurring_in,
    runs_of,
    stop_live,
    stopped_and_paused,
    stopped_by_a_pause,
)
from development.stack_file import StackFile
from development.terminal import CommandError
from tests.components.fake_aws import FakeAws


def sagemaker_with(**jobs: str) -> FakeAws:
    """SageMaker with jobs of these names and statuses, created in this order."""
    aws = FakeAws()
    for name, status in jobs.items():
        hyphenated = name.replace("_", "-")
        aws.create_training_job(TrainingJobName=hyphenated, Tags=[], ResourceConfig={})
        aws.set_status(hyphenated, status)
    return aws


def test_the_runs_of_a_lineage_are_those_with_a_hash_and_an_attempt():
    sagemaker = sagemaker_with(
        a_b_c_0123abcd_1="Completed", a_b_c_d_0123abcd_1="Completed", a_b_c_0123abcd="Completed"
    )
    assert [run["TrainingJobName"] for run in runs_of(sagemaker, ["a-b-c"])] == ["a-b-c-0123abcd-1"]


def test_the_runs_of_several_lineages_come_newest_first():
    sagemaker = sagemaker_with(
        a_b_c_0123abcd_1="Completed", a_b_d_0123abcd_1="Completed", a_b_c_0123abcd_2="Completed"
    )
    names = [run["TrainingJobName"] for run in runs_of(sagemaker, ["a-b-c", "a-b-d"])]
    assert names == ["a-b-c-0123abcd-2", "a-b-d-0123abcd-1", "a-b-c-0123abcd-1"]


def test_of_several_jobs_of_a_lineage_the_newest_is_taken():
    sagemaker = sagemaker_with(
        a_b_c_0123abcd_1="Failed", a_b_d_0123abcd_1="Failed", a_b_c_4567abcd_1="Completed"
    )
    newest = newest_of_each(runs_of(sagemaker, ["a-b-c", "a-b-d"]))
    assert [each["TrainingJobName"] for each in newest] == ["a-b-c-4567abcd-1", "a-b-d-0123abcd-1"]


def test_only_running_jobs_are_stopped():
    sagemaker = sagemaker_with(
        a_b_c_0123abcd_1="Stopping", a_b_c_0123abcd_2="InProgress", x_y_z_0123abcd_1="InProgress"
    )
    assert stop_live(sagemaker, ["a-b-c"]) == ["a-b-c-0123abcd-2"]
    assert sagemaker.live() == ["a-b-c-0123abcd-1", "x-y-z-0123abcd-1"]


@pytest.mark.parametrize(
    ("status", "live"),
    [("InProgress", True), ("Stopping", True), ("Stopped", False), ("Failed", False)],
)
def test_a_job_that_is_stopping_is_still_live(status: str, live: bool):
    kinds = live_kinds(sagemaker_with(a_b_c_0123abcd_1=status), ["a-b-c"])
    assert kinds == (["training job"] if live else [])


def test_only_a_paused_job_is_taken_for_one_that_a_pause_has_stopped(settings: StackFile):
    def stopped(digits: str, letters: str) -> list[str]:
        jobs = {"vision_dev_digits_0123abcd_1": digits, "vision_dev_letters_0123abcd_1": letters}
        return stopped_by_a_pause(sagemaker_with(**jobs), settings)

    assert stopped("Stopped", "Stopped") == ["digits", "letters"]
    assert stopped("Completed", "Stopped") == ["letters"]
    assert stopped("Failed", "Stopped") == []
    assert stopped("InProgress", "Stopped") == []


def test_a_job_is_paused_already_where_it_was_stopped_whatever_became_of_others(
    settings: StackFile,
):
    sagemaker = sagemaker_with(
        vision_dev_digits_0123abcd_1="Failed", vision_dev_letters_0123abcd_1="Stopped"
    )
    assert stopped_and_paused(sagemaker, settings, ["digits", "letters"]) == ["letters"]
    assert stopped_and_paused(sagemaker, settings, ["digits"]) == []


def test_a_job_that_nobody_paused_was_not_stopped_by_a_pause(tmp_path: Path):
    def stopped(jobs: str, digits: str) -> list[str]:
        sagemaker = sagemaker_with(
            vision_dev_digits_0123abcd_1=digits, vision_dev_letters_0123abcd_1="Stopped"
        )
        return stopped_by_a_pause(sagemaker, settings_with(tmp_path, jobs))

    assert stopped("{digits: {}, letters: {paused: true}}", "Completed") == ["letters"]
    assert stopped("{digits: {}, letters: {paused: true}}", "Stopped") == []
    assert stopped("{digits: {}, letters: {}}", "Completed") == []


def test_a_job_is_shown_as_it_is_now_and_not_as_its_launch_left_it():
    sagemaker = FakeAws()
    name = "vision-dev-digits-0123abcd-1"
    resources = {"InstanceType": "ml.m5.large", "InstanceCount": 1}
    sagemaker.create_training_job(TrainingJobName=name, Tags=[], ResourceConfig=resources)
    launched = {"name": name, "status": "InProgress", "cost_ceiling_usd": 0.2, "metrics": {}}
    waiting = {"name": "", "status": "NotLaunched", "metrics": {}}
    outputs = {"bucket": "b", "training_jobs": {"digits": launched, "letters": waiting}}

    sagemaker.set_status(name, "Completed")
    sagemaker.jobs[name]["FinalMetricDataList"] = [{"MetricName": "loss", "Value": 0.5}]
    now = as_they_are(sagemaker, outputs)

    assert now["bucket"] == "b"
    assert now["training_jobs"]["letters"] == waiting
    digits = now["training_jobs"]["digits"]
    assert (digits["status"], digits["metrics"]) == ("Completed", {"loss": 0.5})
    assert digits["cost_ceiling_usd"] == 0.2

    sagemaker.set_status(name, "Failed", reason="AlgorithmError: diverged")
    digits = as_they_are(sagemaker, outputs)["training_jobs"]["digits"]
    assert (digits["status"], digits["failure_reason"]) == ("Failed", "AlgorithmError: diverged")


def test_a_job_that_was_never_launched_hides_no_pause(settings: StackFile):
    sagemaker = sagemaker_with(vision_dev_letters_0123abcd_1="Stopped")
    assert stopped_by_a_pause(sagemaker, settings) == ["letters"]


@pytest.fixture
def settings(tmp_path: Path) -> StackFile:
    return settings_with(tmp_path, "{digits: {paused: true}, letters: {paused: true}}")


def settings_with(folder: Path, jobs: str) -> StackFile:
    path = folder / "Pulumi.dev.yaml"
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


def test_the_runs_of_a_recurring_job_are_shown_beside_each_other(tmp_path: Path):
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_text(
        "config:\n  sagemaker-training:team: a\n  sagemaker-training:environment: b\n"
        "  sagemaker-training:jobs: {digits: {recurring: true}, other: {}}\n"
    )
    settings, sagemaker = StackFile.read(path), FakeAws()
    for name in ("a-b-digits-w47-0123abcd-1", "a-b-digits-w48-0123abcd-1"):
        tags = [
            {"Key": RECURRING_TAG, "Value": "a-b-digits"},
            {"Key": LINEAGE_TAG, "Value": name.removesuffix("-0123abcd-1")},
        ]
        sagemaker.create_training_job(TrainingJobName=name, Tags=tags, ResourceConfig={})
    names = [run["TrainingJobName"] for run in runs_of(sagemaker, lineages_of(settings, None))]
    assert names == ["a-b-digits-w48-0123abcd-1", "a-b-digits-w47-0123abcd-1"]
    followed = names_of(lineages_of(settings, None), recurring_in(settings))
    assert all(followed.fullmatch(name) for name in names)
    assert not followed.fullmatch("a-b-other-w48-0123abcd-1")
    reported = lineages_with_runs(sagemaker, settings, None)
    assert reported == ["a-b-digits-w48", "a-b-digits-w47", "a-b-other"]


def test_why_a_job_waits_is_said_at_once_and_then_every_five_minutes():
    sagemaker, now = FakeAws(), datetime.now(UTC)
    resources = {"InstanceType": "ml.g5.2xlarge", "InstanceCount": 2}
    for name in ("a-b-c-0123abcd-1", "a-b-c-0123abcd-2"):
        sagemaker.create_training_job(TrainingJobName=name, Tags=[], ResourceConfig=resources)
    sagemaker.set_status("a-b-c-0123abcd-1", "InProgress", "Training")
    notices = WaitNotices(sagemaker, ["a-b-c"])
    [line] = notices.poll(now)
    assert line.startswith("a-b-c-0123abcd-2: Starting for ")
    assert "2 × ml.g5.2xlarge" in line
    assert [*notices.poll(now + timedelta(minutes=4))] == []
    assert len([*notices.poll(now + timedelta(minutes=5))]) == 1
