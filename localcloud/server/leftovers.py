"""Removes the processes and files that an earlier server and its jobs left.

The kernel ends a confined job's processes with the server. Plain processes can outlive a server
that was killed together with their helper process.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from localcloud.sagemaker.sandbox import fork_server_process
from localcloud.sagemaker.sandbox.script_files import remove
from localcloud.server import process_table
from localcloud.server.process_table import Process


def sweep(jobs: Path) -> None:
    """Kills every process of a job whose folder is below `jobs`, then removes the folders.

    Call this only if no server runs these jobs.
    """
    if not jobs.is_dir():
        return
    process_table.end(_processes_of(jobs))
    remove(jobs)


def use_temporary_folder(folder: Path) -> None:
    """Makes this process's temporary files be in a folder, which is emptied.

    A server that is killed or stopped while it packs a model leaves a file there.
    """
    remove(folder)
    folder.mkdir(mode=0o700)
    tempfile.tempdir = str(folder)


def _processes_of(jobs: Path) -> Iterator[Process]:
    running = process_table.running()
    own = process_table.others_of_this_user(running)
    known = {each for each in own if _lost_server(each, running) or _has_home(each, jobs)}
    for process in own:
        if process in known or not known.isdisjoint(process.above(running)):
            yield process


def _lost_server(process: Process, running: Mapping[int, Process]) -> bool:
    """Whether it should have ended with the server that had it, of this or another local cloud."""
    forked = ["-m", fork_server_process.__name__]
    return process.is_orphan(running) and process.command()[-2:] == forked


def _has_home(process: Process, jobs: Path) -> bool:
    """Whether it is a plain process of an instance: its home is below the job's folder.

    SAGEMAKER_BASE_DIR is not enough: a person may set it to try a script by hand.
    """
    environment = process.environment()
    names = ("HOME", "SAGEMAKER_BASE_DIR")
    return all(any(each.startswith(f"{name}={jobs}/") for each in environment) for name in names)
