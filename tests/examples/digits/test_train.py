"""The digits example, run by the launcher as hosts that find each other on the loopback."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

import training_checkpoints
from components.training_job.code_channel.launcher_archive import write_launcher
from components.training_job.request.definition import LAUNCHER

ROOT = Path(__file__).parents[3]
DIGITS = ROOT / "examples" / "digits"
HOSTS = ["127.0.0.2", "127.0.0.3", "127.0.0.4"]
WAIT_SECONDS = 120
SHORT = {"epochs": "10", "hidden": "32", "checkpoint-every": "25"}


class Host:
    """One host's container: its folders, and the launcher that runs in it."""

    def __init__(
        self, base: Path, name: str, hosts: list[str], settings: dict[str, str], kept: Path
    ) -> None:
        """Makes the container as the service does, with a copy of the checkpoints kept."""
        self.base = base
        self.name = name
        shutil.rmtree(base, ignore_errors=True)
        write(base, "resourceconfig", {"current_host": name, "hosts": hosts})
        write(base, "inputdataconfig", {"code": {}, "train": {}})
        write(base, "hyperparameters", settings)
        data = base / "input" / "data"
        shutil.copytree(DIGITS / "data", data / "train")
        shutil.copytree(kept, base / "checkpoints")
        (data / "code").mkdir()
        write_launcher(data / "code" / LAUNCHER)
        with tarfile.open(data / "code" / "source.tar.gz", "w:gz") as tar:
            for script in DIGITS.glob("*.py"):
                tar.add(script, script.name)

    def start(self, port: str) -> None:
        with (self.base / "log").open("wb") as log, (self.base / "errors").open("wb") as errors:
            self.launcher = subprocess.Popen(
                [
                    *(sys.executable, str(self.base / "input" / "data" / "code" / LAUNCHER)),
                    *("--distribution", "jax", "--entry-point", "train.py"),
                ],
                env={
                    "PATH": os.environ["PATH"],
                    "PYTHONWARNINGS": "error",
                    "SAGEMAKER_BASE_DIR": str(self.base),
                    "MASTER_PORT": port,
                },
                stdout=log,
                stderr=errors,
            )

    @property
    def log(self) -> str:
        return (self.base / "log").read_text()

    @property
    def errors(self) -> str:
        return (self.base / "errors").read_text()

    @property
    def failure(self) -> str:
        return (self.base / "output" / "failure").read_text()

    def kill_script(self) -> None:
        pid = self.launcher.pid
        with contextlib.suppress(FileNotFoundError):
            for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(child), signal.SIGKILL)


class Cluster:
    """A job's hosts, and the folder in place of its checkpoint prefix in S3."""

    def __init__(self, folder: Path, settings: dict[str, str]) -> None:
        self.folder = folder
        self.kept = folder / "kept"
        self.kept.mkdir(parents=True)
        self.settings = settings
        self.hosts: list[Host] = []

    def start(self, number: int = 2) -> None:
        """Starts a job on so many fresh hosts."""
        with socket.socket() as free:
            free.bind((HOSTS[0], 0))
            port = str(free.getsockname()[1])
        names = HOSTS[:number]
        self.hosts = [
            Host(self.folder / name, name, names, self.settings, self.kept) for name in names
        ]
        for host in self.hosts:
            host.start(port)

    def wait_for(self, beginning: str) -> None:
        """Waits until a line of the first host's log begins like that."""
        wait_until(lambda: f"\n{beginning}" in self.hosts[0].log)

    def end(self) -> list[int | None]:
        """Waits for the job's end and keeps its checkpoints; each host's exit code.

        As the service does, ends all hosts where one fails.
        """
        codes: list[int | None] = []

        def ended() -> bool:
            codes[:] = [host.launcher.poll() for host in self.hosts]
            return None not in codes or any(codes)

        wait_until(ended)
        if None in codes:
            time.sleep(2)
            self.kill()
        shutil.rmtree(self.kept)
        shutil.copytree(self.hosts[0].base / "checkpoints", self.kept)
        return [host.launcher.wait() for host in self.hosts]

    def kill(self) -> None:
        for host in self.hosts:
            host.kill_script()
        for host in self.hosts:
            host.launcher.wait(timeout=WAIT_SECONDS)

    def run(self, number: int = 2) -> str:
        """Runs a job to its end, which has to be a good one; the first host's log."""
        self.start(number)
        assert self.end() == [0] * number, self.hosts[0].errors
        return self.hosts[0].log

    @property
    def model(self) -> Path:
        return self.hosts[0].base / "model"


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)


def write(base: Path, name: str, content: object) -> None:
    path = base / "input" / "config" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path / "cluster", dict(SHORT))
    yield cluster
    cluster.kill()


def steps_kept(cluster: Cluster) -> list[int]:
    return sorted(int(path.name[5:14]) for path in cluster.kept.iterdir())


# --- training -------------------------------------------------------------------------------


@pytest.mark.deep
def test_a_full_run_recognises_95_percent_and_prints_what_metrics_are_read_from(
    cluster: Cluster,
) -> None:
    cluster.settings = {}
    log = cluster.run()
    lines = reports(log)
    assert [int(epoch) for epoch, *_ in lines] == list(range(1, 41))
    assert float(lines[-1][2]) < float(lines[0][2])
    (accuracy,) = re.findall(r"^test_accuracy=([0-9.]+)", log, re.M)
    assert float(accuracy) >= 0.95

    assert not list((cluster.hosts[1].base).glob("model/*"))
    with tarfile.open(cluster.folder / "model.tar.gz", "w:gz") as tar:
        tar.add(cluster.model, ".")
    command = [sys.executable, str(DIGITS / "predict.py"), str(cluster.folder / "model.tar.gz")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert f"accuracy={accuracy}" in done.stdout


@pytest.mark.deep
def test_a_run_goes_on_on_one_host_and_then_on_three_as_if_it_had_never_changed(
    cluster: Cluster, tmp_path: Path
) -> None:
    logs = []
    for number, epoch in ((2, 1), (1, 4)):
        cluster.start(number)
        cluster.wait_for(f"epoch={epoch} ")
        cluster.hosts[-1].launcher.terminate()  # as a pause does
        assert cluster.end() == [0] * number, cluster.hosts[0].errors
        logs.append(cluster.hosts[0].log)
    logs.append(cluster.run(3))  # 32 images a step: 11, 11 and 10
    for before, after in itertools.pairwise(logs):
        (step,) = re.findall(r"asked to stop: step (\d+) of 440 is saved", before)
        assert f"goes on after step {step} of 440" in after

    undisturbed = train_alone(tmp_path / "checkpoints", "--epochs", "10", "--hidden", "32")
    numbers = [np.array(reports(log), np.float64) for log in ("".join(logs), undisturbed.stdout)]
    assert np.array_equal(numbers[0][:, :2], numbers[1][:, :2])
    assert np.allclose(numbers[0], numbers[1], atol=0.005)
    assert numbers[0][-1, -1] >= 0.95


def reports(log: str) -> list[tuple[str, ...]]:
    """The epoch, the step, the loss and the accuracy that each epoch's line has."""
    return re.findall(r"^epoch=(\d+) step=(\d+) loss=(\S+) accuracy=(\S+)$", log, re.M)


@pytest.mark.deep
def test_an_interrupted_run_ends_with_the_same_model_to_the_last_bit(
    cluster: Cluster, tmp_path: Path
) -> None:
    undisturbed = Cluster(tmp_path / "undisturbed", dict(SHORT))
    undisturbed.run()

    cluster.start()
    cluster.wait_for("epoch=1 ")
    cluster.hosts[1].launcher.terminate()  # one host gets it, both stop after the same step
    assert cluster.end() == [0, 0]
    log = cluster.hosts[0].log
    (stopped_after,) = re.findall(r"asked to stop: step (\d+) of 440 is saved", log)
    assert steps_kept(cluster)[-1] == int(stopped_after)
    assert not cluster.model.exists()

    cluster.settings = {**SHORT, "hidden": "16"}
    cluster.start()
    assert cluster.end() == [1, 1], "a checkpoint of another network is refused by all hosts"
    assert "with {'hidden': 32, 'batch-size': 32, 'seed': 0}" in cluster.hosts[0].failure
    assert "start a fresh lineage" in cluster.hosts[0].failure
    assert not any("Traceback" in host.errors for host in cluster.hosts)

    cluster.settings = SHORT
    cluster.start()
    cluster.wait_for("goes on after step " + stopped_after)
    cluster.wait_for("epoch=")
    cluster.kill()
    assert cluster.end() == [137, 137]
    *_, before, newest = steps_kept(cluster)
    assert newest < 440

    damaged = next(cluster.kept.glob(f"step-{newest:09d}*"))
    damaged.write_bytes(damaged.read_bytes()[:-1])
    assert f"goes on after step {before} of 440" in cluster.run()
    assert (cluster.model / "model.npz").read_bytes() == (
        undisturbed.model / "model.npz"
    ).read_bytes()

    cluster.settings = {**SHORT, "epochs": "1"}
    assert "step 440 is saved, of 44: nothing is left to train" in cluster.run()


@pytest.mark.deep
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--batch-size", "5000"], "batch-size is 5000; it has to be at most 1438"),
        (["--epochs", "0"], "argument --epochs: invalid"),
        (["--data", "/nowhere"], "/nowhere/digits.csv.gz not found"),
    ],
)
def test_a_wrong_setting_is_reported(tmp_path: Path, arguments: list[str], message: str) -> None:
    done = train_alone(tmp_path, *arguments)
    assert done.returncode != 0
    assert message in done.stderr


def train_alone(checkpoints: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the script by hand, without a launcher and other hosts."""
    return subprocess.run(
        [sys.executable, str(DIGITS / "train.py"), "--checkpoints", str(checkpoints), *arguments],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(Path(training_checkpoints.__file__).parent),
            "SM_MODEL_DIR": str(checkpoints.parent / "alone"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
