from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from acceptance import leftovers, tuning
from acceptance.job.tuned import number_that_waits
from acceptance.platform_settings import TUNED_JOB, policy_configuration
from acceptance.scene import Scene
from components.stack.stack_settings import Settings


class Tunings:
    """SageMaker with tuning jobs that end when they are stopped, unless one is refused."""

    def __init__(self, **statuses: str) -> None:
        self.statuses = statuses
        self.created: list[dict[str, Any]] = []
        self.refused = ""

    def get_paginator(self, _: str) -> Any:
        names = [{"HyperParameterTuningJobName": name} for name in self.statuses]
        pages = [{"HyperParameterTuningJobSummaries": names}]
        return SimpleNamespace(paginate=lambda **_: pages)

    def describe_hyper_parameter_tuning_job(self, **named: str) -> dict[str, str]:
        status = self.statuses[named["HyperParameterTuningJobName"]]
        return named | {"HyperParameterTuningJobStatus": status}

    def stop_hyper_parameter_tuning_job(self, **named: str) -> None:
        self.statuses[named["HyperParameterTuningJobName"]] = "Stopped"

    def create_hyper_parameter_tuning_job(self, **request: Any) -> None:
        if self.refused:
            raise ClientError({"Error": {"Code": self.refused, "Message": "no"}}, "Create")
        self.created.append(request)
        self.statuses[request["HyperParameterTuningJobName"]] = "InProgress"


@pytest.fixture(autouse=True)
def tunings(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Tunings:
    tunings = Tunings(one="InProgress", other="Completed")
    monkeypatch.setattr(scene, "_clients", {"sagemaker": tunings})
    return tunings


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("tdb8df6f-tunes-0123abcd-1-002-4fc20839", 0),
        ("tdb8df6f-tunes-0123abcd-1-003-4fc20839", 3),
        ("tdb8df6f-tunes-0123abcd-1-004-4fc20839", 4),
        ("tdb8df6f-tunes-0123abcd-2-003-4fc20839", 0),
        ("tdb8df6f-limit-1-001-4fc20839", 4),
        ("", 0),
    ],
)
def test_only_the_last_trials_of_the_first_tuning_job_wait(name: str, number: int):
    assert number_that_waits(name) == number


def test_what_is_left_running_of_tuning_jobs_has_a_command_that_stops_it(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(leftovers, "_KINDS", {"tuning job": leftovers._tuning_jobs})
    [left] = leftovers.leftovers(scene)
    assert left.what == "tuning job one"
    assert "stop-hyper-parameter-tuning-job --hyper-parameter-tuning-job-name one " in left.command


def test_the_clean_up_stops_only_the_tuning_jobs_that_no_stack_has(scene: Scene, tunings: Tunings):
    own = f"{scene.site.tuning_job_prefix(TUNED_JOB)}0123abcd-1"
    tunings.statuses = {own: "Completed", "limit-1": "InProgress"}
    with pytest.raises(TimeoutError):
        tuning.stop_tunings(scene)  # the fixture's patience is none
    assert tunings.statuses == {own: "Completed", "limit-1": "Stopped"}
    tuning.stop_tunings(scene)


@pytest.mark.parametrize(("refused", "lines"), [("ResourceInUse", 0), ("ResourceLimitExceeded", 1)])
def test_a_tuning_job_without_time_that_is_refused_ends_no_acceptance(
    scene: Scene, tunings: Tunings, said: list[str], refused: str, lines: int
):
    like = {
        "HyperParameterTuningJobName": "first",
        "HyperParameterTuningJobConfig": {"Strategy": "Bayesian", "ResourceLimits": {}},
        "TrainingJobDefinition": {
            "CheckpointConfig": {"S3Uri": "s3://b/first/"},
            "StaticHyperParameters": {"a": "1", "_tuning_objective_metric": "loss"},
        },
    }
    tunings.refused = refused
    tuning.launch_limited(scene, like)
    assert len(said) == lines
    tunings.refused = ""
    tuning.launch_limited(scene, like)
    [request] = tunings.created
    definition = request["TrainingJobDefinition"]
    assert definition["StaticHyperParameters"] == {"a": "1"}
    assert definition["CheckpointConfig"]["S3Uri"] == f"s3://b/{tuning.limited_name(scene)}/"
    limits = request["HyperParameterTuningJobConfig"]["ResourceLimits"]
    assert limits == {
        "MaxNumberOfTrainingJobs": 1,
        "MaxParallelTrainingJobs": 1,
        "MaxRuntimeInSeconds": tuning.LIMIT_SECONDS,
    }


def test_the_settings_with_a_tuned_job_are_valid_and_within_the_quotas(scene: Scene):
    scene.settings.with_tuned = True
    config = scene.settings.document()
    prefix = "sagemaker-training:"
    given = {key.removeprefix(prefix): each for key, each in config.items() if prefix in key}
    jobs = Settings.model_validate(given).jobs
    limits = policy_configuration()["teams"]["acceptance"]["*"]["all"]
    tuned = jobs[TUNED_JOB].tuning
    assert tuned is not None
    assert tuned.max_trials == limits["maxTrials"]
    assert 1 + tuned.parallel <= limits["jobsAtOnce"]
