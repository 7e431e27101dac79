"""The server itself: start, find, stop, and who may talk to it."""

from __future__ import annotations

import http.client
import json
import os
import resource
import signal
import socket
import time
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from pathlib import Path

import pytest

from localcloud.server import daemon
from tests.localcloud.cloud import (
    BUCKET,
    FAST,
    LISTEN,
    Cloud,
    children,
    command,
    eventually,
    processes_below,
)
from tests.localcloud.signing import signed

Confined = Callable[[str], Cloud]
_OWN_NETWORK = str(Path("/proc/self/ns/net").readlink())


def test_a_server_that_cannot_start_says_why(tmp_path: Path):
    with pytest.raises(daemon.StartError, match="is not one of auto, bubblewrap"):
        daemon.start(tmp_path, "--sandbox", "docker")


def test_a_job_runs_though_the_path_of_the_data_is_longer_than_that_of_a_socket_may_be(
    tmp_path: Path,
):
    data = tmp_path / ("long-" * 30)
    data.mkdir()
    cloud = Cloud(daemon.start(data, *FAST), data)
    try:
        assert cloud.run("print('trained')")["TrainingJobStatus"] == "Completed"
    finally:
        daemon.stop(data)


def run_stubborn_jobs(cloud: Cloud) -> None:
    """Leaves running jobs, isolated and not, that ignore SIGTERM, as their children do."""
    script = f"""
        import signal, subprocess, sys, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        sleep = 'import time; time.sleep(60)'
        command = [sys.executable, '-c', sleep, {str(cloud.data)!r}]
        subprocess.Popen(command, start_new_session=True)
        print('running', flush=True)
        time.sleep(60)
    """
    for name in [cloud.create(script, EnableNetworkIsolation=each) for each in (True, False)]:
        cloud.wait_for_line(name, "running")
    assert len(processes_below(cloud.data)) >= 3  # the server and the children


def below(server: daemon.Server) -> list[int]:
    """A server's own processes, and what these have forked."""
    own = children(server.pid)
    return [*own, *(each for parent in own for each in children(parent))]


def networks_of(processes: Iterable[Path]) -> set[str]:
    """The network namespaces, other than this one, that processes hold; paths are of /proc."""
    found: set[str] = set()
    for process in processes:
        with suppress(OSError):
            links = [process / "ns" / "net", *(process / "fd").iterdir()]
            found |= {name for link in links if (name := str(link.readlink())).startswith("net:")}
    return found - {_OWN_NETWORK}


def test_an_idle_server_has_no_other_process(start: Callable[[], Cloud]):
    cloud = start()
    assert children(cloud.server.pid) == []
    assert cloud.run("print('trained')")["TrainingJobStatus"] == "Completed"
    assert children(cloud.server.pid) != []


@pytest.mark.deep
@pytest.mark.parametrize("sandbox", ["namespaces", "processes"])
def test_a_killed_server_leaves_no_process_and_the_next_one_no_file(
    confined: Confined, sandbox: str
):
    cloud = confined(sandbox)
    run_stubborn_jobs(cloud)
    processes = below(cloud.server)
    # Two fork servers, and for each job an agent and an instance.
    assert len(processes) >= 2 + 2 * 2
    networks = networks_of(Path(f"/proc/{each}") for each in processes)
    assert networks or sandbox == "processes"

    os.kill(cloud.server.pid, signal.SIGKILL)

    eventually(lambda: True if daemon.find(cloud.data) is None else None)
    eventually(lambda: True if not processes_below(cloud.data) else None)
    eventually(lambda: not any(map(command, processes)) or None)
    eventually(lambda: networks.isdisjoint(networks_of(Path("/proc").iterdir())) or None)
    assert str(cloud.data) not in Path("/proc/mounts").read_text()
    left = list((cloud.data / "jobs").iterdir())
    assert left
    stop_the_next_one(confined(sandbox), left)


def stop_the_next_one(cloud: Cloud, left: list[Path]) -> None:
    data = cloud.data
    assert [folder for folder in left if folder.exists()] == []
    run_stubborn_jobs(cloud)
    processes = below(cloud.server)

    assert daemon.stop(data)

    assert processes_below(data) == []
    eventually(lambda: not any(map(command, processes)) or None)
    assert str(data) not in Path("/proc/mounts").read_text()
    assert not (data / "server.json").exists()
    assert not (data / "tmp").exists()
    assert daemon.find(data) is None
    assert not daemon.stop(data)


def test_a_server_has_the_files_for_many_jobs_where_programs_may_open_few(
    start: Callable[[], Cloud],
):
    few, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (100, most))
    try:
        cloud = start()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (few, most))

    jobs = [cloud.create(LISTEN) for _ in range(12)]
    for job in jobs:
        cloud.wait_for_line(job, "running")
    assert len(list(Path(f"/proc/{cloud.server.pid}/fd").iterdir())) > 100
    assert {cloud.stop(job)["TrainingJobStatus"] for job in jobs} == {"Stopped"}


def test_a_server_is_started_once_and_found(cloud: Cloud):
    server, data = cloud.server, cloud.data

    assert daemon.start(data) == daemon.find(data) == server
    assert json.loads((data / "server.json").read_text())["url"] == server.url
    assert server.url == f"http://127.0.0.1:{server.port}"


def test_only_this_machine_can_reach_it_at_one_address(cloud: Cloud):
    assert ask(cloud.server, "GET", "/moto-api/") == 200

    # A server that listened on all of the machine's addresses would answer here as well.
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", cloud.server.port), timeout=60)


@pytest.mark.deep
def test_a_request_that_is_under_way_at_the_end_is_answered_and_kept(
    start: Callable[[], Cloud],
):
    cloud = start()
    address = ("127.0.0.1", cloud.server.port)
    headers = {
        "Host": f"127.0.0.1:{cloud.server.port}",
        "Content-Length": "6",
        "Expect": "100-continue",
        **signed("s3"),
    }
    lines = [f"PUT /{BUCKET}/late HTTP/1.1", *(f"{name}: {each}" for name, each in headers.items())]
    head = "\r\n".join([*lines, "", "hal"])
    with socket.create_connection(address, timeout=60) as connection:
        connection.sendall(head.encode())
        received = connection.makefile("rb")
        assert received.readline() == b"HTTP/1.1 100 Continue\r\n"  # the server reads
        time.sleep(0.5)
        os.kill(cloud.server.pid, signal.SIGTERM)
        eventually(lambda: None if (cloud.data / daemon.STATE_FILE).exists() else True)
        time.sleep(2)  # in which a server that did not wait would take its last snapshot and end
        connection.sendall(b"ves")
        answer = received.read()

    assert b"\r\nHTTP/1.1 200" in answer
    eventually(lambda: True if daemon.find(cloud.data) is None else None)
    assert start().get("late") == b"halves"


def test_a_reset_ends_and_forgets_all_jobs(confined: Confined):
    cloud = confined("processes")
    cloud.wait_for_line(cloud.create(LISTEN), "running")

    assert ask(cloud.server, "POST", "/moto-api/reset") == 200

    assert cloud.sagemaker.list_training_jobs()["TrainingJobSummaries"] == []
    eventually(lambda: True if not list((cloud.data / "jobs").glob("*")) else None)
    assert cloud.sagemaker.search(Resource="TrainingJob")["Results"] == []
    cloud.fill()


def test_nothing_of_a_finished_job_stays_on_disk(cloud: Cloud):
    name = cloud.run("import os; os.makedirs('/tmp/a/b'); os.chmod('/tmp/a', 0)")["TrainingJobName"]

    assert list((cloud.data / "jobs").glob(f"{name}-*")) == []


def ask(
    server: daemon.Server, method: str, path: str, headers: dict[str, str] | None = None
) -> int:
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)) as connection:
        connection.request(method, path, headers=headers or {})
        return connection.getresponse().status


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
