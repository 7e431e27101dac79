"""The AWS CLI, which is in .venv: what one does with it every day."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.clients.clients import run
from tests.localcloud.cloud import BUCKET, GROUP, LISTEN, Cloud

pytestmark = pytest.mark.clients

AWS = Path(sys.executable).with_name("aws")
IN_SEVERAL_PARTS = 9 << 20  # bytes; the CLI uploads from 8 MiB on in several parts
Aws = Callable[..., Any]


@pytest.fixture
def aws(cloud: Cloud, tmp_path: Path) -> Aws:
    """Runs the CLI and returns what it prints: the parsed JSON where it is JSON."""

    def call(*words: str | Path) -> Any:
        output, _ = run(cloud, [AWS, *words], tmp_path)
        return json.loads(output) if output.startswith("{") else output

    return call


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_folders_are_copied_and_synchronised_in_both_directions(
    aws: Aws, data: Path, tmp_path: Path
):
    (data / "large.bin").write_bytes(os.urandom(IN_SEVERAL_PARTS))
    (data / "more" / "a name, with+signs & a #.txt").write_text("named")
    at, copy = f"s3://{BUCKET}/folders", tmp_path / "copy"

    aws("s3", "cp", "--recursive", data, f"{at}/copied")
    aws("s3", "sync", data, f"{at}/synchronised")
    aws("s3", "sync", f"{at}/copied", f"{at}/again")
    (data / "a.csv").write_text("5,6,7")
    (data / "large.bin").unlink()
    changes = aws("s3", "sync", "--no-progress", "--delete", data, f"{at}/synchronised")
    aws("s3", "sync", f"{at}/synchronised", copy)

    assert sorted(line.split()[0] for line in changes.splitlines()) == ["delete:", "upload:"]
    assert contents(copy) == contents(data)
    listed = aws("s3", "ls", "--recursive", "--summarize", f"{at}/again/")
    assert "Total Objects: 4" in listed
    assert f" {IN_SEVERAL_PARTS} " in listed


def test_a_job_is_created_waited_for_described_listed_and_its_log_read(
    aws: Aws, cloud: Cloud, tmp_path: Path
):
    request = cloud.request("print('line of the job'); print('another')")
    name = request["TrainingJobName"]
    (tmp_path / "request.json").write_text(json.dumps(request))

    made = aws("sagemaker", "create-training-job", "--cli-input-json", "file://request.json")
    # The waiter looks every two minutes.
    cloud.ended(name)
    aws("sagemaker", "wait", "training-job-completed-or-stopped", "--training-job-name", name)

    assert made["TrainingJobArn"].endswith(f":training-job/{name}")
    described = aws("sagemaker", "describe-training-job", "--training-job-name", name)
    assert described["TrainingJobStatus"] == "Completed"
    listed = aws("sagemaker", "list-training-jobs", "--name-contains", name)
    assert [each["TrainingJobName"] for each in listed["TrainingJobSummaries"]] == [name]
    lines = aws(
        *("logs", "filter-log-events", "--log-group-name", GROUP),
        *("--log-stream-name-prefix", name, "--query", "events[].[message]", "--output", "text"),
    )
    assert lines == "line of the job\nanother\n"


def test_a_running_job_is_stopped(aws: Aws, cloud: Cloud):
    name = cloud.create(LISTEN)
    cloud.wait_for_line(name, "running")

    aws("sagemaker", "stop-training-job", "--training-job-name", name)
    cloud.ended(name)
    aws("sagemaker", "wait", "training-job-completed-or-stopped", "--training-job-name", name)

    listed = aws("sagemaker", "list-training-jobs", "--status-equals", "Stopped")
    assert name in [each["TrainingJobName"] for each in listed["TrainingJobSummaries"]]
