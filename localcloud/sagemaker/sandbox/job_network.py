"""The networks of one job, for the server: a process holds them until it is closed."""

from __future__ import annotations

import json
import subprocess

from localcloud.sagemaker.sandbox import network
from localcloud.sagemaker.sandbox.helper_process import module_command, sandbox_environment
from localcloud.sagemaker.sandbox.specification import Namespaces


class JobNetwork:
    """The networks of a job's hosts, which are made while the job is prepared."""

    def __init__(self, hosts: int, endpoint: int = 0) -> None:
        """`endpoint` is the server's port, 0 for an isolated job.

        With `hosts` 0, all hosts share one network that has only loopback.
        """
        self._process = subprocess.Popen(
            module_command(network.__name__, str(hosts), str(endpoint)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=sandbox_environment(),
            start_new_session=True,
        )
        self._made: list[Namespaces] = []

    def namespaces(self, host: int) -> Namespaces:
        """The namespaces of the host with a number, once they are there.

        Raises OSError if the kernel refused them.
        """
        if not self._made:
            self._made = self._wait()
        return self._made[host - 1 if len(self._made) > 1 else 0]

    def _wait(self) -> list[Namespaces]:
        assert self._process.stdout is not None  # noqa: S101 - asked for above
        line = self._process.stdout.readline()
        if not line:
            raise OSError("The kernel refused the job's network.")
        made = json.loads(line)
        folder = f"/proc/{self._process.pid}/fd"
        return [
            Namespaces(f"{folder}/{made['user']}", f"{folder}/{host}") for host in made["hosts"]
        ]

    def close(self) -> None:
        """Ends the process, and with it the networks."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.wait()
