"""`make track` and `make mlflow`: the jobs of a stack on the local cloud, shown elsewhere.

The clients of MLflow and of W&B are not in .venv: each has an environment of its own, which the
set-up makes.
"""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import boto3

from development import stacks
from development.jobs import lineages_with_runs
from development.local_mlflow import PORT, mlflow_server
from development.stack_file import StackFile
from development.stacks import make
from development.terminal import CommandError, console
from localcloud.server import daemon
from toolchain.environment import client_environment
from toolchain.layout import Layout

LOCAL_SERVER = f"http://127.0.0.1:{PORT}"
"""The address of the server of `make mlflow`, where its port was free."""

_ADDRESSES = ("http://", "https://", "arn:", "wandb://")
_FAMILIAR = 130
"""The exit code of a program that Ctrl-C ended."""


def must_be_trackable(layout: Layout, stack: str, to: str) -> None:
    """Refuses what can be refused without the clients.

    Raises:
        CommandError: there are no jobs to show, or TO is no address.
    """
    if not to.startswith(_ADDRESSES):
        message = (
            f"TO={to} is no address. Write TO=http://… for an MLflow server, its ARN if SageMaker "
            "manages it, or TO=wandb://entity/project for Weights & Biases."
        )
        raise CommandError(message)
    _reader(layout, stack, "mlflow")


def track(layout: Layout, stack: str, to: str) -> int:
    """Shows the stack's jobs in MLflow or W&B, once, and returns the reader's exit code.

    Raises:
        CommandError: there are no jobs to show.
    """
    client = "wandb" if to.startswith("wandb:") else "mlflow"
    command, environment = _reader(layout, stack, client)
    return subprocess.run([*command, "--to", to], env=environment, check=False).returncode


def mlflow(layout: Layout, stack: str) -> int:
    """Shows the stack's jobs on a server of the checkout, until Ctrl-C.

    Raises:
        CommandError: there are no jobs to show, or the server did not start.
    """
    command, environment = _reader(layout, stack, "mlflow")
    console.print("Starting MLflow …")
    program = layout.clients / "mlflow" / "bin" / "mlflow"
    with mlflow_server(program, layout.mlflow) as url, _left_to_the_reader():
        code = subprocess.run(
            [*command, "--to", url, "--follow"], env=environment, check=False
        ).returncode
    console.print("MLflow is stopped; what it has stays in .local/mlflow.")
    return 0 if code == _FAMILIAR else code


def _reader(layout: Layout, stack: str, client: str) -> tuple[list[str], dict[str, str]]:
    """The command that shows the stack's jobs, without the server, and its variables."""
    stacks.must_be_known(layout, stack)
    server = daemon.find(layout.cloud)
    engine = stacks.platform(layout, stack, server)
    if server is None or not engine.settings_file.exists():
        missing = "The local cloud doesn't run" if server is None else f"{stack} is not up"
        message = f"{missing}, so there are no jobs. `{make('up', stack)}` starts it."
        raise CommandError(message)
    settings = StackFile.read(engine.settings_file)
    sagemaker = boto3.client("sagemaker", endpoint_url=server.url, region_name=settings.region())
    names = lineages_with_runs(sagemaker, settings, None)
    lineages = [word for name in names for word in ("--lineage", name)]
    python = layout.clients / client / "bin" / "python"
    command = [
        *(str(python), "-m", "tracking", "sync", *lineages),
        *("--experiment", settings.name_prefix(), "--region", settings.region()),
    ]
    return command, client_environment(layout, endpoint_url=server.url)


@contextmanager
def _left_to_the_reader() -> Iterator[None]:
    """Lets Ctrl-C end the reader, and not this process, which has the server to end."""
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
