"""The state of an acceptance on disk: what was done, seen and promised, readable after a crash.

`python -m acceptance.diary FOLDER` ends with 1 if an acceptance in the folder is not cleaned up. It
needs no package, so it also works without a set-up.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

_FILE = "state.json"
_PRIVATE = 0o600


@dataclass
class Diary:
    """What one acceptance remembers. `write` replaces the file as a whole."""

    folder: Path
    account: str
    region: str
    image: str
    instance_type: str
    extras: list[str]
    backend: str
    max_usd: float
    identity: str = field(default_factory=lambda: secrets.token_hex(2))
    """What tells this stack from all others: the environment of its settings."""
    done: list[str] = field(default_factory=list)
    """The steps that ended, in their order."""
    running: str = ""
    """The step that is going on."""
    engine_pid: int = 0
    """The process of the Pulumi CLI that is going on."""
    cleaning: bool = False
    """Whether the clean-up has begun: after that, no step can go on."""
    finished: bool = False
    """Whether it was cleaned up to the end."""
    facts: dict[str, Any] = field(default_factory=dict)
    """What the steps saw."""
    findings: list[dict[str, Any]] = field(default_factory=list)
    """What the checks found, in the order of the checks."""
    leftovers: list[dict[str, str]] = field(default_factory=list)
    """What could not be cleaned up, with the command that does."""

    def write(self) -> None:
        """Writes the file, so that a crash leaves the old one or the new one."""
        content = {key: value for key, value in asdict(self).items() if key != "folder"}
        write_private(self.folder / _FILE, json.dumps(content, indent=1, default=str))

    @classmethod
    def read(cls, folder: Path) -> Diary:
        """The diary in a folder.

        Raises:
            FileNotFoundError: there is none.

        """
        return cls(folder=folder, **json.loads((folder / _FILE).read_text()))


def unfinished(root: Path) -> list[Path]:
    """The folders of acceptances that were not cleaned up, the oldest first."""
    folders = sorted(path.parent for path in root.glob(f"*/{_FILE}"))
    return [folder for folder in folders if not Diary.read(folder).finished]


def write_private(path: Path, content: str) -> None:
    """Writes a file that only its owner can read, as a whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.unfinished")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
    with os.fdopen(descriptor, "w") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


if __name__ == "__main__":
    sys.exit(bool(unfinished(Path(sys.argv[1]))))
