"""The specification of an instance: its command, its files, its name and its network.

Only the standard library: the processes that set an instance up read it too. They start for each
instance, and would take a quarter more of a processor's time if they loaded `dataclasses`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal, NamedTuple

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

    def write(self, path: Path) -> None:
        """Writes JSON that only its owner can read, because the environment may have secrets."""
        path.touch(mode=0o600)
        path.write_text(json.dumps(self))

    @classmethod
    def read(cls, path: Path) -> Specification:
        """Reads what `write` wrote."""
        made = cls(*json.loads(path.read_text()))
        return made._replace(
            command=tuple(made.command),
            mounts=tuple(Mount(*mount) for mount in made.mounts),
            namespaces=made.namespaces and Namespaces(*made.namespaces),
        )
