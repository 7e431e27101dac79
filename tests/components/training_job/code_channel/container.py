"""A folder in place of one host's container, to run the launcher in as the service does."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from components.training_job.code_channel.launcher_archive import write_launcher
from components.training_job.request.definition import LAUNCHER

WAIT_SECONDS = 60


class Container:
    """One host's container as a folder: its folders, its files, its launcher process."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.environment = {"PATH": os.environ["PATH"], "SAGEMAKER_BASE_DIR": str(base)}
        self.channel = base / "input" / "data" / "code"
        self.channel.mkdir(parents=True)
        write_launcher(self.channel / LAUNCHER)
        self.configure("hyperparameters", {})
        self.configure("inputdataconfig", {"code": {}, "train": {}})
        self.configure("resourceconfig", {"current_host": "localhost", "hosts": ["localhost"]})

    def configure(self, name: str, content: Any) -> None:
        path = self.base / "input" / "config" / f"{name}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))

    def pack(self, scripts: dict[str, str]) -> None:
        with tarfile.open(self.channel / "source.tar.gz", "w:gz") as tar:
            for name, text in scripts.items():
                add(tar, name, text.encode())

    def start(self, *arguments: str, under: tuple[str, ...] = ()) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*under, sys.executable, str(self.channel / LAUNCHER), *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, under: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        process = self.start(*arguments, under=under)
        output, errors = process.communicate(timeout=WAIT_SECONDS)
        return subprocess.CompletedProcess(process.args, process.returncode, output, errors)

    def run_script(self, text: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        self.pack({"train.py": text})
        return self.run("--entry-point", "train.py", *arguments)

    @property
    def failure(self) -> str:
        return (self.base / "output" / "failure").read_text()


def add(tar: tarfile.TarFile, name: str, content: bytes, **fields: Any) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    for field, value in fields.items():
        setattr(member, field, value)
    tar.addfile(member, io.BytesIO(content))


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


SHOW = "import json, os, sys; json.dump([dict(os.environ), sys.argv, os.getcwd()], open('{}', 'w'))"


def shown(container: Container, *arguments: str) -> tuple[dict[str, str], list[str], str]:
    """The environment, the arguments and the folder that a script finds."""
    report = container.base / "report.json"
    done = container.run_script(SHOW.format(report), *arguments)
    assert done.returncode == 0, done.stderr
    environment, argv, folder = json.loads(report.read_text())
    return environment, argv, folder


SAVES_ON_SIGTERM = """
import pathlib, signal, sys, time
def stop(*_):
    pathlib.Path('{folder}', 'saved-{name}').touch()
    sys.exit({code})
signal.signal(signal.SIGTERM, stop)
pathlib.Path('{folder}', 'ready-{name}').touch()
time.sleep(60)
"""
