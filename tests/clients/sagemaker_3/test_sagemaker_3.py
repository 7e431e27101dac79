"""The SageMaker Python SDK 3: ModelTrainer, with two instances on spot."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.clients.clients import Outcome, run_script
from tests.localcloud.cloud import BUCKET, Cloud

pytestmark = pytest.mark.clients

SCRIPT = Path(__file__).with_name("model_trainer.py")
HOSTS = ("algo-1", "algo-2")


def test_model_trainer_trains_on_two_spot_instances_resumes_and_reports_a_failure(
    cloud: Cloud, role: str, data: Path, tmp_path: Path
):
    def train(epochs: int) -> Outcome:
        checkpoints = f"s3://{BUCKET}/checkpoints/sdk-3"
        return run_script(cloud, SCRIPT, tmp_path, role, str(data), checkpoints, str(epochs))

    first, second, third = train(2), train(4), train(4)

    for outcome, begun in ((first, 0), (second, 2)):
        assert outcome.result["error"] == ""
        assert outcome.result["status"] == "Completed"
        for host in HOSTS:
            # The SDK logs the lines of both instances' logs.
            assert f"{host} of {', '.join(HOSTS)} read ['1,2', '3,4']" in outcome.lines
            assert f"{host} begins after epoch {begun}" in outcome.lines
    job = cloud.describe(first.result["job"])
    assert job["EnableManagedSpotTraining"]
    assert job["ResourceConfig"]["InstanceCount"] == 2
    for host in HOSTS:
        assert cloud.get(f"checkpoints/sdk-3/{host}.txt") == b"4"
    assert third.result["status"] == "Failed"
    assert third.result["error"].startswith("FailedStatusError: ")
    assert "train.py', '--epochs', '4']' returned non-zero exit status 1" in third.result["error"]
