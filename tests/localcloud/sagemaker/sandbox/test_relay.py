"""What is passed on for a job's hosts, on sockets of this machine."""

from __future__ import annotations

import socket
import struct
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from localcloud.sagemaker.sandbox import relay

QUESTION = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00 and the rest"


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> socket.socket:
    """A name server, which the relay asks after one that is not there."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))
    monkeypatch.setattr(relay, "NAME_PORT", server.getsockname()[1])
    monkeypatch.setattr(relay, "name_servers", lambda: ["127.0.0.2", "127.0.0.1"])
    return server


def ask() -> bytes:
    """What the relay answers to the question."""
    served = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    served.bind(("127.0.0.1", 0))
    relay.start(relay.NAMES, served, endpoint=0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(30)
        asking.sendto(QUESTION, served.getsockname())
        return asking.recv(1000)


def test_the_first_name_server_that_answers_is_used(answering: socket.socket):
    def answer() -> None:
        question, asker = answering.recvfrom(1000)
        answering.sendto(question + b", answered", asker)

    threading.Thread(target=answer, daemon=True).start()

    assert ask() == QUESTION + b", answered"
    answering.close()


def test_without_a_name_server_a_question_fails_at_once(answering: socket.socket):
    answering.close()

    answer = ask()

    assert (answer[:2], answer[3] & 15) == (QUESTION[:2], 2)


def test_the_name_servers_are_this_machines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(relay, "RESOLVER", tmp_path / "resolv.conf")
    assert relay.name_servers() == ["127.0.0.1"]

    relay.RESOLVER.write_text("search home\nnameserver 10.0.0.2\nnameserver\nnameserver fd00::1\n")

    assert relay.name_servers() == ["10.0.0.2", "fd00::1"]


def test_a_connection_that_was_not_redirected_is_not_passed_on():
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()),
    ):
        connection, _ = listener.accept()
        with (
            connection,
            pytest.raises(OSError, match=r"passed on|No such file|Protocol not available"),
        ):
            relay.wanted_address(connection)


@dataclass
class Redirected:
    """A connection that the kernel redirected from an address."""

    address: str

    def getsockopt(self, *_: int) -> bytes:
        head = struct.pack("=H", socket.AF_INET) + struct.pack(">H", 443)
        return head + socket.inet_aton(self.address) + bytes(8)

    def getsockname(self) -> tuple[str, int]:
        return "198.18.0.254", 40000


def test_a_redirected_connection_leads_where_it_was_made_to():
    connection: Any = Redirected("198.51.100.7")

    assert relay.wanted_address(connection) == ("198.51.100.7", 443)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "0.0.0.0"])  # noqa: S104
def test_no_forged_packet_leads_to_this_machines_loopback(address: str):
    connection: Any = Redirected(address)

    with pytest.raises(OSError, match="No connection is passed on"):
        relay.wanted_address(connection)


def through_the_relay(port: int) -> socket.socket:
    """A connection that the relay passes on to a port."""
    listener = socket.create_server(("127.0.0.1", 0))
    relay.start(relay.ENDPOINT, listener, endpoint=port)
    return socket.create_connection(listener.getsockname(), timeout=30)


def test_the_end_of_one_direction_leaves_the_other_open():
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        through_the_relay(server.getsockname()[1]) as client,
    ):
        client.sendall(b"question")
        client.shutdown(socket.SHUT_WR)
        connection, _ = server.accept()
        with connection, connection.makefile("rb") as received:
            assert received.read() == b"question"
            connection.sendall(b"answer")
        assert client.makefile("rb").read() == b"answer"


def test_a_connection_that_breaks_or_cannot_be_made_is_reset_and_does_not_seem_complete():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with through_the_relay(port) as client:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"the first half")
                assert client.recv(100) == b"the first half"
                lingering = struct.pack("=ii", 1, 0)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, lingering)
            with pytest.raises(ConnectionResetError):
                client.recv(100)

    with through_the_relay(port) as client, pytest.raises(ConnectionResetError):
        client.recv(100)
