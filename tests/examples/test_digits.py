"""The digits example, run by the launcher as two hosts that find each other on the loopback."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DIGITS = ROOT / "examples" / "digits"
HOSTS = ["127.0.0.2", "127.0.0.3"]
WAIT_SECONDS = 120
SHORT = {"epochs": "6", "hidden": "32", "checkpoint-every": "25"}


class Cluster:
    """Two hosts' containers, and the folder that stands in for the checkpoints' S3 prefix."""

    def __init__(self, folder: Path, hyperparameters: dict[str, str]) -> None:
        self.folder = folder
        self.kept = folder / "kept"
        self.kept.mkdir(parents=True)
        self.hyperparameters = hyperparameters
        self.processes: list[subprocess.Popen[str]] = []

    def start(self) -> None:
        """Starts a job on fresh hosts that get a copy of the checkpoints."""
        with socket.socket() as free:
            free.bind((HOSTS[0], 0))
            port = str(free.getsockname()[1])
        self.processes = [self._start(host, port) for host in HOSTS]

    def _start(self, host: str, port: str) -> subprocess.Popen[str]:
        base = self.folder / host
        shutil.rmtree(base, ignore_errors=True)
        write(base, "resourceconfig", {"current_host": host, "hosts": HOSTS})
        write(base, "inputdataconfig", {"code": {}, "train": {}})
        write(base, "hyperparameters", self.hyperparameters)
        data = base / "input" / "data"
        shutil.copytree(DIGITS / "data", data / "train")
        shutil.copytree(self.kept, base / "checkpoints")
        (data / "code").mkdir()
        shutil.copy(ROOT / "components" / "training_job" / "launcher.py", data / "code")
        with tarfile.open(data / "code" / "source.tar.gz", "w:gz") as tar:
            for script in DIGITS.glob("*.py"):
                tar.add(script, script.name)
        return subprocess.Popen(
            [
                *(sys.executable, str(data / "code" / "launcher.py")),
                *("--distribution", "jax", "--entry-point", "train.py"),
            ],
            env={
                "PATH": os.environ["PATH"],
                "PYTHONWARNINGS": "error",
                "SAGEMAKER_BASE_DIR": str(base),
                "MASTER_ADDR": HOSTS[0],
                "MASTER_PORT": port,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def wait_for(self, beginning: str) -> None:
        """Reads the first host's log until a line begins like that."""
        log = self.processes[0].stdout
        assert log is not None
        for line in log:
            if line.startswith(beginning):
                return
        pytest.fail(f"no line begins with {beginning!r}")

    def end(self) -> list[tuple[int, str, str]]:
        """Waits for the job's end, keeps its checkpoints; each host's exit code and output."""
        results = []
        for process in self.processes:
            output, errors = process.communicate(timeout=WAIT_SECONDS)
            results.append((process.returncode, output, errors))
        shutil.rmtree(self.kept)
        shutil.copytree(self.folder / HOSTS[0] / "checkpoints", self.kept)
        return results

    def run(self) -> str:
        """Runs a job to its end, which has to be a good one; the first host's log."""
        self.start()
        results = self.end()
        assert [code for code, _, _ in results] == [0, 0], results
        return results[0][1]

    def kill(self) -> None:
        for process in self.processes:
            process.kill()
        self.end()

    @property
    def model(self) -> Path:
        return self.folder / HOSTS[0] / "model"


def write(base: Path, name: str, content: object) -> None:
    path = base / "input" / "config" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path / "cluster", dict(SHORT))
    yield cluster
    for process in cluster.processes:
        process.kill()
        process.communicate()


def steps_kept(cluster: Cluster) -> list[int]:
    return sorted(int(path.name[5:14]) for path in cluster.kept.iterdir())


# --- training -------------------------------------------------------------------------------


def test_a_full_run_recognises_95_percent_and_prints_what_metrics_are_read_from(
    cluster: Cluster,
) -> None:
    cluster.hyperparameters = {}
    log = cluster.run()
    lines = re.findall(r"^epoch=(\d+) step=(\d+) loss=(\S+) accuracy=(\S+)$", log, re.M)
    assert [int(epoch) for epoch, *_ in lines] == list(range(1, 41))
    assert float(lines[-1][2]) < float(lines[0][2])
    (accuracy,) = re.findall(r"^test_accuracy=([0-9.]+)", log, re.M)
    assert float(accuracy) >= 0.95

    assert not list((cluster.folder / HOSTS[1]).glob("model/*"))
    with tarfile.open(cluster.folder / "model.tar.gz", "w:gz") as tar:
        tar.add(cluster.model, ".")
    command = [sys.executable, str(DIGITS / "predict.py"), str(cluster.folder / "model.tar.gz")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert f"accuracy={accuracy}" in done.stdout


def test_an_interrupted_run_ends_with_the_same_model_to_the_last_bit(
    cluster: Cluster, tmp_path: Path
) -> None:
    undisturbed = Cluster(tmp_path / "undisturbed", dict(SHORT))
    undisturbed.run()

    cluster.start()
    cluster.wait_for("epoch=1 ")
    cluster.processes[1].terminate()  # only one host hears of it, both stop after the same step
    results = cluster.end()
    assert [code for code, _, _ in results] == [0, 0], results
    (stopped_after,) = re.findall(r"told to stop: step (\d+) of 264 is saved", results[0][1])
    assert steps_kept(cluster)[-1] == int(stopped_after)
    assert not cluster.model.exists()

    cluster.start()
    cluster.wait_for("goes on after step " + stopped_after)
    cluster.wait_for("epoch=4 ")
    cluster.kill()
    *_, before, newest = steps_kept(cluster)
    assert newest >= 125

    damaged = next(cluster.kept.glob(f"step-{newest:09d}*"))
    damaged.write_bytes(damaged.read_bytes()[:-1])
    assert f"goes on after step {before} of 264" in cluster.run()
    assert (cluster.model / "model.npz").read_bytes() == (
        undisturbed.model / "model.npz"
    ).read_bytes()


def test_a_checkpoint_of_another_network_is_refused_by_all_hosts(cluster: Cluster) -> None:
    alone = train_alone(cluster.kept, "--epochs", "1", "--hidden", "16")
    assert alone.returncode == 0, alone.stderr
    cluster.start()
    assert [code for code, _, errors in cluster.end() if "Traceback" not in errors] == [1, 1]
    failure = (cluster.folder / HOSTS[0] / "output" / "failure").read_text()
    assert "was made with {'hidden': 16, 'batch-size': 32, 'seed': 0}" in failure
    assert "start a fresh lineage" in failure


@pytest.mark.deep
def test_a_run_disturbed_at_random_ends_with_the_same_model(
    cluster: Cluster, tmp_path: Path
) -> None:
    settings = {"epochs": "30", "checkpoint-every": "40"}
    undisturbed = Cluster(tmp_path / "undisturbed", settings)
    undisturbed.run()
    cluster.hyperparameters = settings
    moments = random.Random(11)  # noqa: S311
    for disturbance in range(8):
        cluster.start()
        try:
            cluster.processes[0].wait(timeout=moments.uniform(1, 6))
        except subprocess.TimeoutExpired:
            cluster.processes[moments.randrange(2)].send_signal(
                signal.SIGTERM if disturbance % 2 else signal.SIGKILL
            )
        if disturbance % 2 == 0:
            cluster.kill()
        else:
            cluster.end()
    cluster.run()
    assert (cluster.model / "model.npz").read_bytes() == (
        undisturbed.model / "model.npz"
    ).read_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--batch-size", "5000"], "batch-size is 5000; it has to be a multiple of 1"),
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
        env={"PATH": os.environ["PATH"], "SM_MODEL_DIR": str(checkpoints.parent / "alone")},
        capture_output=True,
        text=True,
        check=False,
    )
