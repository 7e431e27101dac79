"""Forks the processes that hold networks and set instances up.

The process that forks them has loaded this module, and so all that they need. It has no site
packages: it starts fast, and depends on nothing installed.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from localcloud.sagemaker.sandbox import bubblewrap, namespaces, network, processes
from localcloud.sagemaker.sandbox.fork_server import ForkServer
from localcloud.sagemaker.sandbox.specification import Name, Specification

CONFINE: dict[Name, Callable[[int, Specification], int]] = {
    "bubblewrap": bubblewrap.main,
    "namespaces": namespaces.main,
    "processes": processes.main,
}
"""What runs an instance, whose output goes to a file, and returns its exit code."""
hold_networks = network.main


def prepare() -> None:
    """Does nothing: what is needed is loaded."""


def environment() -> dict[str, str]:
    """The environment of processes that run modules of this package."""
    package = Path(__file__).resolve().parents[3]
    return {"PYTHONPATH": str(package), "PATH": os.environ.get("PATH", os.defpath)}


_fork_server = ForkServer(prepare, options=["-S"], environment=environment())
fork = _fork_server.fork
begin = _fork_server.begin
end = _fork_server.end
