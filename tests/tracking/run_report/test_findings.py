"""What is read of jobs that really ran, on a local cloud."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

from localcloud.server import daemon
from tests.localcloud.cloud import BUCKET, FAST, Cloud, checkpoints
from tests.localcloud.spot import SPOT, TWICE, begin, interrupt
from tracking.attempts import Clients
from tracking.run_report.command import write_reports
from tracking.run_report.contents import report_of
from tracking.run_report.findings import found_of

LINEAGE = "research-dev-report"
POINTS = """
import json
for step in range({first}, {last}):
    print(json.dumps({{"metric": "loss", "step": step, "value": 1 / (step + 1)}}))
"""


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    data = tmp_path / "cloud"
    yield Cloud(daemon.start(data, *FAST), data)
    daemon.stop(data)


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
    assert [row.outcome for row in report.rows] == ["completed", "script error"]
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
