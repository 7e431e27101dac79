"""What makes a sharded save whole, on one host; the standard library only.

Each rank writes its own files of a save, into a folder of the save's own:

    step-000000120.5f0c9a1e/   __0_0.distcp  __1_0.distcp  …  metadata  manifest.json

SageMaker synchronises the folders of a job's hosts with one prefix in S3, each by itself and file
by file. So a save may reach the bucket in part, and what is there says nothing of what lacks. The
manifest does: rank 0 writes it when all ranks have finished, with the size and the SHA-256 of
every file.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

MANIFEST = "manifest.json"
METADATA = "metadata"  # PyTorch's own name for it is hidden, and hidden files may be left out
UPLOADED = ".sagemaker-uploaded"  # the service puts a file of this ending beside an uploaded one
_UNFINISHED = ".sagemaker-ignore"  # an ending that the service doesn't upload

Files = dict[str, dict[str, Any]]
"""Of each file, by its name: its size in `bytes` and its `sha256`."""


def save_name(step: int, identity: str) -> str:
    """The name of a save's folder; such names sort by their steps."""
    return f"step-{step:09d}.{identity}"


def describe(save: Path, names: Iterable[str]) -> Files:
    """The size and the SHA-256 of some of a save's files."""
    return {
        name: {"bytes": (save / name).stat().st_size, "sha256": _sha256(save / name)}
        for name in names
    }


def matches(save: Path, files: Files) -> bool:
    """Whether the files are there, as a manifest describes them."""
    try:
        return describe(save, files) == files
    except OSError:
        return False


def is_uploaded(save: Path, names: Iterable[str]) -> bool:
    """Whether the service has marked each of these files of a save as uploaded."""
    return all((save / f"{name}{UPLOADED}").exists() for name in names)


def write_manifest(save: Path, manifest: dict[str, Any]) -> None:
    """Writes a save's manifest, which makes it whole: in one rename, after which it stays."""
    unfinished = save / f"{MANIFEST}{_UNFINISHED}"
    with unfinished.open("w", encoding="utf-8") as file:
        json.dump(manifest, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(save / MANIFEST)


def manifests(folder: Path) -> dict[str, dict[str, Any]]:
    """The manifests of all saves in a folder that have a readable one, by the saves' names."""
    found = {}
    for path in folder.glob(f"step-*/{MANIFEST}"):
        try:
            found[path.parent.name] = json.loads(path.read_bytes())
        except (OSError, ValueError):
            continue  # torn on its way to S3 or from there
    return found


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
