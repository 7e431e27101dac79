"""Reads an instance's output while it comes: into its log stream, and for its metrics.

Nothing that a script prints may slow down the server for others. So a pump uses at most a quarter
of a processor, and a stream has a limit. A script that prints faster waits, as it does when a
container's log driver can't keep up.
"""

from __future__ import annotations

import codecs
import logging
import os
import select
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress

from botocore.exceptions import BotoCoreError, ClientError

from localcloud.sagemaker.monitoring.delivery import Delivery
from localcloud.sagemaker.monitoring.log_streams import (
    EVENT_BYTES,
    MOST_BYTES,
    MOST_EVENTS,
    Event,
    LogStream,
)

LONGEST_EVENT = 65_000
"""Characters of an event: in UTF-8 at most the 256 KB that CloudWatch Logs takes. A longer line
becomes several events."""
LARGEST_STREAM = 256 << 20
"""Bytes of the server's memory for one stream; the lines after that are left out, but for the
last ones."""
FINISH_SECONDS = 30.0
"""How long the output of an instance that has ended is still sent."""
_MEMORY_OF_EVENT = 500
_LAST_LINES = 1_000
_READ_BYTES = 1 << 16
_MOST_WAITING = 10 * MOST_EVENTS
_REST_SHARE = 3.0
"""Seconds of rest for each second of work."""

ReadLines = Callable[[Sequence[str], float], None]
"""Takes lines of output, and their time in epoch seconds. Returns at once."""

_log = logging.getLogger(__name__)


class Pump:
    """Sends a pipe's lines to a stream until the last writer closes the pipe, on its own thread.

    Lines are collected for a fraction of a second, then sent together; `read_lines` gets them at
    once. While the stream can't be written, reading goes on, up to a limit.
    """

    def __init__(self, pipe: int, stream: LogStream, read_lines: ReadLines) -> None:
        self._pipe = pipe
        self._stream = stream
        self._read_lines = read_lines
        self._lines = Lines()
        self._delivery = Delivery(self._put, self._lose, MOST_EVENTS, _size, MOST_BYTES)
        self._lost = 0
        self._memory = 0
        self._left_out = 0
        self._last: deque[Event] = deque(maxlen=_LAST_LINES)
        self._deadline = float("inf")
        self._thread = threading.Thread(
            target=self._run, name=f"output {stream.prefix}", daemon=True
        )

    def start(self) -> None:
        """Begins to read."""
        self._thread.start()

    def finish(self) -> None:
        """Waits until all is sent, within a limit. Call this when the writers have ended."""
        self._deadline = time.monotonic() + FINISH_SECONDS
        self._thread.join()

    def _run(self) -> None:
        while self._read() and time.monotonic() < self._deadline:
            self._work(self._delivery.attempt)
        self._take(self._lines.rest())
        self._add_last()
        while len(self._delivery) and time.monotonic() < self._deadline:
            time.sleep(self._delivery.wait())
            self._work(self._delivery.attempt)
        self._delivery.give_up(TimeoutError("The instance had ended"))
        if self._lost:
            with suppress(BotoCoreError, ClientError):
                self._put([])

    def _read(self) -> bool:
        """Takes some output, or waits a while. Returns whether more may come."""
        if len(self._delivery) >= _MOST_WAITING:
            time.sleep(self._delivery.wait())
            return True
        if not select.select([self._pipe], [], [], self._delivery.wait())[0]:
            return True
        data = os.read(self._pipe, _READ_BYTES)
        self._work(lambda: self._take(self._lines.of(data)))
        return bool(data)

    def _work(self, work: Callable[[], None]) -> None:
        """Does some work, then rests in proportion to it, so that others get the processor."""
        begun = time.monotonic()
        work()
        time.sleep(_REST_SHARE * (time.monotonic() - begun))

    def _take(self, lines: list[str]) -> None:
        now = time.time()
        messages = [line for line in lines if line]  # CloudWatch Logs refuses empty ones
        for message in messages:
            self._add({"timestamp": int(now * 1000), "message": message})
        if messages:
            self._read_lines(messages, now)

    def _add(self, event: Event) -> None:
        self._memory += len(event["message"]) + _MEMORY_OF_EVENT
        if self._memory <= LARGEST_STREAM:
            self._delivery.add(event)
            return
        self._left_out += len(self._last) == _LAST_LINES
        self._last.append(event)

    def _add_last(self) -> None:
        """Adds the last lines of a stream that has reached its limit."""
        if self._left_out:
            limit = f"a stream takes at most {LARGEST_STREAM >> 20} MB of the server's memory"
            text = f"{self._left_out} lines are left out here: {limit}"
            self._delivery.add(_note(text, self._last))
        for event in self._last:
            self._delivery.add(event)

    def _put(self, events: list[Event]) -> None:
        """Puts events, after a line that says how many were lost before them."""
        lost = f"{self._lost} lines are lost here: CloudWatch Logs did not take them in time"
        self._stream.put([_note(lost, events), *events] if self._lost else events)
        self._lost = 0

    def _lose(self, count: int, error: Exception) -> None:
        if not self._lost:
            _log.error("Output is lost: %s…, %d lines: %s", self._stream.prefix, count, error)
        self._lost += count


class Lines:
    """Cuts output into lines, and lines that are too long into several."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._rest = ""

    def of(self, data: bytes) -> list[str]:
        """The lines that end in some more output."""
        *lines, self._rest = (self._rest + self._decoder.decode(data)).split("\n")
        whole = len(self._rest) // LONGEST_EVENT * LONGEST_EVENT
        long, self._rest = self._rest[:whole], self._rest[whole:]
        return [piece for line in (*lines, long) for piece in _pieces(line.rstrip("\r"))]

    def rest(self) -> list[str]:
        """What is left at the end of the output."""
        rest, self._rest = self._rest + self._decoder.decode(b"", final=True), ""
        return _pieces(rest.rstrip("\r"))


def _pieces(line: str) -> list[str]:
    return [line[start : start + LONGEST_EVENT] for start in range(0, len(line), LONGEST_EVENT)]


def _note(text: str, following: Sequence[Event]) -> Event:
    """A line of the local cloud's own, before others: its time is not after theirs."""
    when = following[0]["timestamp"] if following else int(time.time() * 1000)
    return {"timestamp": when, "message": f"[local cloud] {text}."}


def _size(event: Event) -> int:
    return len(event["message"].encode()) + EVENT_BYTES
