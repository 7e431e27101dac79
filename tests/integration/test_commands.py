"""The commands of the Makefile, from a set-up to nothing left, on the real engine."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from development import commands
from development.engine import DOWNSTREAM, Engine
from development.engine_locks import locks_of
from development.jobs import runs_of
from development.leftovers import end_processes_of, processes_of
from localcloud.server import daemon
from localcloud.snapshots.file import KEPT
from tests.integration.engine import Stack
from tests.integration.test_downstream import entry_of, on_top_of
from toolchain.environment import REGION
from toolchain.layout import CHECKOUT, Layout

pytestmark = [pytest.mark.integration, pytest.mark.deep]

LINEAGE = "research-dev-digits"
WAIT_SECONDS = 600.0
TRIALS = 12


@pytest.fixture
def layout(tmp_path: Path, plugins: Path) -> Iterator[Layout]:
    layout = Layout(local=tmp_path / "local")
    layout.pulumi_home.mkdir(parents=True)
    (layout.pulumi_home / "plugins").symlink_to(plugins)
    yield layout
    end_processes_of(layout.pulumi_home)
    daemon.stop(layout.cloud)


def test_up_trains_a_model_once_whatever_becomes_of_the_local_cloud_until_down_leaves_nothing(
    layout: Layout, capfd: pytest.CaptureFixture[str]
):
    clean = top_files()
    assert commands.up(layout) == 0
    a_training_was_shown(capfd.readouterr().out)
    [job] = jobs_of(layout)
    assert job["TrainingJobStatus"] == "Completed"
    assert "test_accuracy" in (layout.local / "reports" / f"{LINEAGE}.html").read_text()
    assert commands.report(layout, "digits") == 0
    assert "The newest job completed on " in capfd.readouterr().out
    assert commands.predict(layout) == 0
    assert commands.downstream(layout) == 0
    assert "/models/dev/digits" in capfd.readouterr().out

    daemon.stop(layout.cloud)
    assert commands.up(layout) == 0
    printed = capfd.readouterr().out
    assert "unchanged" in printed
    assert "started again" not in printed
    assert [job] == jobs_of(layout)

    daemon.stop(layout.cloud)
    shutil.rmtree(layout.cloud / KEPT)
    assert commands.up(layout) == 0
    printed = capfd.readouterr().out
    assert "It began empty." in printed
    assert "Missing: " in printed
    assert [job["TrainingJobStatus"] for job in jobs_of(layout)] == ["Completed"]

    assert_down_leaves_nothing(layout)
    assert top_files() == clean


def a_training_was_shown(printed: str) -> None:
    for expected in (
        "sagemaker-training@v0.1.0",  # the policy pack that judged it
        "epoch=",
        "final test_accuracy",
        " s of training, ",
        "ceiling",
        "Report: ",
        "make predict",
    ):
        assert expected in printed
    # The two lines before the job's log, and those of its result.
    assert len([line for line in printed.splitlines() if "│" not in line]) <= 2 + 10


def assert_down_leaves_nothing(layout: Layout) -> None:
    """From a local cloud that runs, and from one that is gone with all that was in it."""
    server = daemon.find(layout.cloud)
    assert server is not None
    assert commands.down(layout) == 0
    assert Engine(layout, "dev", server.url).resources() == []
    assert Engine(layout, "dev", server.url, DOWNSTREAM).resources() == []
    assert not Path(f"/proc/{server.pid}").exists()
    assert daemon.find(layout.cloud) is None
    assert processes_of(layout.pulumi_home) == []
    assert commands.down(layout) == 0
    assert daemon.find(layout.cloud) is None
    shutil.rmtree(layout.cloud / KEPT)
    assert commands.down(layout) == 0
    assert not Engine(layout, "dev", "").exists()


def test_pause_ends_the_waiting_of_another_up_and_the_next_up_resumes(
    layout: Layout, capfd: pytest.CaptureFixture[str]
):
    with up_beside(layout) as other:
        wait_until(lambda: "epoch=2 " in output_of(layout))
        assert commands.pause(layout, None) == 0
        assert other.wait(WAIT_SECONDS) != 0
    [job] = jobs_of(layout)
    assert job["TrainingJobStatus"] == "Stopped"
    waited = output_of(layout)
    assert "Stopped by `make pause`: digits." in waited
    assert "`make up` goes on: from the newest checkpoint." in waited
    assert "Remedy" not in waited

    capfd.readouterr()
    assert commands.pause(layout, None) == 0
    assert "Paused already: digits.\n`make up` goes on: from" in capfd.readouterr().out
    assert commands.up(layout) == 0
    assert "goes on after step" in capfd.readouterr().out
    newest, before = jobs_of(layout)
    assert newest["TrainingJobStatus"] == "Completed"
    assert before == job


def test_after_ctrl_c_up_says_what_became_of_its_job_and_the_next_up_launches_no_other(
    layout: Layout, capfd: pytest.CaptureFixture[str]
):
    with up_beside(layout) as other:
        wait_until(lambda: "epoch=2 " in output_of(layout))
        os.killpg(other.pid, signal.SIGINT)
        assert other.wait(WAIT_SECONDS) != 0
    said = output_of(layout)
    assert "A job that was launched runs on; `make pause` stops it." in said
    assert "│ Completed" in said
    assert commands.pause(layout, None) == 0
    assert "No job runs, so there is nothing to pause." in capfd.readouterr().out
    assert commands.up(layout) == 0
    [job] = jobs_of(layout)
    assert job["TrainingJobStatus"] == "Completed"


def test_after_a_killed_engine_the_next_up_goes_on_with_the_same_job(
    layout: Layout, capfd: pytest.CaptureFixture[str]
):
    with up_beside(layout) as other:
        wait_until(lambda: "epoch=2 " in output_of(layout))
        [lock] = locks_of(layout.state)
        assert not lock.is_dead()
        os.kill(lock.process, signal.SIGKILL)
        assert other.wait(WAIT_SECONDS) == 128 + signal.SIGKILL
    assert processes_of(layout.pulumi_home) != []
    capfd.readouterr()
    assert commands.up(layout) == 0
    assert processes_of(layout.pulumi_home) == []
    assert "no longer runs" in capfd.readouterr().out
    [job] = jobs_of(layout)
    assert job["TrainingJobStatus"] == "Completed"
    daemon.stop(layout.cloud)  # which `down` starts again
    assert commands.down(layout) == 0
    assert Engine(layout, "dev", "").resources() == []
    assert daemon.find(layout.cloud) is None


def test_after_a_killed_local_cloud_the_next_up_repairs_the_stack_and_its_job_goes_on(
    layout: Layout, capfd: pytest.CaptureFixture[str]
):
    with up_beside(layout) as other:
        wait_until(lambda: "epoch=2 " in output_of(layout))
        server = daemon.find(layout.cloud)
        assert server is not None
        os.kill(server.pid, signal.SIGKILL)
        assert other.wait(WAIT_SECONDS) != 0
    assert commands.up(layout) == 0
    assert "The last server did not end normally" in capfd.readouterr().out
    assert jobs_of(layout)[0]["TrainingJobStatus"] == "Completed"
    assert commands.down(layout) == 0


def test_the_tuned_example_beats_the_untuned_job_though_the_local_cloud_is_killed(
    layout: Layout, capfd: pytest.CaptureFixture[str], report: Callable[[str], None]
):
    stack, start = "research-tuning", time.monotonic()
    with up_beside(layout, stack) as other:
        wait_until(lambda: len(ended_trials(layout)) >= 3)
        server, before = daemon.find(layout.cloud), ended_trials(layout)
        assert server is not None
        os.kill(server.pid, signal.SIGKILL)
        assert other.wait(WAIT_SECONDS) != 0
    assert commands.up(layout, stack) == 0
    seconds = time.monotonic() - start
    printed = capfd.readouterr().out
    assert ": test_accuracy = " in printed
    assert "Tuning job digits" in printed

    outputs = engine_of(layout, stack).outputs()
    tuned = outputs["tuning_jobs"]["digits"]
    assert tuned["outcome"] == "completed"
    assert tuned["counters"]["completed"] == TRIALS
    untuned = accuracy_of_the_untuned_script(layout)
    assert tuned["objective_value"] > untuned
    trials = table_of(layout, tuned["trials_uri"])["trials"]
    assert max(each["objective"] for each in trials) == tuned["objective_value"]
    assert before <= {each["name"] for each in trials if each["status"] == "Completed"}
    assert len(trials) == TRIALS

    assert commands.status(layout, stack) == 0
    shown = capfd.readouterr().out
    assert f"Completed: {TRIALS} of {TRIALS} trials ended, 0 running" in shown
    assert shown.count("│ Completed") == TRIALS
    assert commands.logs(layout, None, False, stack) == 0
    assert capfd.readouterr().out.count("test_accuracy=") >= TRIALS

    registry = on_top_of(Stack(layout, engine_of(layout, stack).endpoint_url, {}, stack), "digits")
    registry.up().succeeded()
    entry = entry_of(registry, "digits")
    assert entry["model_uri"] == tuned["model_uri"]
    assert entry["hyperparameters"] == tuned["best_hyperparameters"]
    assert entry["metrics"] == {"test_accuracy": tuned["objective_value"]}
    assert commands.down(layout) == 0
    report(
        f"The tuned example: {TRIALS} trials in {seconds:.0f} s, with a killed server in between; "
        f"best accuracy {tuned['objective_value']:.4f}, untuned {untuned:.4f}"
    )


def ended_trials(layout: Layout) -> set[str]:
    """The names of the trials that completed, of all tuning jobs there are."""
    server = daemon.find(layout.cloud)
    if server is None:
        return set()
    sagemaker = boto3.client("sagemaker", endpoint_url=server.url, region_name=REGION)
    jobs = sagemaker.list_training_jobs(StatusEquals="Completed", MaxResults=100)
    return {each["TrainingJobName"] for each in jobs["TrainingJobSummaries"]}


def engine_of(layout: Layout, stack: str) -> Engine:
    server = daemon.find(layout.cloud)
    assert server is not None
    return Engine(layout, stack, server.url)


def table_of(layout: Layout, uri: str) -> dict[str, Any]:
    """The document at a URI in S3."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    url = engine_of(layout, "").endpoint_url
    body = boto3.client("s3", endpoint_url=url).get_object(Bucket=bucket, Key=key)["Body"]
    table: dict[str, Any] = json.load(body)
    return table


def accuracy_of_the_untuned_script(layout: Layout) -> float:
    """What the script reaches with its own hyperparameters, in as many epochs as a trial has."""
    modules = CHECKOUT / "components/training_job/code_channel/launcher/modules"
    output, model = layout.local / "checkpoints", layout.local / "model"
    done = subprocess.run(
        [
            *(sys.executable, CHECKOUT / "examples/digits/train.py", "--epochs", "5"),
            *("--checkpoints", output, "--model", model),
        ],
        env=os.environ | {"PYTHONPATH": str(modules)},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout.rpartition("test_accuracy=")[2].split()[0])


def up_beside(layout: Layout, stack: str = "dev") -> subprocess.Popen[str]:
    """`make up` in a session of its own, as in another terminal, which writes to a file."""
    script = (
        "import sys; from pathlib import Path; from development import commands; "
        "from toolchain.layout import Layout; "
        "sys.exit(commands.up(Layout(local=Path(sys.argv[1])), sys.argv[2]))"
    )
    with (layout.local / "output").open("w") as output:
        return subprocess.Popen(
            [sys.executable, "-c", script, str(layout.local), stack],
            cwd=CHECKOUT,
            stdout=output,
            stderr=output,
            text=True,
            start_new_session=True,
        )


def output_of(layout: Layout) -> str:
    return (layout.local / "output").read_text()


def wait_until(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.2)


def jobs_of(layout: Layout) -> list[dict[str, Any]]:
    """Descriptions of the runs of the example's job, the newest first."""
    server = daemon.find(layout.cloud)
    assert server is not None
    sagemaker = boto3.client("sagemaker", endpoint_url=server.url, region_name=REGION)
    names = [run["TrainingJobName"] for run in runs_of(sagemaker, [LINEAGE])]
    described = [sagemaker.describe_training_job(TrainingJobName=name) for name in names]
    return [{**each, "ResponseMetadata": None} for each in described]


def top_files() -> dict[str, bytes]:
    """The files next to Pulumi.yaml, where the engine would write by default."""
    return {file.name: file.read_bytes() for file in CHECKOUT.iterdir() if file.is_file()}
