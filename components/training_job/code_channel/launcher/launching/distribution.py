"""What the distribution needs: hosts that have addresses, and processes that find each other."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Iterable

from launching import LaunchError
from launching.fabric import fabric_variables
from launching.job_description import Job
from launching.process import Child


def names_needed(job: Job) -> list[str]:
    """The hosts that must have an address before the script starts."""
    if len(job.hosts) == 1:
        return []
    return [job.meeting_point()[0]] if "MASTER_ADDR" in os.environ else job.hosts


def wait_for_hosts(names: Iterable[str], child: Child, timeout_seconds: float) -> None:
    """Waits until every name has an address, or the service wants the job to stop.

    Raises:
        LaunchError: if a name has no address in time.
    """
    deadline = time.monotonic() + timeout_seconds
    for name in names:
        while not child.stop_signal and not _has_address(name):
            if time.monotonic() > deadline:
                raise LaunchError(f"the host {name} has no address after {timeout_seconds:.0f} s")
            time.sleep(0.5)


def _has_address(name: str) -> bool:
    try:
        return bool(socket.getaddrinfo(name, None))
    except OSError:
        return False


def distribution_variables(distribution: str, job: Job) -> dict[str, str]:
    """What the framework, or the script on its behalf, reads to join the other hosts.

    `jax.distributed.initialize()` reads the two addresses by itself; the script passes it the
    number of processes and its own. JAX drives all of a host's accelerators from one process.
    """
    address, port = job.meeting_point()
    if distribution == "jax":
        return {
            "JAX_COORDINATOR_ADDRESS": f"{address}:{port}",
            "JAX_COORDINATOR_BIND_ADDRESS": f"{address}:{port}",  # no other interface listens
            "JAX_NUM_PROCESSES": str(len(job.peers)),
            "JAX_PROCESS_ID": str(job.peers.index(job.host)),
            **fabric_variables(job),
        }
    if distribution == "torchrun":
        return {
            "MASTER_ADDR": address,
            "MASTER_PORT": port,
            "NODE_RANK": str(job.peers.index(job.host)),
            **fabric_variables(job),
        }
    return {}


def command_line(distribution: str, job: Job, script: list[str], accelerators: int) -> list[str]:
    """The command that runs the script on this host, once or once an accelerator.

    A module is `-m` and its name, which torchrun takes as Python does. The hosts of different
    instance groups may have different numbers of accelerators: torchrun adds up what each of them
    starts.
    """
    if distribution != "torchrun":
        return [sys.executable, *script]
    address, port = job.meeting_point()
    return [
        *(sys.executable, "-m", "torch.distributed.run"),
        *("--nnodes", str(len(job.peers)), "--nproc_per_node", str(accelerators or 1)),
        *(
            "--node_rank",
            str(job.peers.index(job.host)),
            "--master_addr",
            address,
            "--master_port",
            port,
        ),
        *script,
    ]
