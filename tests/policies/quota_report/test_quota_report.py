"""The command over a backend of its own: what it prints, and its exit codes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from quota_report.__main__ import main, owned
from quota_report.backend import Backend
from quota_report.planned import PlannedUpdate
from quota_report.report import AccountLine, Report, as_json, as_text
from tests.policies.policy_report.events import KEPT, job, written
from tests.policies.subjects import request
from training_policies.configuration import Configuration
from training_policies.policy import Stack
from training_policies.preview import preview_of
from training_policies.quotas.owner import Owner
from training_policies.resource import Resource, as_the_sdk_sends
from training_policies.training_job import OWN_TYPE, training_job
from training_policies.tuning import OWN_TUNING_TYPE

TAGS = [{"Key": "team", "Value": "research"}, {"Key": "environment", "Value": "dev"}]
ARN = "arn:aws:sagemaker:us-east-1:123456789012:training-job/digits-1"
TUNING_ARN = "arn:aws:sagemaker:us-east-1:123456789012:hyper-parameter-tuning-job/tuned"
CLI = """#!/bin/sh
cd "$(dirname "$0")"
case "$2 $3 $4" in
  "stack ls "*) cat stacks.json ;;
  "stack tag ls") cat tags.json ;;
  "stack export "*) cat "$(echo "$5" | tr / .)" ;;
esac
"""


@pytest.fixture
def backend(tmp_path: Path) -> Path:
    """A folder with a CLI that answers for two stacks of two instances each."""
    (tmp_path / "pulumi").write_text(CLI)
    (tmp_path / "pulumi").chmod(0o755)
    names = ["organization/training/a", "organization/training/b"]
    (tmp_path / "tags.json").write_text("{}")
    (tmp_path / "stacks.json").write_text(json.dumps([{"name": name} for name in names]))
    for name in names:
        (tmp_path / name.replace("/", ".")).write_text(json.dumps(exported()))
    return tmp_path


def exported() -> dict[str, Any]:
    urn = f"urn:pulumi:dev::training::{OWN_TYPE}::digits"
    inputs = {"request": {**request(), "Tags": TAGS}, "__provider": "pickled"}
    outputs = inputs | {"training_job_arn": ARN}
    old = {"type": OWN_TYPE, "urn": urn, "inputs": inputs, "delete": True}
    bucket = {"type": "aws:s3/bucket:Bucket", "urn": "urn:pulumi:dev::training::b::store"}
    job = {"type": OWN_TYPE, "urn": urn, "inputs": inputs, "outputs": outputs}
    return {"version": 3, "deployment": {"resources": [bucket, job, old]}}


def configured(folder: Path, limit: int, **values: Any) -> list[str]:
    quota = {"all": {"instancesPerStack": limit}, "families": {"g5": {}}}
    file = folder / "organisation.json"
    file.write_text(json.dumps({"teams": {"research": {"dev": quota}}} | values))
    return ["--configuration", str(file), "--pulumi", str(folder / "pulumi")]


def test_within_its_quota_an_organisation_exits_with_0(
    backend: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(configured(backend, 4)) == 0
    printed = capsys.readouterr().out
    assert "research  dev          all instances  the number of instances  4     4" in printed
    assert "a: digits, b: digits" in printed
    assert printed.endswith("All is within its quota.\n")


def test_above_its_quota_it_exits_with_1_and_says_so_in_json_too(
    backend: Path, capsys: pytest.CaptureFixture[str]
):
    assert main([*configured(backend, 3), "--format", "json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["refused"] is True
    [line] = [each for each in report["stacks"] if each["allowed"] is not None]
    assert (line["used"], line["allowed"], line["verdict"]) == (4, 3, "over")


@pytest.mark.parametrize(
    ("tags", "code", "said"),
    [
        ({"team": "research", "environment": "dev"}, 0, "research  dev "),
        ({"team": "research"}, 1, "research  –  "),
        ({}, 1, "no team  –  "),
        ({"team": "vision", "environment": "dev"}, 1, "jobs for which two owners are named"),
    ],
)
def test_where_settings_are_not_trusted_the_stacks_tags_say_whose_its_jobs_are(
    backend: Path, capsys: pytest.CaptureFixture[str], tags: dict[str, str], code: int, said: str
):
    (backend / "tags.json").write_text(json.dumps(tags))
    assert main(configured(backend, 4, trustSettings=False)) == code
    assert said in capsys.readouterr().out


def test_a_running_job_is_of_the_stack_whose_state_records_it_and_not_of_whom_its_tags_name(
    backend: Path,
):
    (backend / "tags.json").write_text('{"team": "research", "environment": "dev"}')
    recorded = Backend(str(backend / "pulumi"), {}).jobs(trust_settings=False)
    assert [each.arn for each in recorded] == [ARN, ARN]
    running = [training_job(Resource(OWN_TYPE, "a", arn, as_the_sdk_sends({"request": request()})))
               for arn in (ARN, f"{ARN}-of-somebody-else")]  # fmt: skip
    configuration = Configuration("organisation.json", {"trustSettings": False})
    found = list(owned([each for each in running if each], recorded, configuration))
    assert [each.owner for each in found] == [Owner("research", "dev"), Owner("", "")]


def test_a_stack_that_is_previewed_counts_as_the_update_would_leave_it(
    backend: Path, capsys: pytest.CaptureFixture[str]
):
    (backend / "stacks.json").write_text(json.dumps([{"name": "organization/training/a"}]))
    events = written(backend, [job("more", count=3), job("digits"), *KEPT])
    asked = ["--preview", str(events), "--stack", "organization/project/dev"]
    assert main([*configured(backend, 7), *asked]) == 0
    printed = capsys.readouterr().out
    assert "a: digits, dev: digits, dev: more" in printed
    assert main([*configured(backend, 6), *asked]) == 1
    assert main(configured(backend, 6)) == 0


def test_a_job_that_leaves_the_stack_counts_while_it_runs(backend: Path):
    recorded = Backend(str(backend / "pulumi"), {}).jobs(trust_settings=True)[:1]
    urn = recorded[0].job.resource.urn
    root = Resource("pulumi:pulumi:Stack", "dev", "urn:pulumi:dev::training::root::dev", {})
    stack = Stack("dev", "research", "dev")
    preview = replace(preview_of([]), resources=[root])
    update = PlannedUpdate(preview, stack)
    assert [each.job.name for each in update.jobs(recorded, {ARN})] == ["a: digits (still running)"]
    assert list(update.jobs(recorded, set())) == []
    stays = replace(preview, resources=[root, replace(recorded[0].job.resource, urn=urn)])
    [kept] = PlannedUpdate(stays, stack).jobs(recorded, {ARN})
    assert "still running" not in kept.job.name


def test_a_tuning_job_in_a_state_counts_its_parallel_trials_and_runs_as_long_as_any_trial(
    backend: Path, capsys: pytest.CaptureFixture[str]
):
    (backend / "stacks.json").write_text(json.dumps([{"name": "a"}]))
    inputs = {
        "request": {**request(), "Tags": TAGS},
        "tuning": {"ResourceLimits": {"MaxParallelTrainingJobs": 3}},
    }
    urn = f"urn:pulumi:dev::training::{OWN_TUNING_TYPE}::tuned"
    outputs = inputs | {"tuning_job_arn": TUNING_ARN, "best_training_job": "a-001"}
    state = {"type": OWN_TUNING_TYPE, "urn": urn, "inputs": inputs, "outputs": outputs}
    (backend / "a").write_text(json.dumps({"version": 3, "deployment": {"resources": [state]}}))
    assert main(configured(backend, 6)) == 0
    assert "all instances  the number of instances  6     6" in capsys.readouterr().out
    assert main(configured(backend, 5)) == 1
    [recorded] = Backend(str(backend / "pulumi"), {}).jobs(trust_settings=True)
    assert recorded.arn == TUNING_ARN


def test_a_preview_that_failed_says_nothing_of_the_update(
    backend: Path, capsys: pytest.CaptureFixture[str]
):
    events = written(backend, [job("more")])
    arguments = [*configured(backend, 9), "--stack", "dev", "--preview", str(events)]
    assert main(arguments) == 2
    assert "has no preview that came to its end" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main([*configured(backend, 9), "--stack", "dev"])


def test_without_configuration_or_backend_it_exits_with_2(
    backend: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["--configuration", str(backend / "none.json")]) == 2
    assert "can't be read" in capsys.readouterr().err
    assert main([*configured(backend, 3), "--pulumi", str(backend / "none")]) == 2
    assert "can't be run" in capsys.readouterr().err
    (backend / "pulumi").write_text("#!/bin/sh\necho no backend >&2\nexit 1\n")
    assert main(configured(backend, 3)) == 2
    assert "no backend" in capsys.readouterr().err


def test_more_instances_than_aws_allows_are_refused():
    within = Report([], [], [AccountLine("ml.g5.xlarge on spot", 1, 2, 2)])
    assert not within.is_refused
    over = Report([], [], [AccountLine("ml.g5.xlarge on spot", 0, 3, 2)])
    assert over.is_refused
    assert "ml.g5.xlarge on spot  0        3          2        over" in as_text(over)
    assert json.loads(as_json(over))["account"][0]["verdict"] == "over"


def test_without_any_job_the_report_is_a_sentence():
    assert as_text(Report(stacks=())) == "No stack has a training job, so nothing is used."
