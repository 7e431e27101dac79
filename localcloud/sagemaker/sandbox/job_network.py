"""The networks of one job, for the server: a process holds them until it is closed."""

from __future__ import annotations

import json
import os
import signal

from localcloud.sagemaker.sandbox.helper_process import fork, hold_networks
from localcloud.sagemaker.sandbox.specification import Namespaces


class JobNetwork:
    """The networks of a job's hosts, which are made while the job is prepared."""

    def __init__(self, hosts: int, endpoint: int = 0) -> None:
        """`endpoint` is the server's port, 0 for an isolated job.

        With `hosts` 0, all hosts share one network that has only loopback.
        """
        reading, writing = os.pipe()
        self._line = os.fdopen(reading)
        try:
            self._process = fork(hold_networks, hosts, endpoint, files=[writing])
        except OSError:
            self._line.close()
            raise
        finally:
            os.close(writing)
        self._made: list[Namespaces] = []

    def namespaces(self, host: int) -> Namespaces:
        """The namespaces of the host with a number, once they are there.

        Raises OSError if the kernel refused them.
        """
        if not self._made:
            self._made = self._wait()
        return self._made[host - 1 if len(self._made) > 1 else 0]

    def _wait(self) -> list[Namespaces]:
        line = self._line.readline()
        if not line:
            raise OSError("The kernel refused the job's network.")
        made = json.loads(line)
        folder = f"/proc/{self._process.number}/fd"
        return [
            Namespaces(f"{folder}/{made['user']}", f"{folder}/{host}") for host in made["hosts"]
        ]

    def close(self) -> None:
        """Ends the process, and with it the networks."""
        self._process.signal(signal.SIGKILL)
        self._process.wait()
        self._line.close()
