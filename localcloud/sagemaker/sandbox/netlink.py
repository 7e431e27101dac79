"""Makes interfaces, addresses and routes in the current network namespace, through netlink.

As `ip` and `nft` do, which a machine may lack. Standard library only: this runs before the instance
has its own environment. Every function raises OSError if the kernel refuses.
"""

from __future__ import annotations

import errno
import os
import socket
import struct

_ROUTE, _NETFILTER = 0, 12
_REQUEST, _ACK, _EXCLUSIVE, _CREATE = 0x1, 0x4, 0x200, 0x400
_HEADER = struct.Struct("=IHHII")
_ERROR_MESSAGE = 2
_ANSWER_BYTES = 1 << 16

_NEW_LINK, _NEW_ADDRESS, _NEW_ROUTE = 16, 20, 24
_UP = 1
_NAME, _MASTER, _LINK_INFO, _NAMESPACE = 3, 10, 18, 28
_MAIN_TABLE, _BOOT_PROTOCOL, _UNICAST = 254, 3, 1

_BATCH_BEGIN, _BATCH_END = 0x10, 0x11
_NF_TABLES = 10
_NEW_TABLE, _NEW_CHAIN, _NEW_RULE = (_NF_TABLES << 8 | number for number in (0, 3, 6))
_PREROUTING, _BEFORE_ROUTING_PRIORITY = 0, -100
_REGISTER = struct.pack(">I", 1)
_EQUAL, _NOT_EQUAL = 0, 1
_TRANSPORT_PROTOCOL = 16
_NETWORK_HEADER, _DESTINATION_OFFSET = 1, 16


def create_bridge(name: str) -> None:
    """Creates a bridge, and brings it up."""
    kind = _attribute(1, b"bridge")
    _change_route(_NEW_LINK, _link(name, _attribute(_LINK_INFO, kind)))


def create_pair(name: str, bridge: str, peer: str, namespace: int) -> None:
    """Creates a port of a bridge, and its peer, still down, in the namespace of a descriptor."""
    far_end = _link(peer, _attribute(_NAMESPACE, struct.pack("=I", namespace)), flags=0)
    info = _attribute(1, b"veth") + _attribute(2, _attribute(1, far_end))
    master = _attribute(_MASTER, struct.pack("=I", socket.if_nametoindex(bridge)))
    _change_route(_NEW_LINK, _link(name, master + _attribute(_LINK_INFO, info)))


def add_address(interface: str, address: str, prefix: int) -> None:
    """Gives an interface an IPv4 address in a network whose prefix has `prefix` bits."""
    index = socket.if_nametoindex(interface)
    number = socket.inet_aton(address)
    message = struct.pack("=BBBBI", socket.AF_INET, prefix, 0, 0, index)
    _change_route(_NEW_ADDRESS, message + _attribute(2, number) + _attribute(1, number))


def add_default_route(gateway: str) -> None:
    """Sends to `gateway` what is for no network of the namespace."""
    kind = (0, 0, 0, _MAIN_TABLE, _BOOT_PROTOCOL, 0, _UNICAST, 0)
    message = struct.pack("=BBBBBBBBI", socket.AF_INET, *kind)
    _change_route(_NEW_ROUTE, message + _attribute(5, socket.inet_aton(gateway)))


def redirect_tcp(network: bytes, port: int) -> None:
    """Delivers at `port` of this namespace each TCP connection that comes from an interface.

    Except those for an address that begins with the bytes `network`.
    """
    is_tcp = (
        _expression("meta", _REGISTER, struct.pack(">I", _TRANSPORT_PROTOCOL)),
        _compare(_EQUAL, bytes([socket.IPPROTO_TCP])),
    )
    place = (_NETWORK_HEADER, _DESTINATION_OFFSET, len(network))
    is_outside = (
        _expression("payload", _REGISTER, *(struct.pack(">I", number) for number in place)),
        _compare(_NOT_EQUAL, network),
    )
    redirect = (
        _expression("immediate", _REGISTER, _attribute(1, struct.pack(">H", port))),
        _expression("redir", _REGISTER),
    )
    table, chain = b"relay\0", b"outbound\0"
    hook = _attribute(1, struct.pack(">I", _PREROUTING))
    hook += _attribute(2, struct.pack(">i", _BEFORE_ROUTING_PRIORITY))
    _change_filter(
        (_NEW_TABLE, _attribute(1, table)),
        (
            _NEW_CHAIN,
            _attribute(1, table)
            + _attribute(3, chain)
            + _attribute(4, hook)
            + _attribute(7, b"nat\0"),
        ),
        (
            _NEW_RULE,
            _attribute(1, table)
            + _attribute(2, chain)
            + _attribute(4, b"".join((*is_tcp, *is_outside, *redirect))),
        ),
    )


def _link(name: str, attributes: bytes, flags: int = _UP) -> bytes:
    """The message that describes a new interface."""
    head = struct.pack("=BxHiII", socket.AF_UNSPEC, 0, 0, flags, flags)
    return head + _attribute(_NAME, name.encode() + b"\0") + attributes


def _compare(operator: int, value: bytes) -> bytes:
    return _expression("cmp", _REGISTER, struct.pack(">I", operator), _attribute(1, value))


def _expression(name: str, *values: bytes) -> bytes:
    """One expression of a rule; its attributes are numbered from 1."""
    data = b"".join(_attribute(number, value) for number, value in enumerate(values, 1))
    return _attribute(1, _attribute(1, name.encode() + b"\0") + _attribute(2, data))


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("=HH", len(value) + 4, kind) + value + bytes(-len(value) % 4)


def _change_route(kind: int, body: bytes) -> None:
    _send(_ROUTE, [_message(kind, body, _ACK | _CREATE | _EXCLUSIVE, 1)])


def _change_filter(*changes: tuple[int, bytes]) -> None:
    """Makes changes of the packet filter, all or none."""
    edge = struct.pack(">BBH", socket.AF_UNSPEC, 0, _NF_TABLES)
    ipv4 = struct.pack(">BBH", socket.AF_INET, 0, 0)
    messages = [
        _message(kind, ipv4 + body, _ACK | _CREATE, number)
        for number, (kind, body) in enumerate(changes, 1)
    ]
    begin, end = (_message(kind, edge, 0, 0) for kind in (_BATCH_BEGIN, _BATCH_END))
    _send(_NETFILTER, [begin, *messages, end])


def _message(kind: int, body: bytes, flags: int, number: int) -> bytes:
    return _HEADER.pack(_HEADER.size + len(body), kind, _REQUEST | flags, number, 0) + body


def _send(protocol: int, messages: list[bytes]) -> None:
    """Sends messages, and reads the kernel's answer to each that has a number."""
    numbers = {_HEADER.unpack_from(message)[3] for message in messages} - {0}
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol) as netlink:
        netlink.bind((0, 0))
        netlink.send(b"".join(messages))
        while numbers:
            numbers -= _acknowledged(netlink.recv(_ANSWER_BYTES))


def _acknowledged(answers: bytes) -> set[int]:
    """The numbers of the messages that the kernel has carried out. Raises OSError if it refused."""
    numbers = set()
    while answers:
        length, kind, _, number, _ = _HEADER.unpack_from(answers)
        if kind == _ERROR_MESSAGE:
            (code,) = struct.unpack_from("=i", answers, _HEADER.size)
            if code:
                raise OSError(-code, f"netlink: {os.strerror(-code)}", errno.errorcode.get(-code))
            numbers.add(number)
        answers = answers[length + -length % 4 :]
    return numbers
