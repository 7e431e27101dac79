"""How the processes that set instances and networks up are started."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def module_command(module: str, *arguments: str) -> list[str]:
    """The command that runs a module of this package with this server's Python."""
    # -S: no site packages, so the process starts fast and depends on nothing installed.
    return [sys.executable, "-S", "-m", module, *arguments]


def sandbox_environment() -> dict[str, str]:
    """The environment of the processes that set instances and networks up."""
    package = Path(__file__).resolve().parents[3]
    return {"PYTHONPATH": str(package), "PATH": os.environ.get("PATH", os.defpath)}
