"""A launch whose name is taken by a job that ListTrainingJobs does not show yet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from components.training_job.aws.errors import TrainingJobError
from components.training_job.run.launch import Launch, launch_once
from tests.components.training_job.fake_sagemaker import FakeSageMaker

OWNER = "artifacts"
REQUEST: dict[str, Any] = {
    "RoleArn": "arn:aws:iam::123456789012:role/execution",
    "OutputDataConfig": {"S3OutputPath": "s3://artifacts/output"},
    "CheckpointConfig": {"S3Uri": "s3://artifacts/checkpoints/"},
    "ResourceConfig": {},
}
LAUNCH = Launch("team-dev-job", OWNER, "0123abcd", REQUEST)


class BlindSageMaker(FakeSageMaker):
    """Lists nothing, as one whose lists are not up to date."""

    def _list_training_jobs(self, *_: Any, **__: Any) -> Iterator[dict[str, Any]]:
        yield {"TrainingJobSummaries": []}


def test_the_own_job_is_adopted_though_no_list_shows_it() -> None:
    sagemaker = BlindSageMaker()
    first = launch_once(sagemaker, LAUNCH).description
    assert launch_once(sagemaker, LAUNCH).description["TrainingJobName"] == first["TrainingJobName"]
    assert sagemaker.live() == ["team-dev-job-0123abcd-1"]


def test_another_owners_live_job_is_refused_though_no_list_shows_it() -> None:
    sagemaker = BlindSageMaker()
    launch_once(sagemaker, Launch("team-dev-job", f"{OWNER}-of-another", "0123abcd", REQUEST))
    with pytest.raises(TrainingJobError, match=r"belongs to .*-of-another"):
        launch_once(sagemaker, LAUNCH)
    assert sagemaker.live() == ["team-dev-job-0123abcd-1"]


def test_an_attempt_that_was_let_go_and_still_runs_is_stopped_before_the_next() -> None:
    sagemaker = BlindSageMaker()
    first = launch_once(sagemaker, LAUNCH).description
    sagemaker.tags[first["TrainingJobArn"]]["sagemaker-training:released"] = "Stopping"
    launch_once(sagemaker, LAUNCH)
    assert sagemaker.live() == ["team-dev-job-0123abcd-2"]


def test_a_name_whose_record_vanishes_meanwhile_is_passed_over() -> None:
    class Vanishing(BlindSageMaker):
        def _describe(self, name: str) -> dict[str, Any]:
            self.jobs.pop(name, None)
            return super()._describe(name)

    sagemaker = Vanishing()
    launch_once(sagemaker, LAUNCH)
    launch_once(sagemaker, LAUNCH)
    assert sagemaker.live() == ["team-dev-job-0123abcd-2"]
