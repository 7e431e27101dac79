"""A client of AWS in its own environment, and a local cloud for it."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.localcloud.cloud import Cloud
from toolchain.environment import client_environment
from toolchain.layout import Layout

CLIENT_SECONDS = 300.0
_SETTINGS = Path(__file__).with_name("sagemaker-config.yaml")


@dataclass(frozen=True)
class Outcome:
    """What a client's script printed: all lines, and its result, the JSON in the last of them."""

    result: dict[str, Any]
    lines: list[str]


def environment_of(client: str) -> Path:
    """The folder of a client's environment, which `make test-clients` creates."""
    folder = Layout().clients / client
    if not (folder / ".complete").exists():
        pytest.fail(f"{folder} is not there or not complete; run `make test-clients`.")
    return folder


def run(cloud: Cloud, command: list[str | Path], folder: Path) -> tuple[str, str]:
    """The standard output and error of a client that calls a local cloud, run in `folder`."""
    layout = Layout(local=folder)
    environment = client_environment(layout, endpoint_url=cloud.server.url, inherited=os.environ)
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment | {"SAGEMAKER_USER_CONFIG_OVERRIDE": str(_SETTINGS)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=CLIENT_SECONDS,
    )
    assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stderr}"
    return done.stdout, done.stderr


def run_script(cloud: Cloud, script: Path, folder: Path, *arguments: str) -> Outcome:
    """Runs a script with the client whose folder it is in."""
    python = environment_of(script.parent.name) / "bin" / "python"
    output, errors = run(cloud, [python, script, *arguments], folder)
    lines = output.splitlines()
    return Outcome(json.loads(lines[-1]), errors.splitlines() + lines)
