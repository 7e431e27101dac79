"""Holds the networks of one job while the job's instances live.

Each host has a network namespace of its own, with loopback and `eth0`. A bridge joins them, in one
more namespace, the hub.

A host of a job that is not isolated reaches the server at its own 127.0.0.1, and by TCP what this
machine reaches; the hub answers its questions for names. The sockets for this are made in the
namespaces, but this process, which is outside, serves them: relay.py.

The networks end with this process. Standard library only.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from collections.abc import Iterator
from typing import NoReturn

from localcloud.sagemaker.sandbox import linux, netlink, relay

# RFC 2544 reserves it for tests, so no network that a script may want to reach is hidden.
NETWORK = "198.18.0"
GATEWAY = f"{NETWORK}.254"
INTERFACE = "eth0"
LOOPBACK = "127.0.0.1"
_PREFIX_BITS = 24
_OUTSIDE = ("192.0.2.1", 9)
"""An address that no machine has (RFC 5737), for a trial."""
_BRIDGE = "hub"
_TRIAL_SECONDS = 5.0
_LABEL_BYTES = 16


def main(output: int, hosts: int, endpoint: int) -> int:
    """Creates the networks of some hosts, and serves them until this process is killed.

    `endpoint` is the port of the local cloud's server on this machine; 0 for an isolated job. With
    0 hosts there is one namespace for all of them, with only loopback, for a kernel that refuses
    the rest. When the networks are there, `output` gets a line of JSON: the descriptors of this
    process that are the user namespace and the hosts' network namespaces. Without networks,
    the function returns an exit code.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if os.fork() == 0:
        ours.close()
        _build_and_exit(hosts, endpoint, theirs)
    theirs.close()
    made: dict[str, list[int]] = {}
    for label, descriptor in _received(ours):
        made.setdefault(label, []).append(descriptor)
    _, status = os.wait()
    if status:
        return os.waitstatus_to_exitcode(status)
    linux.open_as_many_files_as_allowed()  # a connection that is passed on has two
    with os.fdopen(output, "w") as file:
        print(json.dumps({"user": made["user"][0], "hosts": made["host"]}), file=file)
    for label in relay.SERVED:
        for descriptor in made.get(label, []):
            relay.start(label, socket.socket(fileno=descriptor), endpoint)
    while True:
        signal.pause()


def resolver() -> str:
    """The resolv.conf of the hosts: this machine's, with the hub as the name server."""
    there = relay.RESOLVER.read_text().splitlines() if relay.RESOLVER.exists() else []
    kept = [line for line in there if not line.startswith("nameserver")]
    return "\n".join([f"nameserver {GATEWAY}", *kept]) + "\n"


def _received(channel: socket.socket) -> Iterator[tuple[str, int]]:
    """The descriptors that the building process sends, with their labels, until it ends."""
    while True:
        label, descriptors, _, _ = socket.recv_fds(channel, _LABEL_BYTES, 1)
        if not label:
            return
        yield label.decode(), descriptors[0]


def _build_and_exit(hosts: int, endpoint: int, channel: socket.socket) -> NoReturn:
    """Makes the networks in this process, and sends all that the other one needs of them."""
    try:
        for label, descriptor in _build(hosts, endpoint):
            socket.send_fds(channel, [label.encode()], [descriptor])
    except OSError as error:
        print(f"The kernel refused a network for a job: {error}", file=sys.stderr, flush=True)
        os._exit(1)
    os._exit(0)


def _build(hosts: int, endpoint: int) -> Iterator[tuple[str, int]]:
    user, group = os.geteuid(), os.getegid()
    linux.unshare(linux.CLONE_NEWUSER)
    linux.map_to_root(user, group)
    yield "user", os.open("/proc/self/ns/user", os.O_RDONLY)
    namespaces = [_new_namespace() for _ in range(hosts or 1)]
    yield from (("host", namespace) for namespace in namespaces)
    if not hosts:
        return
    yield "hub", _new_namespace()
    netlink.create_bridge(_BRIDGE)
    netlink.add_address(_BRIDGE, GATEWAY, _PREFIX_BITS)
    for number, namespace in enumerate(namespaces, 1):
        netlink.create_pair(f"host-{number}", _BRIDGE, INTERFACE, namespace)
    outbound = _open_hub() if endpoint else []
    for number, namespace in enumerate(namespaces, 1):
        linux.enter(namespace, linux.CLONE_NEWNET)
        linux.bring_up(INTERFACE)
        netlink.add_address(INTERFACE, f"{NETWORK}.{number}", _PREFIX_BITS)
        if endpoint:
            netlink.add_default_route(GATEWAY)
            yield relay.ENDPOINT, _listen(LOOPBACK, endpoint).detach()
    if endpoint:
        _try_outbound(outbound[0][1])
    yield from ((label, made.detach()) for label, made in outbound)


def _new_namespace() -> int:
    """Enters a new network namespace with loopback, and returns a descriptor of it."""
    linux.unshare(linux.CLONE_NEWNET)
    linux.bring_up("lo")
    return os.open("/proc/self/ns/net", os.O_RDONLY)


def _open_hub() -> list[tuple[str, socket.socket]]:
    """The sockets of the hub, to which the hosts' connections to the outside come."""
    outbound = _listen(GATEWAY, 0)
    netlink.redirect_tcp(socket.inet_aton(GATEWAY)[:3], outbound.getsockname()[1])
    questions = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    questions.bind((GATEWAY, relay.NAME_PORT))
    long_questions = _listen(GATEWAY, relay.NAME_PORT)
    return [
        (relay.OUTBOUND, outbound),
        (relay.NAMES, questions),
        (relay.LONG_NAMES, long_questions),
    ]


def _listen(address: str, port: int) -> socket.socket:
    return socket.create_server((address, port), backlog=socket.SOMAXCONN)


def _try_outbound(listener: socket.socket) -> None:
    """Raises OSError unless a connection of a host to the outside comes to the hub's listener."""
    with socket.create_connection(_OUTSIDE, _TRIAL_SECONDS):
        listener.settimeout(_TRIAL_SECONDS)
        connection, _ = listener.accept()
        listener.settimeout(None)
        with connection:
            if relay.wanted_address(connection) != _OUTSIDE:
                raise OSError("A connection lost the address that it was made to.")
