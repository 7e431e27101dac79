"""What an instance is to be: its command, its files, its name and its network.

Standard library only: the processes that set an instance up read it too.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

Kind = Literal["bind", "read-only", "tmpfs", "proc", "symlink", "devices"]


@dataclass(frozen=True)
class Mount:
    """One entry of an instance's file tree; `source` is a host path or a link's target."""

    kind: Kind
    target: str
    source: str = ""
    options: str = ""


@dataclass(frozen=True)
class Specification:
    """One instance, as the sandbox needs to know it."""

    host: str
    """Host name, such as algo-1."""
    command: tuple[str, ...]
    environment: dict[str, str]
    mounts: tuple[Mount, ...]
    """In order: a mount hides what earlier ones put at its target."""
    root: str
    """An empty folder of the host on which the instance's root is mounted."""
    folder: str = "/"
    """The folder in which the command starts."""
    network: int = 0
    """Process that holds the job's network and user namespaces; 0 for the host's network."""
    memory: int = 0
    """Bytes that each process may hold; 0 for as many as the host gives."""
    processors: int = 0
    """How many of the host's processors the command sees; 0 for all."""

    def write(self, path: Path) -> None:
        """Writes as JSON, readable by its owner only, since the environment may hold secrets."""
        path.touch(mode=0o600)
        path.write_text(json.dumps(asdict(self)))

    @classmethod
    def read(cls, path: Path) -> Specification:
        """Reads what `write` wrote."""
        document = json.loads(path.read_text())
        mounts = tuple(Mount(**mount) for mount in document.pop("mounts"))
        command = tuple(document.pop("command"))
        return cls(mounts=mounts, command=command, **document)
