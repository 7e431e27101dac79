"""The file systems that jobs mount: which ports lead to them, and which jobs name them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Ports = tuple[int, int]
"""The first and the last port of a range."""

_PORTS: dict[str, tuple[Ports, ...]] = {
    "EFS": ((2049, 2049),),
    "FSxLustre": ((988, 988), (1018, 1023)),
}
"""EFS is mounted by NFS. Lustre's ports are those of the user guide of Amazon FSx for Lustre, which
asks for them in both directions."""


@dataclass(frozen=True, order=True)
class FileSystem:
    """A file system that somebody else made, in the VPC of the jobs or one that is peered with it.

    Attributes:
        id: its id, as fs-0123456789abcdef0.
        type: EFS or FSxLustre.
        security_group_id: the security group of its network interfaces.
    """

    id: str
    type: Literal["EFS", "FSxLustre"]
    security_group_id: str

    @property
    def ports(self) -> tuple[Ports, ...]:
        """The TCP ports that a client opens."""
        return _PORTS[self.type]

    @property
    def calls_back(self) -> bool:
        """Whether the file system itself opens connections to its clients."""
        return self.type == "FSxLustre"
