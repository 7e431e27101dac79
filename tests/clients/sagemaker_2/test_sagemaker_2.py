"""The SageMaker Python SDK 2: an Estimator in script mode."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.clients.clients import run_script
from tests.localcloud.cloud import Cloud

pytestmark = pytest.mark.clients

SCRIPT = Path(__file__).with_name("estimator.py")


def test_an_estimator_trains_in_script_mode_on_the_users_files(
    cloud: Cloud, role: str, data: Path, tmp_path: Path
):
    outcome = run_script(cloud, SCRIPT, tmp_path, role, str(data), "2")

    assert outcome.result["error"] == ""
    assert outcome.result["image"].endswith("/pytorch-training:2.5-cpu-py311")
    assert [(each["MetricName"], each["Value"]) for each in outcome.result["metrics"]] == [
        ("loss", 0.5)
    ]
    # The SDK prints the job's log.
    arguments = json.dumps(["--epochs", "2", "--name", "the script"], separators=(",", ":"))
    for line in (
        "the script and its neighbour read ['1,2', '3,4']",
        f"SM_USER_ARGS={arguments}",
        "epoch=2 loss=0.50",
    ):
        assert line in outcome.lines
    bucket, _, key = outcome.result["model"].removeprefix("s3://").partition("/")
    assert cloud.s3.head_object(Bucket=bucket, Key=key)["ContentLength"] > 0


def test_an_estimator_raises_the_reason_of_a_failed_job(
    cloud: Cloud, role: str, data: Path, tmp_path: Path
):
    outcome = run_script(cloud, SCRIPT, tmp_path, role, str(data), "4")

    assert cloud.describe(outcome.result["job"])["TrainingJobStatus"] == "Failed"
    assert "Failed. Reason: AlgorithmError: ExecuteUserScriptError:" in outcome.result["error"]
    assert "train.py --epochs 4" in outcome.result["error"]
    assert "ValueError: more than three epochs" in outcome.lines


def test_a_tuner_runs_to_its_end_and_finds_the_best_of_its_trials(
    cloud: Cloud, role: str, data: Path, tmp_path: Path
):
    outcome = run_script(cloud, SCRIPT.with_name("tuner.py"), tmp_path, role, str(data))

    assert outcome.result["status"] == "Completed"
    rows = outcome.result["trials"]
    assert [each["TrainingJobStatus"] for each in rows] == ["Completed"] * 4
    best = min(rows, key=lambda each: float(each["FinalObjectiveValue"]))
    assert outcome.result["best"] == best["TrainingJobName"]
    assert best["FinalObjectiveValue"] == pytest.approx(best["rate"] * best["layers"], abs=1e-5)
    assert {each["kind"].strip('"') for each in rows} <= {"plain", "wide"}
    # The SDK reads them from the training job, and writes categories as JSON.
    assert outcome.result["values"]["kind"].strip('"') == best["kind"].strip('"')
