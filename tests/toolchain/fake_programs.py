"""Stands in for programs of the machine: scripts that print a version."""

from __future__ import annotations

from pathlib import Path


def write_program(folder: Path, name: str, output: str = "") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{output}'\n")
    path.chmod(0o755)
    return path
