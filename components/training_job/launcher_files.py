"""The launcher's files, which travel to a job in its channel `code` beside the source archive."""

from __future__ import annotations

from pathlib import Path

from components.local_files import data_files

_FOLDER = Path(__file__).parent / "code_channel"


def launcher_files() -> dict[str, Path]:
    """Each file by its path below the channel's prefix; `launcher.py` is the entry point."""
    return data_files(_FOLDER, _FOLDER).files
