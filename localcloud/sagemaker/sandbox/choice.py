"""Chooses how instances are confined: the way on this machine that is most like a container."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from localcloud.sagemaker.sandbox import network
from localcloud.sagemaker.sandbox.file_tree import instance_mounts
from localcloud.sagemaker.sandbox.specification import Specification

Name = Literal["bubblewrap", "namespaces", "processes"]
NAMES: tuple[Name, ...] = ("bubblewrap", "namespaces", "processes")
_PROBE_SECONDS = 20


@dataclass(frozen=True)
class Sandbox:
    """A way of confining instances."""

    name: Name

    @property
    def faithful(self) -> bool:
        """Whether instances have files, processes, a host name and a network of their own."""
        return self.name != "processes"

    def command(self, specification: Path) -> list[str]:
        """The command that runs the instance specified in a file.

        The command's first child is the instance's process 1. The command ends with the exit code
        of that process, and when the thread that started it ends.
        """
        return _module_command(f"localcloud.sagemaker.sandbox.{self.name}", str(specification))


LESS_FAITHFUL = (
    "Neither bubblewrap nor namespaces work on this machine, so training jobs run as plain "
    "processes. /opt/ml is a folder in the data folder; SAGEMAKER_BASE_DIR names it, and it "
    "replaces /opt/ml in entry point, arguments and environment. Hosts have their addresses as "
    "names instead of algo-N. Scripts see this machine's files and processes. Network isolation "
    "is not enforced. Installing bubblewrap may help."
)


def sandbox_environment() -> dict[str, str]:
    """The environment of the processes that set instances up."""
    package = Path(__file__).resolve().parents[3]
    return {"PYTHONPATH": str(package), "PATH": os.environ.get("PATH", os.defpath)}


def choose(wanted: Name | None = None) -> Sandbox:
    """The wanted sandbox; without one, the first that works here.

    Raises RuntimeError if the wanted one does not work.
    """
    for name in (wanted,) if wanted else NAMES:
        if name == "processes" or _works(Sandbox(name)):
            return Sandbox(name)
    raise RuntimeError(f"The sandbox '{wanted}' does not work on this machine.")


def start_network() -> subprocess.Popen[bytes]:
    """Starts the process that holds an isolated job's network. Raises OSError if refused.

    It ends when its standard input is closed.
    """
    process = subprocess.Popen(
        _module_command(network.__name__),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=sandbox_environment(),
    )
    assert process.stdout is not None  # noqa: S101 - asked for above
    with process.stdout as answer:
        if answer.readline().strip() != network.READY.encode():
            process.wait()
            raise OSError("The kernel refused the job's private network.")
    return process


def stop_network(process: subprocess.Popen[bytes]) -> None:
    """Ends the process that `start_network` started."""
    if process.stdin is not None:
        process.stdin.close()
    process.wait()


def _works(sandbox: Sandbox) -> bool:
    """Whether a test instance runs: with files, network and a command that must succeed."""
    if sandbox.name == "bubblewrap" and shutil.which("bwrap") is None:
        return False
    with tempfile.TemporaryDirectory(prefix="localcloud-") as folder:
        try:
            holder = start_network()
        except OSError:
            return False
        try:
            return _runs(sandbox, Path(folder), holder.pid)
        finally:
            stop_network(holder)


def _runs(sandbox: Sandbox, folder: Path, holder: int) -> bool:
    make_folders(folder)
    specification = Specification(
        host="algo-1",
        command=("true",),
        environment={"PATH": os.defpath},
        mounts=instance_mounts(folder, ()),
        root=str(folder / "root"),
        network=holder,
    )
    specification.write(folder / "specification.json")
    try:
        answer = subprocess.run(
            sandbox.command(folder / "specification.json"),
            env=sandbox_environment(),
            capture_output=True,
            timeout=_PROBE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    return answer.returncode == 0


def make_folders(folder: Path) -> None:
    """Creates the folders and the file that `instance_mounts` mounts in an instance."""
    for name in ("ml", "home", "tmp", "root"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "tmp").chmod(0o1777)
    (folder / "hosts").touch()


def _module_command(module: str, *arguments: str) -> list[str]:
    # -S: no site packages, so the process starts fast and depends on nothing installed.
    return [sys.executable, "-S", "-m", module, *arguments]
