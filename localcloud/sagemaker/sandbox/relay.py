"""Passes on the connections of a job's hosts to the local cloud's server and to the outside.

The sockets that it serves are in the job's network namespaces, those that it opens are in this
machine's. Two threads for each connection: a job has few. Standard library only.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

SERVED = ENDPOINT, OUTBOUND, NAMES, LONG_NAMES = "endpoint", "outbound", "names", "long names"
"""What a socket is for: the server, the outside, DNS by UDP, DNS by TCP."""
NAME_PORT = 53
RESOLVER = Path("/etc/resolv.conf")
_ORIGINAL_DESTINATION = 80
_OWN_MACHINE = ("127.", "0.")
_CHUNK_BYTES = 1 << 18
_MESSAGE_BYTES = 1 << 16
_CONNECT_SECONDS, _NAME_SECONDS = 30.0, 4.0
_PAUSE_SECONDS = 0.1
_SERVER_FAILURE = b"\x81\x82"
"""The flags of a DNS message: an answer, recursion wanted and available, SERVFAIL."""

Address = tuple[str, int]


def start(label: str, served: socket.socket, endpoint: int) -> None:
    """Serves one socket in a thread of its own; `endpoint` is the server's port."""
    destinations: dict[str, Callable[[socket.socket], Address]] = {
        ENDPOINT: lambda _: ("127.0.0.1", endpoint),
        OUTBOUND: wanted_address,
        LONG_NAMES: lambda _: (name_servers()[0], NAME_PORT),
    }
    if label == NAMES:
        _thread(_answer_questions, served)
    else:
        _thread(_accept, served, destinations[label])


def wanted_address(connection: socket.socket) -> Address:
    """The address to which a redirected connection was made.

    Raises OSError if the connection was not redirected, or if the address would be this machine's
    loopback, which only a forged packet can have.
    """
    answer = connection.getsockopt(socket.SOL_IP, _ORIGINAL_DESTINATION, 16)
    port, number = struct.unpack_from(">2xH4s", answer)
    address = socket.inet_ntoa(number)
    if (address, port) == connection.getsockname() or address.startswith(_OWN_MACHINE):
        raise OSError(f"No connection is passed on to {address}.")
    return address, port


def name_servers() -> list[str]:
    """The name servers of this machine, as they are now; its own loopback if none is named."""
    lines = RESOLVER.read_text().splitlines() if RESOLVER.exists() else []
    words = [line.split() for line in lines if line.startswith("nameserver")]
    return [row[1] for row in words if len(row) > 1] or ["127.0.0.1"]


def _thread(function: Callable[..., None], *arguments: Any) -> None:
    threading.Thread(target=function, args=arguments, daemon=True).start()


def _accept(listener: socket.socket, destination: Callable[[socket.socket], Address]) -> None:
    while True:
        try:
            inner, _ = listener.accept()
        except OSError:
            # No descriptor is left until another connection ends.
            time.sleep(_PAUSE_SECONDS)
            continue
        try:
            _thread(_pass_on, inner, destination)
        except RuntimeError:
            # No thread is left.
            _reset_at_close(inner)
            inner.close()


def _pass_on(inner: socket.socket, destination: Callable[[socket.socket], Address]) -> None:
    """Connects, and copies in both directions until both ends have finished or one has failed.

    A failure at one end, also to connect, is a reset at the other: never a normal end.
    """
    with inner:
        try:
            outer = socket.create_connection(destination(inner), _CONNECT_SECONDS)
        except OSError:
            _reset_at_close(inner)
            return
        outer.settimeout(None)
        with outer:
            _copy_both(inner, outer)


def _copy_both(inner: socket.socket, outer: socket.socket) -> None:
    failed = threading.Event()
    for end in (inner, outer):
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    back = threading.Thread(target=_copy, args=(outer, inner, failed), daemon=True)
    try:
        back.start()
        _copy(inner, outer, failed)
        back.join()
    except RuntimeError:
        # No thread is left.
        failed.set()
    if failed.is_set():
        _reset_at_close(inner)
        _reset_at_close(outer)


def _copy(source: socket.socket, target: socket.socket, failed: threading.Event) -> None:
    """Copies until the source ends, and then ends the target; an error sets `failed`."""
    try:
        while data := source.recv(_CHUNK_BYTES):
            target.sendall(data)
        if not failed.is_set():
            target.shutdown(socket.SHUT_WR)
    except OSError:
        failed.set()
        # Ends the wait of the other direction for data. No end sees this as a normal end.
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RD)


def _reset_at_close(end: socket.socket) -> None:
    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("=ii", 1, 0))


def _answer_questions(questions: socket.socket) -> None:
    """Answers each DNS message with what this machine's name servers answer."""
    while True:
        # As in `_accept`; a question without an answer is asked again.
        with contextlib.suppress(OSError, RuntimeError):
            question, asker = questions.recvfrom(_MESSAGE_BYTES)
            _thread(_answer, questions, question, asker)


def _answer(questions: socket.socket, question: bytes, asker: Address) -> None:
    answers = (_ask(server, question) for server in name_servers())
    failed = question[:2] + _SERVER_FAILURE + question[4:]
    with contextlib.suppress(OSError):
        questions.sendto(next(filter(None, answers), failed), asker)


def _ask(server: str, question: bytes) -> bytes:
    """The answer of a name server; empty if there is none."""
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as asking:
            asking.settimeout(_NAME_SECONDS)
            asking.connect((server, NAME_PORT))
            asking.send(question)
            return asking.recv(_MESSAGE_BYTES)
    except OSError:
        return b""
