"""A job's agent, as the server sees it: a process that is started again when it ends.

The server calls it, and takes from it events for the log, values of metrics and errors. With each
it notes how far the agent is. A new agent begins there, so nothing is lost or there twice.
"""

from __future__ import annotations

import logging
import pickle
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Protocol

from localcloud.sagemaker.monitoring.log_streams import Event
from localcloud.sagemaker.monitoring.metric_values import MetricValues
from localcloud.sagemaker.monitoring.metrics import Found
from localcloud.sagemaker.monitoring.pump import Progress
from localcloud.sagemaker.runtime import agent_start
from localcloud.sagemaker.runtime.agent_work import HostState, HostWork, Reach, Work
from localcloud.sagemaker.runtime.portable_errors import portable

Check = Callable[[], None]
"""Raises an error when a call must end."""

_POLL_SECONDS = 0.1
_MOST_ENDS, _ENDS_SECONDS = 5, 60.0
"""How often an agent may end within some seconds; then its job fails."""

_log = logging.getLogger(__name__)


class Stream(Protocol):
    """The log stream of one instance."""

    prefix: str

    def put(self, events: list[Event]) -> None:
        """Appends events. Raises the service's error; then none is appended."""


@dataclass
class _Call:
    name: str
    arguments: tuple[object, ...]
    done: Future[None]
    number: int = 0


class Agent:
    """The agent of one job, from its start until it is closed."""

    def __init__(
        self, job: str, reach: Reach, values: MetricValues, fail: Callable[[Exception], None]
    ) -> None:
        """`values` gets the values of metrics. `fail` makes the job fail, from another thread."""
        self._job = job
        self._reach = reach
        self._values = values
        self._fail = fail
        self._lock = threading.RLock()
        self._call: _Call | None = None
        self._number = 0
        self._hosts: tuple[HostWork, ...] = ()
        self._states: dict[int, HostState] = {}
        self._streams: Mapping[int, Stream] = {}
        self._ends: deque[float] = deque(maxlen=_MOST_ENDS)
        self._error: Exception | None = None
        self._start()
        self._thread = threading.Thread(target=self._serve, name=f"agent of {job}", daemon=True)
        self._thread.start()

    def _start(self) -> None:
        self._connection, self._process = agent_start.start(self._reach)

    def call(self, name: str, *arguments: object, check: Check = lambda: None) -> None:
        """Calls a method of the agent, and waits until it is done. Raises its error.

        `check` runs again and again meanwhile. If it raises an error, the agent is closed. An agent
        that ends is started again and called again, so a call may be made twice.
        """
        self._await(self._begin(name, *arguments), check)

    def _begin(self, name: str, *arguments: object) -> _Call:
        call = _Call(name, arguments, Future())
        with self._lock:
            if self._error is not None:
                raise self._error
            self._call = call
            call.number = self._send(name, *arguments)
        return call

    def _await(self, call: _Call, check: Check) -> None:
        while not call.done.done():
            with suppress(TimeoutError):
                call.done.exception(_POLL_SECONDS)
            try:
                check()
            except BaseException:
                self.close()
                raise
        call.done.result()

    def run(self, hosts: tuple[HostWork, ...], streams: Mapping[int, Stream]) -> None:
        """Begins the work for instances that are about to start; `streams` are their logs."""
        with self._lock:
            self._hosts, self._streams = hosts, streams
            self._states = {host.number: HostState() for host in hosts}
            call = self._begin("run", self._work())
        self._await(call, lambda: None)

    def flush(self, deadline: float) -> None:
        """Uploads the last checkpoints of instances that have ended.

        `deadline` is in seconds of the monotonic clock.
        """
        self.call("flush", deadline)

    def end(self) -> None:
        """Ends the work for instances that have ended, if it has begun."""
        with self._lock:
            begun = bool(self._hosts) and self._error is None
        if begun:
            self.call("end")

    def close(self) -> None:
        """Ends the agent, whatever it does."""
        with self._lock:
            self._give_up(RuntimeError(f"The agent of {self._job} is closed"))
            self._process.signal(signal.SIGKILL)
        self._thread.join()

    def _work(self) -> Work:
        return Work(self._job, self._hosts, self._states, self._values.searched)

    def _send(self, name: str, *arguments: object) -> int:
        """Sends a call, and returns its number. If the agent has just ended, the next one gets it.

        An answer has no name, and its number is that of the question.
        """
        with self._lock:
            self._number += 1
            self._write(self._number, name, *arguments)
            return self._number

    def _write(self, number: int, name: str, *arguments: object) -> None:
        with self._lock, suppress(OSError):
            self._connection.send((number, name, tuple(map(portable, arguments))))

    def _serve(self) -> None:
        """Takes what the agent sends, and starts the next one when it ends."""
        while True:
            received = self._receive()
            if received is None:
                if self._start_again():
                    continue
                return
            number, kind, arguments = received
            error = self._take(kind, arguments)
            if number:
                self._write(number, "", *([] if error is None else [error]))

    def _receive(self) -> tuple[int, str, tuple[object, ...]] | None:
        """What the agent sends next; None if it has ended, or has sent what can't be read."""
        with suppress(EOFError, OSError):
            sent = self._connection.recv_bytes()
            try:
                number, kind, arguments = pickle.loads(sent)  # noqa: S301 - as the agent's code sends
            except Exception:
                self._process.signal(signal.SIGKILL)
            else:
                return number, kind, arguments
        return None

    def _take(self, kind: str, arguments: tuple[object, ...]) -> Exception | None:
        """Does what the agent asks for. Returns the error, if it fails."""
        try:
            getattr(self, f"_take_{kind}")(*arguments)
        except Exception as error:
            return error
        return None

    def _take_done(self, number: int, error: Exception | None = None) -> None:
        with self._lock:
            call = self._call
            if call is None or call.number != number:
                return  # that of an earlier agent
            self._call = None
            # At once, because the next agent must not do it again.
            if call.name == "flush":
                self._hosts = tuple(replace(host, checkpoints=None) for host in self._hosts)
            elif call.name == "end":
                self._hosts = ()
        if error is None:
            call.done.set_result(None)
        else:
            call.done.set_exception(error)

    def _take_put(self, host: int, events: list[Event], progress: Progress) -> None:
        self._streams[host].put(events)
        self._take_note(host, progress)

    def _take_note(self, host: int, progress: Progress) -> None:
        with self._lock:
            self._states[host] = replace(self._states[host], output=progress)

    def _take_found(self, found: Found) -> None:
        self._values.add(found)
        with self._lock:
            if state := self._states.get(found.host):
                searched = max(state.searched, found.end)
                self._states[found.host] = replace(state, searched=searched)

    def _take_failed(self, error: Exception) -> None:
        self._fail(error)

    def _start_again(self) -> bool:
        """Starts the next agent where the last one was. Returns whether the job may have one."""
        with suppress(EOFError, OSError):
            while True:  # its connection ends with it, and with all of its threads
                self._connection.recv_bytes()
        self._process.wait()
        with self._lock:
            self._connection.close()
            if self._error is not None:
                return False
            self._ends.append(time.monotonic())
            error: Exception | None
            if len(self._ends) == _MOST_ENDS and self._ends[-1] - self._ends[0] < _ENDS_SECONDS:
                error = RuntimeError(f"The agent of {self._job} ended again and again")
            else:
                error = self._try_again()
            if error is None:
                return True
            self._give_up(error)
        self._fail(error)
        return False

    def _try_again(self) -> Exception | None:
        """Starts the next agent. Returns the error, if there can't be one."""
        _log.warning("The agent of %s has ended, and is started again", self._job)
        try:
            self._start()
        except Exception as error:
            _log.exception("The agent of %s can't be started", self._job)
            return error
        self._continue()
        return None

    def _continue(self) -> None:
        """Has a new agent do what the last one did."""
        if any(host.pipes for host in self._hosts):
            # The script has perhaps taken the end of a pipe for the end of the data.
            self._fail(RuntimeError(f"A pipe of {self._job} broke with its agent"))
            self._hosts = tuple(replace(host, pipes=()) for host in self._hosts)
        call = self._call
        if self._hosts and (call is None or call.name != "run"):
            self._send("run", self._work())
        if call is not None:
            arguments = (self._work(),) if call.name == "run" else call.arguments
            call.number = self._send(call.name, *arguments)

    def _give_up(self, error: Exception) -> None:
        self._error = self._error or error
        call, self._call = self._call, None
        if call is not None:
            call.done.set_exception(self._error)
