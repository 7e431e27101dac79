"""The local MLflow server: nothing of it is left, however it ends."""

from __future__ import annotations

import sys
import urllib.request
from pathlib import Path

import pytest

from development.local_mlflow import end_servers, mlflow_server
from development.terminal import CommandError
from localcloud.server import process_table
from tests.toolchain.fake_programs import write_script

SERVER = """
import http.server, os, signal, subprocess, sys
port = int(sys.argv[sys.argv.index("--port") + 1])
print(sys.argv[-4:], os.environ["MLFLOW_DISABLE_TELEMETRY"], flush=True)
worker = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
subprocess.Popen([sys.executable, "-c", worker], start_new_session=True)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A server that leaves a worker behind in a session of its own."""
    (tmp_path / "server.py").write_text(SERVER)
    return write_script(tmp_path, "mlflow", f'exec {sys.executable} {tmp_path}/server.py "$@"')


def left(folder: Path) -> list[list[str]]:
    mark = f"TRAINING_MLFLOW_FOLDER={folder}"
    running = process_table.running().values()
    return [each.command() for each in running if mark in each.environment()]


def test_a_server_answers_on_loopback_and_leaves_no_process_behind(program: Path, tmp_path: Path):
    folder = tmp_path / "kept"
    with mlflow_server(program, folder, port=0) as url:
        assert url.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(f"{url}/health", timeout=60) as answer:  # noqa: S310
            assert answer.status == 200
        assert len(left(folder)) == 2
    assert left(folder) == []
    assert f"sqlite:///{folder}/mlflow.db" in (folder / "server.log").read_text()


def test_what_a_killed_command_left_is_ended_by_the_next_one(program: Path, tmp_path: Path):
    server = mlflow_server(program, tmp_path / "kept", port=0)
    server.__enter__()
    end_servers(tmp_path / "kept")
    assert left(tmp_path / "kept") == []
    server.__exit__(None, None, None)


def test_a_server_that_does_not_start_says_why(tmp_path: Path):
    broken = write_script(tmp_path, "mlflow", "echo no database >&2; exit 1")
    with (
        pytest.raises(CommandError, match=r"server\.log ends with:\nno database"),
        mlflow_server(broken, tmp_path / "kept", port=0),
    ):
        pass
