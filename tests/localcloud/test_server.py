"""The server itself: start, find, stop, and who may talk to it."""

from __future__ import annotations

import http.client
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud import daemon
from tests.localcloud.cloud import Cloud, eventually, processes_below
from tests.localcloud.conftest import FAST


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    daemon.stop(tmp_path)


def test_a_server_is_started_once_found_and_stopped(data: Path):
    assert daemon.find(data) is None
    server = daemon.start(data)

    assert daemon.start(data) == daemon.find(data) == server
    assert json.loads((data / "server.json").read_text())["url"] == server.url
    assert server.url == f"http://127.0.0.1:{server.port}"
    assert daemon.stop(data)
    assert not daemon.stop(data)
    assert daemon.find(data) is None
    assert not (data / "server.json").exists()


def test_a_server_that_cannot_start_says_why(data: Path):
    with pytest.raises(daemon.StartError, match="is none of auto, bubblewrap"):
        daemon.start(data, "--sandbox", "docker")


@pytest.mark.parametrize("sandbox", ["namespaces", "processes"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_no_process_of_a_job_outlives_the_server(data: Path, sandbox: str, number: int):
    server = daemon.start(data, *FAST, "--sandbox", sandbox)
    cloud = Cloud(server, data)
    script = f"""
        import signal, subprocess, sys, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        sleep = 'import time; time.sleep(60)'
        subprocess.Popen([sys.executable, '-c', sleep, {str(data)!r}], start_new_session=True)
        print('running', flush=True)
        time.sleep(60)
    """
    for name in [cloud.create(script, EnableNetworkIsolation=each) for each in (True, False)]:
        cloud.wait_for_line(name, "running")
    assert len(processes_below(data)) >= 5

    os.kill(server.pid, number)

    eventually(lambda: True if not processes_below(data) else None)


def test_the_next_server_removes_what_a_killed_one_left(data: Path):
    server = daemon.start(data, *FAST)
    cloud = Cloud(server, data)
    name = cloud.create("import time; print('running'); time.sleep(60)")
    cloud.wait_for_line(name, "running")
    os.kill(server.pid, signal.SIGKILL)
    eventually(lambda: True if daemon.find(data) is None else None)
    assert list((data / "jobs").iterdir())

    daemon.start(data)

    assert not (data / "jobs").exists()


def test_nothing_of_a_finished_job_stays_on_disk(cloud: Cloud):
    name = cloud.run("import os; os.makedirs('/tmp/a/b'); os.chmod('/tmp/a', 0)")["TrainingJobName"]

    assert [path for path in (cloud.data / "jobs").iterdir() if path.name.startswith(name)] == []


def test_a_reset_ends_and_forgets_all_jobs(data: Path):
    server = daemon.start(data, *FAST)
    cloud = Cloud(server, data)
    name = cloud.create("import time; print('running'); time.sleep(60)")
    cloud.wait_for_line(name, "running")

    assert ask(server, "POST", "/moto-api/reset") == 200

    assert cloud.sagemaker.list_training_jobs()["TrainingJobSummaries"] == []
    eventually(lambda: True if not list((data / "jobs").glob("*")) else None)


def ask(
    server: daemon.Server, method: str, path: str, headers: dict[str, str] | None = None
) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request(method, path, headers=headers or {})
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost:1"}, 200),
        ({"Host": "rebound.example.com"}, 403),
        ({"Host": "127.0.0.1.example.com"}, 403),
        ({"Host": "["}, 403),
        ({"Origin": "https://example.com"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
    ],
)
def test_pages_of_other_origins_are_kept_out(cloud: Cloud, headers: dict[str, str], status: int):
    assert ask(cloud.server, "GET", "/moto-api/", headers) == status
