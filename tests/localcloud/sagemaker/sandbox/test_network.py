"""The networks of a job's hosts: who reaches whom, and which ports are free."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from localcloud.sagemaker.sandbox.choice import Sandbox, choose
from localcloud.sagemaker.sandbox.job_network import JobNetwork
from tests.localcloud.cloud import LISTEN, Cloud, eventually, named, resources

MEET = """
import json, signal, socket, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
config = json.load(open('/opt/ml/input/config/resourceconfig.json'))
own, (other,) = config['current_host'], set(config['hosts']) - {config['current_host']}
interface = config['network_interface_name']
assert interface in [name for _, name in socket.if_nameindex()], interface
listener = socket.create_server(('', 7777))
while True:
    try:
        connection = socket.create_connection((other, 7777))
        break
    except ConnectionRefusedError:
        time.sleep(0.05)
connection.sendall(f'{JOB} {own}'.encode())
connection.shutdown(socket.SHUT_WR)
incoming, (address, _) = listener.accept()
assert address == socket.gethostbyname(other) != socket.gethostbyname(own), address
print('met', incoming.recv(100).decode())
time.sleep(600)
"""


@pytest.fixture(scope="module", autouse=True)
def _networks() -> None:
    if not choose().networks:
        pytest.skip("this machine's kernel refuses networks for single hosts")


def test_hosts_and_jobs_at_once_listen_on_one_port_and_meet_only_their_own(cloud: Cloud):
    jobs = {
        cloud.create(
            f"JOB = {number}\n{MEET}",
            EnableNetworkIsolation=isolated,
            ResourceConfig=resources(2),
        ): [f"met {number} algo-1", f"met {number} algo-2"]
        for number, isolated in enumerate((True, False, False))
    }
    # All at once: each host listens until it is stopped.
    eventually(lambda: {name: sorted(cloud.lines(name)) for name in jobs} == jobs or None)

    assert {cloud.stop(name)["TrainingJobStatus"] for name in jobs} == {"Stopped"}


def own_address() -> str:
    """The address with which this machine reaches others."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no network")
        return str(probe.getsockname()[0])


@contextmanager
def greeting(address: str) -> Iterator[tuple[str, int]]:
    """A server that answers one connection with what it sent, to the end, and a greeting."""
    with socket.create_server((address, 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection, connection.makefile("rb") as sent:
                connection.sendall(sent.read() + b", hello")

        threading.Thread(target=answer, daemon=True).start()
        yield server.getsockname()


def test_a_job_reaches_the_server_and_the_outside_but_not_this_machines_loopback(cloud: Cloud):
    with greeting(own_address()) as outside, socket.create_server(("127.0.0.1", 0)) as inside:
        job = cloud.run(
            f"""
            import boto3, socket
            bucket = dict(Bucket='training-artifacts', Key='from-a-job')
            boto3.client('s3').put_object(**bucket, Body=b'here')
            with socket.create_connection({outside!r}) as connection:
                connection.sendall(b'x' * 1_000_000)
                connection.shutdown(socket.SHUT_WR)
                received = b''.join(iter(lambda: connection.recv(65536), b''))
            assert received == b'x' * 1_000_000 + b', hello'
            try:
                socket.create_connection({inside.getsockname()!r})
            except ConnectionRefusedError:
                raise SystemExit(0)
            raise SystemExit(1)
            """,
            EnableNetworkIsolation=False,
        )

    assert job.get("FailureReason") is None
    assert cloud.get("from-a-job") == b"here"


def holders(server: int) -> list[int]:
    """The processes that hold the networks of a server's jobs."""
    return named("network", server)


def test_a_job_that_ends_gives_its_network_back(start: Callable[[], Cloud]):
    cloud = start()  # of its own, without jobs of other tests
    name = cloud.create(LISTEN, EnableNetworkIsolation=False)
    cloud.wait_for_line(name, "running")
    assert holders(cloud.server.pid)
    cloud.stop(name)

    eventually(lambda: True if not holders(cloud.server.pid) else None)


def test_without_single_networks_the_hosts_of_an_isolated_job_share_one(
    monkeypatch: pytest.MonkeyPatch,
):
    def refuse(self: JobNetwork, hosts: int, endpoint: int = 0) -> None:
        begin(self, 0 if not hosts else -1, endpoint)

    begin = JobNetwork.__init__
    monkeypatch.setattr(JobNetwork, "__init__", refuse)

    chosen = choose("namespaces")

    assert chosen == Sandbox("namespaces", networks=False)
    assert "veth" in chosen.shortcomings
    shared = JobNetwork(0)
    assert shared.namespaces(1) == shared.namespaces(2)
    shared.close()
