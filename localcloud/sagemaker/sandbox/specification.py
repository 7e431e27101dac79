"""The specification of an instance: its command, its files, its name and its network.

Only the standard library: the processes that set an instance up read it too.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Name = Literal["bubblewrap", "namespaces", "processes"]
"""A way of confining instances."""
Kind = Literal["bind", "read-only", "tmpfs", "proc", "symlink", "devices"]


class Mount(NamedTuple):
    """One entry of an instance's file tree; `source` is a host path or a link's target."""

    kind: Kind
    target: str
    source: str = ""
    options: str = ""


class Namespaces(NamedTuple):
    """The namespaces that an instance enters, as paths at which they can be opened."""

    user: str
    network: str


class Specification(NamedTuple):
    """One instance, as a sandbox needs it."""

    host: str
    """Host name, such as algo-1."""
    command: tuple[str, ...]
    environment: dict[str, str]
    mounts: tuple[Mount, ...]
    """In order; a mount hides earlier ones at its target."""
    root: str
    """An empty folder of the host on which the instance's root is mounted."""
    folder: str = "/"
    """The folder in which the command starts."""
    namespaces: Namespaces | None = None
    """Those of the job's network; None for this machine's network."""
    memory: int = 0
    """The most memory of each process, in bytes; 0 for no limit."""
    processors: int = 0
    """How many of the host's processors the command sees; 0 for all."""
