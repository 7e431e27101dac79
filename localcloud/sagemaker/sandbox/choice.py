"""Chooses how instances are confined: the way on this machine that is most like a container."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from localcloud.sagemaker.sandbox.file_tree import instance_mounts
from localcloud.sagemaker.sandbox.fork_server import Forked
from localcloud.sagemaker.sandbox.helper_process import CONFINE, fork
from localcloud.sagemaker.sandbox.job_network import JobNetwork
from localcloud.sagemaker.sandbox.specification import Name, Specification

NAMES: tuple[Name, ...] = ("bubblewrap", "namespaces", "processes")
_PROBE_SECONDS = 20
_PROBE_ENDPOINT = 9


@dataclass(frozen=True)
class Sandbox:
    """A way of confining instances."""

    name: Name
    networks: bool = False
    """Whether each host of a job can have a network of its own."""

    @property
    def faithful(self) -> bool:
        """Whether instances have files, processes and a host name of their own."""
        return self.name != "processes"

    @property
    def shortcomings(self) -> str:
        """What is less like an instance than it could be, for the log; may be empty."""
        if not self.faithful:
            return LESS_FAITHFUL
        return "" if self.networks else SHARED_NETWORK

    def start(self, specification: Specification, output: int) -> Forked:
        """A process that runs an instance, whose output goes to a file.

        Its first child is the instance's process 1, and it ends with the exit code of that process.
        Raises OSError if there can't be a process.
        """
        return fork(CONFINE[self.name], specification, files=[output])


LESS_FAITHFUL = (
    "Neither bubblewrap nor namespaces work on this machine, so training jobs run as plain "
    "processes. /opt/ml is a folder in the data folder; SAGEMAKER_BASE_DIR names it, and it "
    "replaces /opt/ml in entry point, arguments and environment. Hosts have their addresses as "
    "names instead of algo-N. Scripts see this machine's files and processes. All jobs share this "
    "machine's network and its ports, and network isolation is not enforced. Installing bubblewrap "
    "may help."
)
SHARED_NETWORK = (
    "The kernel refuses networks for single hosts, so the hosts of an isolated job share one, and "
    "all other jobs share this machine's network: two of them can't listen on the same port of all "
    "addresses, as torchrun does. The kernel needs veth, bridge and nf_tables (modules nft_redir, "
    "nft_chain_nat)."
)


def choose(wanted: Name | None = None) -> Sandbox:
    """The wanted sandbox; without one, the first that works here, with networks if they work.

    Raises RuntimeError if the wanted one does not work.
    """
    for name in (wanted,) if wanted else NAMES:
        if name == "processes":
            return Sandbox(name)
        for networks in (True, False):
            if _works(Sandbox(name, networks)):
                return Sandbox(name, networks)
    raise RuntimeError(f"The sandbox '{wanted}' does not work on this machine.")


def _works(sandbox: Sandbox) -> bool:
    """Whether a test instance runs: with files, network and a command that must succeed."""
    if sandbox.name == "bubblewrap" and shutil.which("bwrap") is None:
        return False
    hosts, endpoint = (1, _PROBE_ENDPOINT) if sandbox.networks else (0, 0)
    with (
        tempfile.TemporaryDirectory(prefix="localcloud-") as folder,
        closing(JobNetwork(hosts, endpoint)) as network,
    ):
        try:
            return _runs(sandbox, Path(folder), network)
        except OSError:
            return False


def _runs(sandbox: Sandbox, folder: Path, network: JobNetwork) -> bool:
    make_folders(folder)
    specification = Specification(
        host="algo-1",
        command=("true",),
        environment={"PATH": os.defpath},
        mounts=instance_mounts(folder, ()),
        root=str(folder / "root"),
        namespaces=network.namespaces(1),
    )
    with Path(os.devnull).open("wb") as output:
        process = sandbox.start(specification, output.fileno())
    try:
        return process.wait(_PROBE_SECONDS) == 0
    finally:
        process.signal(signal.SIGKILL)
        process.wait()


def make_folders(folder: Path) -> None:
    """Creates the folders and the file that `instance_mounts` mounts in an instance."""
    for name in ("ml", "home", "tmp", "root"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "tmp").chmod(0o1777)
    (folder / "hosts").touch()
