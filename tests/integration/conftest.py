"""Worlds for the integration tests: each its own local cloud, state and PULUMI_HOME."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.integration.engine import Stack
from toolchain.environment import aws_variables, without_user_settings
from toolchain.layout import CHECKOUT, Layout

_START_SECONDS = 60.0
_STOP_SECONDS = 20.0
_PROGRAM = ("Pulumi.yaml", "__main__.py", "components")


@pytest.fixture(scope="session", autouse=True)
def _without_user_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reaches a real account, whatever the user's own environment says."""
    folder = tmp_path_factory.mktemp("environment")
    with pytest.MonkeyPatch.context() as patch:
        for name in set(os.environ) - set(without_user_settings(os.environ)):
            patch.delenv(name)
        for name, value in aws_variables(Layout(local=folder), None).items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="session")
def plugins() -> Path:
    """The folder of the set-up's plugins."""
    layout = Layout()
    folder = layout.pulumi_home / "plugins"
    if not (layout.pulumi_bin / "pulumi").exists() or not folder.exists():
        pytest.fail("The Pulumi engine is not set up; run `make setup`, or `make test`.")
    return folder


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a local cloud that this worker's tests share."""
    with_data = tmp_path_factory.mktemp("cloud")
    yield from run_cloud(with_data)


@pytest.fixture
def own_cloud(tmp_path: Path) -> Iterator[str]:
    """The URL of a local cloud of a test's own."""
    yield from run_cloud(tmp_path / "cloud")


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A copy of the program, for a test that changes it or adds files to it."""
    return copy_program(tmp_path / "program")


@pytest.fixture
def new_stack(tmp_path: Path, plugins: Path, cloud: str) -> Iterator[Callable[..., Stack]]:
    """Makes stacks on the shared local cloud, or on another one."""
    with new_stacks(tmp_path, plugins, cloud) as make:
        yield make


def copy_program(folder: Path) -> Path:
    """Copies the program into a new folder, and returns it."""
    folder.mkdir()
    for name in _PROGRAM:
        source = CHECKOUT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / name)
    return folder


@contextmanager
def new_stacks(folder: Path, plugins: Path, cloud: str) -> Iterator[Callable[..., Stack]]:
    """Makes stacks, each with a team of its own, so that they don't see one another's jobs."""
    stacks: list[Stack] = []

    def make(settings: dict[str, Any], *, url: str = cloud, project: Path | None = None) -> Stack:
        identity = uuid.uuid4().hex[:6]
        layout = Layout(local=folder / f"world-{identity}")
        layout.pulumi_home.mkdir(parents=True)
        (layout.pulumi_home / "plugins").symlink_to(plugins)
        stack = Stack(layout, url, {"team": f"t{identity}"} | settings, project=project)
        stacks.append(stack)
        return stack

    try:
        yield make
    finally:
        for stack in stacks:
            stack.close()


def run_cloud(data: Path, *options: str) -> Iterator[str]:
    """Runs a local cloud, with options, while the generator is open; it ends with this process."""
    with_parent = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
    serve = [str(Layout().python), "-m", "localcloud", "serve", "--data", str(data)]
    command = [*with_parent, *serve, *options]
    data.mkdir(exist_ok=True)
    with (
        (data / "output.log").open("w") as output,
        subprocess.Popen(command, cwd=CHECKOUT, stdout=output, stderr=output) as process,
    ):
        try:
            yield _url_of(data, process)
        finally:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _url_of(data: Path, process: subprocess.Popen[bytes]) -> str:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        if (data / "server.json").exists():
            return str(json.loads((data / "server.json").read_text())["url"])
        time.sleep(0.05)
    return pytest.fail(f"the local cloud did not start:\n{(data / 'output.log').read_text()}")
