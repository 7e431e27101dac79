"""Marks of completed steps, so that nothing runs if the set-up is complete."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


def fingerprint(parts: Iterable[str | Path]) -> str:
    """A hash of texts and of the contents of files, in their order."""
    digest = hashlib.sha256()
    for part in parts:
        content = part.read_bytes() if isinstance(part, Path) else part.encode()
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()


@dataclass(frozen=True)
class Stamp:
    """A file that says for which inputs a step was completed.

    The results are checked too: a stamp is worth nothing without them.
    """

    path: Path
    inputs: str
    results: tuple[Path, ...]

    def is_valid(self) -> bool:
        """Whether the step was completed for these inputs and its results still exist."""
        if not all(result.exists() for result in self.results):
            return False
        try:
            return self.path.read_text() == self.inputs
        except FileNotFoundError:
            return False

    def write(self) -> None:
        """Marks the step as completed; call this last."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(self.inputs)
