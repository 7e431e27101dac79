from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from components.training_job.request.job_tags import HASH_TAG, LINEAGE_TAG
from development.jobs import (
    OwnJobs,
    as_they_are,
    live_kinds,
    newest_streams,
    refuse_pause_of_grids,
    stop_live,
    stopped_by_a_pause,
)
from development.stack_file import StackFile
from development.terminal import CommandError
from development.tuned_jobs import attempts_of, trials_that_wait, tunings_of
from tests.components.fake_aws import FakeAws

LINEAGE = "research-dev-digits"
FIRST, SECOND = "t0123456-digits-0123abcd-1", "t0123456-digits-0123abcd-2"
OTHER = "t0123456-other-0123abcd-1"


def tune(aws: FakeAws, name: str, lineage: str = LINEAGE, strategy: str = "Bayesian") -> None:
    ranges = {"ContinuousParameterRanges": [{"Name": "learning-rate"}]}
    aws.create_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=name,
        HyperParameterTuningJobConfig={
            "Strategy": strategy,
            "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "loss"},
            "ParameterRanges": ranges,
            "ResourceLimits": {"MaxNumberOfTrainingJobs": 4, "MaxParallelTrainingJobs": 1},
        },
        TrainingJobDefinition=definition(),
        Tags=[{"Key": LINEAGE_TAG, "Value": lineage}, {"Key": HASH_TAG, "Value": "0123abcd"}],
    )


def definition() -> dict[str, Any]:
    resources = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30}
    return {
        "ResourceConfig": resources,
        "RoleArn": "arn:aws:iam::123456789012:role/execution",
        "OutputDataConfig": {"S3OutputPath": "s3://artifacts/output"},
    }


@pytest.fixture
def aws() -> FakeAws:
    """Two attempts of a lineage, of which the first was stopped, and a job of another one."""
    aws = FakeAws()
    tune(aws, FIRST)
    aws.add_trial(FIRST, 0.5)
    aws.add_trial(FIRST, status="Stopped")
    aws.end_tuning(FIRST, "Stopped")
    tune(aws, SECOND)
    aws.add_trial(SECOND, 0.7)
    aws.add_trial(SECOND, 0.3)
    aws.add_trial(SECOND, 0.1, status="Stopped")
    aws.add_trial(SECOND, status="InProgress")
    tune(aws, OTHER, "research-dev-other")
    return aws


def test_tuning_jobs_come_newest_first_and_other_lineages_are_left_out(aws: FakeAws) -> None:
    assert [each.name for each in attempts_of(aws, [LINEAGE])] == [SECOND, FIRST]


def test_the_newest_tuning_job_has_the_trials_of_all_attempts_the_best_first(aws: FakeAws) -> None:
    (newest, trials), (before, no_trials) = tunings_of(aws, [LINEAGE])
    assert (newest.name, before.name) == (SECOND, FIRST)
    shown = [(each.objective, each.status) for each in trials]
    assert shown[:4] == [
        (0.3, "Completed"),
        (0.5, "Completed"),
        (0.7, "Completed"),
        (0.1, "Stopped"),
    ]
    assert {status for _, status in shown[4:]} == {"InProgress", "Stopped"}
    assert no_trials == []


def test_a_live_tuning_job_is_stopped_as_a_whole(aws: FakeAws) -> None:
    assert live_kinds(aws, [LINEAGE]) == ["tuning job"]
    assert stop_live(aws, [LINEAGE]) == [SECOND]
    assert live_kinds(aws, [LINEAGE]) == []
    assert aws.live_tunings() == [OTHER]


def test_the_newest_lines_are_those_of_the_newest_tuning_jobs_trials(aws: FakeAws) -> None:
    assert newest_streams(aws, LINEAGE) == f"{SECOND}-"
    aws.create_training_job(TrainingJobName=f"{LINEAGE}-89abcdef-1", Tags=[], ResourceConfig={})
    assert newest_streams(aws, LINEAGE) == f"{LINEAGE}-89abcdef-1/"
    assert newest_streams(aws, "research-dev-letters") == ""


def test_a_trial_belongs_to_its_lineage_and_the_service_is_asked_once(aws: FakeAws) -> None:
    own = OwnJobs(aws, [LINEAGE])
    assert f"{LINEAGE}-0123abcd-1" in own
    assert f"{SECOND}-001-0123abcd" in own
    assert f"{OTHER}-001-0123abcd" not in own
    assert "t0123456-gone-0123abcd-1-001-0123abcd" not in own
    asked = len(aws.calls)
    assert f"{SECOND}-002-0123abcd" in own
    assert len(aws.calls) == asked


def test_a_tuned_job_that_was_paused_is_known_as_one(aws: FakeAws, tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.dev.yaml"
    job = "{digits: {paused: true, tuning: {}}}"
    path.write_text(
        f"config:\n  sagemaker-training:team: research\n  sagemaker-training:jobs: {job}\n"
    )
    settings = StackFile.read(path)
    assert stopped_by_a_pause(aws, settings) == []
    aws.end_tuning(SECOND, "Stopped")
    assert stopped_by_a_pause(aws, settings) == ["digits"]
    aws.end_tuning(SECOND, "Failed", "No training job succeeded after 5 attempts")
    assert stopped_by_a_pause(aws, settings) == []


def test_a_tuning_job_is_shown_as_it_is_now(aws: FakeAws) -> None:
    launched = {"name": SECOND, "status": "InProgress", "trials_uri": "", "best_training_job": ""}
    recorded = {"name": OTHER, "status": "Completed", "trials_uri": "s3://bucket/trials.json"}
    aws.end_tuning(SECOND, "Completed")

    now = as_they_are(aws, {"tuning_jobs": {"digits": launched, "other": recorded}})["tuning_jobs"]

    assert now["other"] == recorded
    assert now["digits"]["status"] == "Completed"
    assert now["digits"]["best_training_job"] == f"{SECOND}-002-0123abcd"
    assert now["digits"]["objective_value"] == 0.3


def test_a_grid_is_not_stopped_for_a_pause(aws: FakeAws) -> None:
    refuse_pause_of_grids(aws, [LINEAGE])
    tune(aws, "t0123456-grid-0123abcd-1", "research-dev-grid", "Grid")
    with pytest.raises(CommandError, match="a grid can't go on after a pause"):
        refuse_pause_of_grids(aws, ["research-dev-grid"])


def test_trials_that_wait_are_counted_and_the_first_says_why(aws: FakeAws) -> None:
    waiting = [aws.add_trial(SECOND, status="InProgress") for _ in range(2)]
    for name in waiting:
        aws.set_status(name, "InProgress", "Starting")
    tunings = [*tunings_of(aws, [LINEAGE])]
    [line] = trials_that_wait(aws, tunings)
    assert line.startswith(f"{SECOND}: 2 of 3 running trials wait. {waiting[0]}: Starting for ")
    assert "1 × ml.m5.large" in line
    for name in waiting:
        aws.set_status(name, "InProgress", "Training")
    assert [*trials_that_wait(aws, tunings)] == []
