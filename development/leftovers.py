"""Ends the plugins of engines that were killed, and the local cloud.

`python -m development.leftovers DATA` stops the local cloud of a data folder. It needs no package,
so it also works without a set-up.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath

from localcloud.server import daemon, process_table
from localcloud.server.process_table import Process
from toolchain.layout import Layout

_END_SECONDS = 10.0
_POLL_SECONDS = 0.02
_ENGINE = "pulumi"
_PROGRAMS = frozenset(
    {
        "pulumi-language-python",
        "pulumi-language-python-exec",
        "pulumi-resource-pulumi-python",
        "pulumi-analyzer-policy-python",
        "pulumi-resource-aws",
    }
)
_MODULES = frozenset({"pulumi.dynamic", "pulumi.policy", "localcloud.awsplugin"})
_INTERPRETER = re.compile(r"(?:ba|da)?sh|python[\d.]*")


def processes_of(pulumi_home: Path) -> list[int]:
    """The numbers of the processes that engines with a PULUMI_HOME have started.

    Those are language hosts and plugins of this checkout, with or without a living engine. Other
    processes with that variable, such as a shell in which it was exported, are left out.
    """
    return [each.number for each in _hosts_and_plugins(pulumi_home, process_table.running())]


def end_processes_of(pulumi_home: Path) -> None:
    """Ends those processes whose engine is dead."""
    until = time.monotonic() + _END_SECONDS
    while (left := list(_left_behind(pulumi_home))) and time.monotonic() < until:
        process_table.end(left)
        time.sleep(_POLL_SECONDS)


def _left_behind(pulumi_home: Path) -> Iterator[Process]:
    running = process_table.running()
    known = _hosts_and_plugins(pulumi_home, running)
    for process in known:
        line = [process, *process.above(running)]
        # A plugin's script and the program that it runs are two processes, parent and child.
        topmost = [each for each in line if each in known][-1]
        if topmost.is_orphan(running) and not any(each.name == _ENGINE for each in line):
            yield process


def _hosts_and_plugins(pulumi_home: Path, running: Mapping[int, Process]) -> list[Process]:
    places = _places(pulumi_home)
    return [
        process
        for process in process_table.others_of_this_user(running)
        if f"PULUMI_HOME={pulumi_home}" in process.environment() and _serves(process, places)
    ]


def _places(pulumi_home: Path) -> tuple[Path, ...]:
    """The folders that an engine of this checkout starts programs from."""
    layout = Layout()
    installed = (layout.pulumi_bin / _ENGINE).resolve().parent
    return pulumi_home.parent, layout.local, layout.virtual_environment, installed


def _serves(process: Process, places: tuple[Path, ...]) -> bool:
    """Whether a process runs a language host or a plugin from one of the places."""
    command = process.command()
    program = _program(command)
    if program not in _MODULES and PurePath(program).name not in _PROGRAMS:
        return False
    environment = f"VIRTUAL_ENV={Layout().virtual_environment}"
    return environment in process.environment() or any(
        Path(word).is_relative_to(place) for word in (*command[:1], program) for place in places
    )


def _program(command: list[str]) -> str:
    """What a command line runs: a program, or the script or module of an interpreter."""
    words = iter(command)
    first = next(words, "")
    if not _INTERPRETER.fullmatch(PurePath(first).name):
        return first
    script = next((word for word in words if word != "-u"), "")
    return next(words, "") if script == "-m" else script


def stop_local_cloud(data: Path) -> None:
    """Stops the local cloud of a data folder, if one runs, and says so."""
    try:
        server = daemon.find(data)
    except (ValueError, KeyError):  # its file is broken, and names no process
        return
    if server is not None and daemon.stop(data):
        print(f"Stopped the local cloud, process {server.pid}")


if __name__ == "__main__":
    stop_local_cloud(Path(sys.argv[1]))
