"""What an agent does while the instances of its job run, on threads of its own."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from localcloud.sagemaker.data.checkpoints import CheckpointSync
from localcloud.sagemaker.data.pipes import Pipe
from localcloud.sagemaker.data.streams import Stream
from localcloud.sagemaker.monitoring.log_streams import Event
from localcloud.sagemaker.monitoring.metrics import Metrics
from localcloud.sagemaker.monitoring.pump import Progress, Pump
from localcloud.sagemaker.monitoring.spool import Spool
from localcloud.sagemaker.runtime.agent_work import Checkpoints, HostWork, Work


class Server(Protocol):
    """The server, as an agent sees it."""

    def say(self, kind: str, *arguments: object) -> None:
        """Sends something that has no answer."""

    def ask(self, kind: str, *arguments: object) -> None:
        """Sends something and waits until the server has done it. Raises the server's error."""


class HostStream:
    """The log stream of one instance, which the server writes."""

    def __init__(self, server: Server, host: HostWork) -> None:
        self.prefix = host.prefix
        self._server = server
        self._number = host.number

    def put(self, events: list[Event], progress: Progress) -> None:
        """Appends events and notes the progress, or does neither and raises the service's error."""
        self._server.ask("put", self._number, events, progress)

    def note(self, progress: Progress) -> None:
        """Notes the progress."""
        self._server.say("note", self._number, progress)


def make_sync(s3: Any, checkpoints: Checkpoints) -> CheckpointSync:
    """The synchronisation of an instance's checkpoints, which goes on where an earlier one was."""
    return CheckpointSync(
        s3,
        checkpoints.location,
        checkpoints.folder,
        checkpoints.interval,
        checkpoints.memory,
    )


class Background:
    """The work for all instances of a job."""

    def __init__(self, server: Server, s3: Any, work: Work) -> None:
        positions = {number: state.searched for number, state in work.states.items()}
        found = partial(server.say, "found")
        self._metrics = Metrics(work.job, work.expressions, found, positions)
        self._syncs = [make_sync(s3, host.checkpoints) for host in work.hosts if host.checkpoints]
        self._pipes = [
            Pipe(pipe.path, Stream(s3, pipe.channel, pipe.share), partial(server.ask, "failed"))
            for host in work.hosts
            for pipe in host.pipes
        ]
        self._pumps = {
            host.number: Pump(
                Spool(_opened(host.pipe, os.O_RDONLY), _opened(host.memory, os.O_RDWR)),
                HostStream(server, host),
                self._reader(host.number),
                partial(self._metrics.position, host.number),
                work.states[host.number].output,
            )
            for host in work.hosts
        }

    def _reader(self, host: int) -> Callable[[Sequence[str], int], None]:
        return lambda lines, end: self._metrics.read(host, lines, end, time.time())

    def start(self) -> None:
        """Begins."""
        for pump in self._pumps.values():
            pump.start()
        for sync in self._syncs:
            sync.start()
        for pipe in self._pipes:
            pipe.start()

    def flush(self, deadline: float) -> None:
        """Uploads the last checkpoints of instances that have ended.

        `deadline` is in seconds of the monotonic clock.
        """
        if self._syncs:
            with ThreadPoolExecutor(len(self._syncs)) as pool:
                list(pool.map(lambda sync: sync.finish(deadline - time.monotonic()), self._syncs))
        self._syncs = []

    def finish_output(self, hosts: Collection[int]) -> None:
        """Waits until the output of hosts that have ended is sent and searched, within a limit."""
        for host in hosts:
            self._pumps[host].finish()
        self._metrics.finish()

    def end(self) -> None:
        """Ends all work for instances that have ended. No other upload of a checkpoint begins."""
        for pipe in self._pipes:
            pipe.close()
        for sync in self._syncs:
            sync.abandon()
        self.finish_output(self._pumps)
        self._metrics.close()


def _opened(path: Path, flags: int) -> int:
    # Without waiting for a writer of a pipe.
    return os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)
