"""What is read of jobs: of made-up tuning jobs, and of training jobs that really ran."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from components.training_job.reader.run_attempts import Clients
from components.training_job.run_report import findings
from components.training_job.run_report.contents import report_of
from components.training_job.run_report.findings import found_of
from components.training_job.run_report.page import render
from components.training_job.tuning.observation import keep_table
from tests.components.training_job.run_report.made_up import at, earlier, tuned
from tests.localcloud.cloud import (
    BUCKET,
    FAST,
    GO_ON,
    Cloud,
    checkpoints,
    eventually,
    running_cloud,
)
from tests.localcloud.sagemaker.tuning import tunings
from tests.localcloud.spot import SPOT, TWICE, begin, interrupt
from tracking.reports import write_reports

LINEAGE = "research-dev-report"
POINTS = """
import json
for step in range({first}, {last}):
    print(json.dumps({{"metric": "loss", "step": step, "value": 1 / (step + 1)}}))
"""


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    with running_cloud(tmp_path / "cloud", *FAST) as cloud:
        yield cloud


def launch(cloud: Cloud, number: int, script: str) -> str:
    """Launches an attempt of the lineage, as the program does."""
    name = f"{LINEAGE}-0123456{number}-1"
    record = {"training_job": name, "definition": {"hyperparameters": {"epochs": str(number)}}}
    cloud.put(f"output/{LINEAGE}/{name}/run.json", json.dumps(record).encode())
    return cloud.create(
        script,
        **SPOT,
        TrainingJobName=name,
        CheckpointConfig=checkpoints(f"checkpoints/{LINEAGE}/"),
        OutputDataConfig={"S3OutputPath": f"s3://{BUCKET}/output/{LINEAGE}"},
        Tags=[{"Key": "sagemaker-training:lineage", "Value": LINEAGE}],
    )


class Service:
    """SageMaker, as far as earlier jobs are read."""

    def __init__(self) -> None:
        self.filters: dict[str, tuple[str, str]] = {}

    def search(self, *, SearchExpression: Any, **_: Any) -> dict[str, Any]:  # noqa: N803
        self.filters = {
            each["Name"]: (each["Operator"], each["Value"]) for each in SearchExpression["Filters"]
        }
        jobs = [earlier(), earlier() | {"TrainingEndTime": at(1)}]
        return {"Results": [{"TrainingJob": each} for each in jobs]}


def test_what_a_forecast_could_know_are_the_stacks_jobs_that_had_ended_before_the_launch(
    monkeypatch: pytest.MonkeyPatch,
):
    service, [(tuning, trials)] = Service(), tuned().tunings
    monkeypatch.setattr(findings, "attempts_of", lambda *_: [])
    monkeypatch.setattr(findings, "tunings_of", lambda *_, **__: [tuning])
    monkeypatch.setattr(findings, "trials_of", lambda *_: trials)
    found = found_of(Clients(service, None, None), LINEAGE, {tuning.name})
    assert (found.tunings, found.has_nothing_left) == ([(tuning, trials)], True)
    assert found.earlier == [earlier()]
    assert service.filters == {
        "Tags.team": ("Equals", "research"),
        "Tags.stack": ("Equals", "research-dev"),
        "CreationTime": ("LessThan", "2026-11-01T08:00:00"),
    }


@pytest.mark.deep
def test_a_tuning_job_is_reported_while_it_runs_and_when_it_has_ended(cloud: Cloud):
    script = f"""
        import os, pathlib, sys, time
        print('begun', flush=True)
        is_first = '-001-' in os.environ['TRAINING_JOB_NAME']
        while is_first and not pathlib.Path({GO_ON!r}).exists():
            time.sleep(0.02)
        print('loss=' + sys.argv[sys.argv.index('--rate') + 1])
    """
    place = f"{tunings.DEFINITION}.OutputDataConfig.S3OutputPath"
    request = tunings.request_of(
        cloud, "tuned", script, **{place: f"s3://{BUCKET}/output/{LINEAGE}"}
    )
    tags = [{"Key": "sagemaker-training:lineage", "Value": LINEAGE}]
    cloud.sagemaker.create_hyper_parameter_tuning_job(**request, Tags=tags)
    clients = Clients(cloud.sagemaker, cloud.logs, cloud.s3)

    live = report_of(found_of(clients, LINEAGE), datetime.now(UTC))
    first = eventually(lambda: tunings.trials(cloud, "tuned") or None)[0]["TrainingJobName"]
    cloud.wait_for_line(first, "begun")
    cloud.let_go_on(first)
    description = tunings.ended(cloud, "tuned")
    ended = report_of(found_of(clients, LINEAGE), datetime.now(UTC))
    keep_table(cloud.sagemaker, cloud.s3, description)
    kept = report_of(found_of(clients, LINEAGE), datetime.now(UTC))

    assert live is not None
    assert ended is not None
    assert kept is not None
    assert (live.outcome, ended.outcome) == ("running", "completed")
    assert ended.trials is not None
    assert ended.trials.best is not None
    assert ended.trials.best.name == description["BestTrainingJob"]["TrainingJobName"]
    assert kept.trials == ended.trials
    assert render(kept).count('<td class="code">tuned-') == len(kept.trials.all) == 10


@pytest.mark.deep
def test_a_lineage_that_was_interrupted_and_failed_is_reported_as_it_ran(
    cloud: Cloud, tmp_path: Path
):
    first = launch(cloud, 1, POINTS.format(first=0, last=9) + TWICE)
    begin(cloud, first)
    interrupt(cloud, first)
    cloud.ended(first)
    second = launch(cloud, 2, POINTS.format(first=5, last=12) + "raise SystemExit('no more')")
    cloud.ended(second)
    clients = Clients(cloud.sagemaker, cloud.logs, cloud.s3)

    report = report_of(found_of(clients, LINEAGE), datetime.now(UTC))

    assert report is not None
    assert [row.attempt.outcome for row in report.rows] == ["completed", "script error"]
    assert "interrupted" in report.rows[0].phases
    assert "no more" in report.sentence + "".join(report.log)
    [loss] = report.curves
    assert [step for step, _ in loss.points] == list(range(12))
    assert [(each.step, each.attempt) for each in loss.marks if not each.is_interruption] == [
        (5, 2)
    ]
    assert [each.what for each in report.changes] == ["hyperparameter epochs"]

    write_reports(Console(file=io.StringIO()), clients, [LINEAGE], tmp_path / "report.html")

    kept = cloud.s3.get_object(Bucket=BUCKET, Key=f"output/{LINEAGE}/{second}/report.html")
    assert kept["ContentType"] == "text/html; charset=utf-8"
    assert kept["Body"].read() == (tmp_path / "report.html").read_bytes()
