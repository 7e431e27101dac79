"""A run goes on from the model of the last completed run, and keeps to it."""

from __future__ import annotations

from typing import Any

import pytest

from components.training_job.request.job_tags import OWNER_TAG
from components.unknowns import UNKNOWN
from tests.components.fake_aws import FakeAws
from tests.components.training_job.conftest import inputs_of_job
from tests.components.training_job.providers import checked, provider_over
from tests.components.training_job.recurring.recurring_stack import JOB, LAST_MODEL, Engine


def model_of(engine: Engine) -> str:
    """What the newest job reads in the channel `model`, "" without the channel."""
    name = list(engine.aws.jobs)[-1]
    channels = engine.aws.jobs[name].get("InputDataConfig", [])
    return "".join(
        each["DataSource"]["S3DataSource"]["S3Uri"]
        for each in channels
        if each["ChannelName"] == "model"
    )


def test_each_run_reads_the_model_of_the_last_completed_run(
    aws: FakeAws, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = Engine(aws)
    engine.up("w47")
    assert model_of(engine) == ""
    none = f"{JOB}-w47: the channel model is left out, as no run of {JOB} has completed yet\n"
    assert none in capsys.readouterr().out
    engine.end("Completed")
    assert engine.state is not None
    first = engine.state["model_uri"]

    engine.up("w48")
    assert model_of(engine) == first
    assert f"{JOB}-w48: the channel model is {first}\n" in capsys.readouterr().out
    engine.end("Failed")
    engine.up("w49")
    assert model_of(engine) == first
    engine.end("Completed")
    second = engine.state["model_uri"]
    engine.up("w50")
    assert model_of(engine) == second


def test_a_run_that_is_relaunched_reads_what_its_first_job_read(aws: FakeAws) -> None:
    engine = Engine(aws)
    engine.up("w47", relaunch="onFailure")
    engine.end("Failed")
    later = Engine(aws)
    later.up("w48")
    later.end("Completed")
    assert engine.up("w47", relaunch="onFailure") == "replace"
    assert model_of(engine) == ""
    assert engine.state is not None
    assert engine.state["tries"] == 2


def test_a_model_of_another_owner_is_not_read(aws: FakeAws) -> None:
    engine = Engine(aws)
    engine.up("w47")
    engine.end("Completed")
    for tags in aws.tags.values():
        tags[OWNER_TAG] = "theirs"
    for name, job in aws.jobs.items():
        job["OutputDataConfig"] = {"S3OutputPath": f"s3://theirs/output/{name}"}
    engine.up("w48")
    assert model_of(engine) == ""


def test_nothing_is_asked_while_nothing_is_launched_or_the_bucket_is_not_made(
    aws: FakeAws,
) -> None:
    inputs: dict[str, Any] = inputs_of_job({"recurring": True})
    inputs |= {"recurring": JOB, "last_runs": [LAST_MODEL]}
    checked(provider_over(aws), inputs | {"launch": False})
    checked(provider_over(aws), inputs | {"owner": UNKNOWN})
    assert aws.calls == []
