"""Stands in for programs of the machine: scripts that print a version, and an installed CLI."""

from __future__ import annotations

from pathlib import Path

# As the official archives hold them, the other languages left out.
CLI_FILES = (
    "pulumi-language-python",
    "pulumi-language-python-exec",
    "pulumi-resource-pulumi-python",
)
POLICY_SCRIPT = "pulumi-analyzer-policy-python"
CLI_FILES_UNTIL_3_220 = (*CLI_FILES, POLICY_SCRIPT)


def write_program(folder: Path, name: str, output: str = "") -> Path:
    return write_script(folder, name, f"echo '{output}'")


def write_script(folder: Path, name: str, script: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def install_cli(folder: Path, version: str, companions: tuple[str, ...] = CLI_FILES) -> Path:
    write_program(folder, "pulumi", version)
    for name in companions:
        write_program(folder, name, f"{name} of {version}")
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    """What the files of a folder hold, by name."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def pins(file: Path) -> dict[str, str]:
    """The pinned versions of a requirements file, by normalised name and without extras."""
    lines = (line.partition("#")[0].strip() for line in file.read_text().splitlines())
    pairs = (line.split("==") for line in lines if "==" in line)
    return {name.partition("[")[0].lower().replace("_", "-"): version for name, version in pairs}
