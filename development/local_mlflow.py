"""An MLflow server of the checkout, on loopback, with its database in a folder of .local.

MLflow leaves processes behind when it is asked to end. So its processes have a group of their own,
and a variable with which also those of a server are found whose command was killed.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from development.terminal import CommandError
from localcloud.server import process_table

PORT = 5000
"""The port that MLflow's documentation uses; another one is taken where it is not free."""

_HOST = "127.0.0.1"
_FOLDER = "TRAINING_MLFLOW_FOLDER"
_START_SECONDS = 180.0
_END_SECONDS = 10.0
_POLL_SECONDS = 0.2
_SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    # Seven more processes, for what this server is not used for.
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "GIT_PYTHON_REFRESH": "quiet",
}


@contextmanager
def mlflow_server(program: Path, folder: Path, port: int = PORT) -> Iterator[str]:
    """The address of a server, which runs while the body does; its folder keeps what it has.

    Args:
        program: MLflow's command line.
        folder: the folder of the database and the server's log; one server at a time.
        port: the port, if it is free.

    Raises:
        CommandError: the server did not start.
    """
    folder.mkdir(parents=True, exist_ok=True)
    end_servers(folder)
    port = _free_port(port)
    command = [
        *(str(program), "server", "--host", _HOST, "--port", str(port), "--workers", "1"),
        *("--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}"),
        *("--artifacts-destination", str(folder / "artifacts")),
    ]
    log = folder / "server.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **_SETTINGS, _FOLDER: str(folder)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        url = f"http://{_HOST}:{port}"
        _wait_for(url, process, log)
        yield url
    finally:
        _end(process)
        end_servers(folder)


def end_servers(folder: Path) -> None:
    """Ends all processes of the server of a folder."""
    until = time.monotonic() + _END_SECONDS
    while (left := list(_processes_of(folder))) and time.monotonic() < until:
        process_table.end(left)
        time.sleep(_POLL_SECONDS)


def _processes_of(folder: Path) -> Iterator[process_table.Process]:
    mark = f"{_FOLDER}={folder}"
    for process in process_table.others_of_this_user(process_table.running()):
        if mark in process.environment():
            yield process


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends a server's process group: kindly, so that the database is closed, and then not."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_END_SECONDS)


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        with suppress(OSError), urllib.request.urlopen(f"{url}/health", timeout=5):  # noqa: S310
            return
        time.sleep(_POLL_SECONDS)
    last = "\n".join(log.read_text(errors="replace").splitlines()[-5:])
    message = f"MLflow's server did not start; {log} ends with:\n{last}"
    raise CommandError(message)


def _free_port(wanted: int) -> int:
    for port in (wanted, 0):
        with suppress(OSError), socket.socket() as found:
            # As a server does, which can use a port that was in use some seconds ago.
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            found.bind((_HOST, port))
            return int(found.getsockname()[1])
    message = f"No port on {_HOST} is free."
    raise CommandError(message)
