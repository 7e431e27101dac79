"""Starts agents, which another process forks: it begins with the first agent."""

from __future__ import annotations

import os
import pickle
import socket
import subprocess
import sys
import threading
from multiprocessing import Pipe
from multiprocessing.connection import Connection

from localcloud.sagemaker.runtime import agent_parent
from localcloud.sagemaker.runtime.agent_work import Reach

_NUMBER_BYTES = 32


class _Starter:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket = socket.socket()
        self._parent: subprocess.Popen[bytes] | None = None

    def start(self, reach: Reach) -> tuple[Connection, int]:
        """A connection to a new agent, which ends with it, and the agent's process.

        Raises OSError if there can't be one.
        """
        with self._lock:
            if self._parent is not None:
                try:
                    return self._ask(reach)
                except OSError:  # it was not needed for some time, or was killed
                    self._parent.kill()
                    self._parent.wait()
            self._begin(reach)
            return self._ask(reach)

    def _begin(self, reach: Reach) -> None:
        self._socket.close()
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._parent = subprocess.Popen(
                [sys.executable, "-m", agent_parent.__name__, reach.url, reach.region],
                stdin=theirs.fileno(),
                env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            )

    def _ask(self, reach: Reach) -> tuple[Connection, int]:
        ours, theirs = Pipe()
        try:
            with theirs:
                socket.send_fds(self._socket, [pickle.dumps(reach)], [theirs.fileno()])
            answer = self._socket.recv(_NUMBER_BYTES)
            if not answer:
                raise ConnectionResetError("The process that forks agents has ended")
        except OSError:
            ours.close()
            raise
        return ours, int(answer)


start = _Starter().start
