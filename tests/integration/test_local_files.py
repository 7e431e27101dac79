"""What a change among a job's local files does, on the real engine."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.engine import Stack
from tests.integration.settings import FOREVER, JOB_FOLDER, counting_job, stack_with
from toolchain.layout import CHECKOUT

pytestmark = pytest.mark.integration

NewStack = Callable[..., Stack]
TRAINING_JOB = "pulumi-python:dynamic/sagemaker:TrainingJob"


def test_a_whole_project_as_source_is_another_only_with_another_source(
    new_stack: NewStack, program: Path
) -> None:
    """The project's folder has what the packer makes, the stacks' settings, and leftovers."""
    subprocess.run(["git", "init", "--quiet", program], check=True)
    (program / ".venv").symlink_to(CHECKOUT / ".venv")
    shutil.copy(CHECKOUT / JOB_FOLDER / "steps.py", program / "train.py")
    (program / "Pulumi.dev.yaml").write_text("config: {}\n")
    job = counting_job(FOREVER, source={"dir": ".", "entryPoint": "train.py"})
    stack = new_stack(stack_with(work=job), project=program)
    stack.up().succeeded()
    [running] = stack.jobs("work")
    assert stack.up().succeeded().changes == {}

    (program / ".train.py.swp").write_bytes(b"what an editor keeps while it is open")
    (program / "Pulumi.dev.yaml").write_text("config: {a: b}\n")
    stack.settings["jobs"]["work"]["paused"] = True
    result = stack.up().succeeded()
    assert result.changes == {"update": 1}
    assert result.operations(TRAINING_JOB) == ["update"]
    assert [job["TrainingJobName"] for job in stack.jobs("work")] == [running["TrainingJobName"]]

    (program / "model.py").touch()
    assert "create" in stack.preview().succeeded().changes


def test_data_that_are_no_longer_there_stop_no_job(new_stack: NewStack, program: Path) -> None:
    (program / ".venv").symlink_to(CHECKOUT / ".venv")
    labels = ["data/Labels.csv", "data/labels.csv"]
    for name in ("src/train.py", "shared/images/1.png", *labels):
        (program / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(CHECKOUT / JOB_FOLDER / "steps.py", program / name)
    (program / "data" / "images").symlink_to("../shared/images")
    job = counting_job(
        FOREVER,
        source={"dir": "src", "entryPoint": "train.py"},
        inputs={"train": {"path": "data"}},
    )
    stack = new_stack(stack_with(work=job), project=program)
    stack.up().succeeded()
    [running] = stack.jobs("work")
    train = next(each for each in running["InputDataConfig"] if each["ChannelName"] == "train")
    uri = train["DataSource"]["S3DataSource"]["S3Uri"]
    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    listed = stack.client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]
    found = [each["Key"].removeprefix(prefix) for each in listed]
    assert found == ["Labels.csv", "images/1.png", "labels.csv"]

    for name in ("data/images", *labels):
        (program / name).unlink()
    for result in (stack.preview().failed(), stack.up().failed()):
        assert "jobs.work.inputs.train.path:" in result.text
        assert "has no file that counts" in result.text
        assert "Remedy: " in result.text
        assert "Traceback" not in result.text
    [job] = stack.jobs("work")
    assert job["TrainingJobStatus"] == "InProgress"
