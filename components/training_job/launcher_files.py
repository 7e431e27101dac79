"""The launcher's files, which travel to a job in its channel `code` beside the source archive."""

from __future__ import annotations

from pathlib import Path

from components.content import content_hash, files_in

_FOLDER = Path(__file__).parent / "code_channel"


def launcher_files() -> dict[str, Path]:
    """Each file by its path below the channel's prefix; `launcher.py` is the entry point."""
    return {relative.as_posix(): _FOLDER / relative for relative in files_in(_FOLDER)}


def launcher_hash() -> str:
    """Eight hexadecimal digits that stand for the contents of all of them."""
    return content_hash(_FOLDER)[:8]
