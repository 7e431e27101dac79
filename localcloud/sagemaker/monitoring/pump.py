"""Reads an instance's output while it comes: into its log stream, and for its metrics.

Nothing that a script prints may slow down the server for others. So a pump runs in a process of the
job's own, which may be killed and started again: it then goes on where its Progress says. A pump
rests three times as long as the server has worked for it, and a stream has a limit. A script that
prints faster waits, as it does when a container's log driver can't keep up.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from localcloud.sagemaker.monitoring.delivery import Delivery
from localcloud.sagemaker.monitoring.log_streams import (
    EVENT_BYTES,
    MOST_BYTES,
    MOST_EVENTS,
    Event,
)
from localcloud.sagemaker.monitoring.spool import Spool

LONGEST_EVENT = 65_000
"""Bytes of a line in an event: as UTF-8 at most the 256 KB that CloudWatch Logs takes, also where
none of them is UTF-8. A longer line becomes several events."""
LARGEST_STREAM = 256 << 20
"""Bytes of the server's memory for one stream; the lines after that are left out, but for the
last ones."""
FINISH_SECONDS = 30.0
"""How long the output of an instance that has ended is still sent."""
_MEMORY_OF_EVENT = 500
_LAST_LINES = 1_000
_MOST_WAITING = 10 * MOST_EVENTS
_MOST_SPOOLED = 16 << 20
"""Bytes of output that are neither in the log nor searched for metrics; then the script waits."""
_PAUSE_SECONDS = 0.02
_REST_SHARE = 3.0
"""Seconds of rest for each second of the server's work."""
_KIND, _CONTINUATION = 0b1100_0000, 0b1000_0000
"""The bits of a byte by which UTF-8 says that it is not the first of its character."""
_MOST_CONTINUATIONS = 3


class Line(NamedTuple):
    """A line of output, or a part of one that is too long."""

    text: str
    end: int
    """The position in the output after it."""


class Item(NamedTuple):
    """An event to send."""

    event: Event
    end: int
    """The position in the output after its line."""


@dataclass(frozen=True)
class Progress:
    """How far an instance's output is in its log stream: what a new pump begins with."""

    sent: int = 0
    """The position after the last line that is in the stream, lost or left out."""
    memory: int = 0
    """The stream's bytes of the server's memory, with those that are left out."""
    lost: int = 0
    """Lines that were lost before `sent`, without a line that says so."""
    left_out: int = 0
    """Lines that were left out before `sent`, without a line that says so."""


class Stream(Protocol):
    """Where the events of an instance go."""

    prefix: str

    def put(self, events: list[Event], progress: Progress) -> None:
        """Appends events and notes the progress, or does neither and raises the service's error."""

    def note(self, progress: Progress) -> None:
        """Notes the progress."""


ReadLines = Callable[[Sequence[str], int], None]
"""Takes lines of output, and the position after them. Returns at once."""

_log = logging.getLogger(__name__)


class Pump:
    """Sends an instance's lines to a stream until its last writer ends, on its own thread.

    Lines are collected for a fraction of a second, then sent together; `read_lines` gets them at
    once. While the stream can't be written, reading goes on, up to a limit.
    """

    def __init__(
        self,
        spool: Spool,
        stream: Stream,
        read_lines: ReadLines,
        searched: Callable[[], int],
        progress: Progress,
    ) -> None:
        """`searched` is the position up to which `read_lines` need not get any line again."""
        self._spool = spool
        self._stream = stream
        self._read_lines = read_lines
        self._searched = searched
        self._progress = progress
        # What an earlier pump has done: such lines are read again only for the other purpose.
        self._sent_before, self._searched_before = progress.sent, searched()
        self._position = min(self._sent_before, self._searched_before)
        self._lines = Lines(self._position)
        self._delivery = Delivery(self._put, self._lose, MOST_EVENTS, _size, MOST_BYTES)
        self._memory = progress.memory
        self._left_out, self._left_out_until = progress.left_out, progress.sent
        self._last: deque[Item] = deque(maxlen=_LAST_LINES)
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
            self._send()
            self._note_left_out()
        self._take(self._lines.rest())
        self._add_last()
        while len(self._delivery) and time.monotonic() < self._deadline:
            time.sleep(self._delivery.wait())
            self._send()
        self._delivery.give_up(TimeoutError("The instance had ended"))
        if self._progress.lost:
            with suppress(BotoCoreError, ClientError):
                self._put([])

    def _read(self) -> bool:
        """Takes some output, or waits a while. Returns whether more may come."""
        if self._full():
            time.sleep(max(self._delivery.wait(), _PAUSE_SECONDS))
            return True
        taken = self._spool.taken
        more = self._position < taken or self._spool.take(self._delivery.wait())
        data = self._spool.read(self._position)
        self._position += len(data)
        self._take(self._lines.of(data))
        return more

    def _full(self) -> bool:
        """Whether so much waits to be sent or searched that the script has to wait."""
        sent = self._progress.sent if len(self._delivery) else self._position
        waiting = self._spool.taken - min(sent, self._searched())
        return len(self._delivery) >= _MOST_WAITING or waiting >= _MOST_SPOOLED

    def _send(self) -> None:
        """Sends some events if it is time to, then rests in proportion to the server's work."""
        begun = time.monotonic()
        self._delivery.attempt()
        time.sleep(_REST_SHARE * (time.monotonic() - begun))
        self._spool.forget(min(self._progress.sent, self._searched()))

    def _take(self, lines: list[Line]) -> None:
        now = int(time.time() * 1000)
        lines = [line for line in lines if line.text]  # CloudWatch Logs refuses empty ones
        for line in lines:
            if line.end > self._sent_before:
                self._add(Item({"timestamp": now, "message": line.text}, line.end))
        if texts := [line.text for line in lines if line.end > self._searched_before]:
            self._read_lines(texts, lines[-1].end)

    def _add(self, item: Item) -> None:
        self._memory += _memory(item)
        if self._memory <= LARGEST_STREAM:
            self._delivery.add(item)
            return
        if len(self._last) == _LAST_LINES:
            self._left_out += 1
            self._left_out_until = self._last[0].end
        self._last.append(item)

    def _note_left_out(self) -> None:
        """Notes that lines were left out, so that they need not be kept."""
        if self._left_out > self._progress.left_out and not len(self._delivery):
            self._progress = replace(
                self._progress,
                sent=self._left_out_until,
                memory=self._memory,
                left_out=self._left_out,
            )
            self._stream.note(self._progress)

    def _add_last(self) -> None:
        """Adds the last lines of a stream that has reached its limit."""
        if self._left_out:
            limit = f"a stream takes at most {LARGEST_STREAM >> 20} MB of the server's memory"
            text = f"{self._left_out} lines are left out here: {limit}"
            last = [item.event for item in self._last]
            self._delivery.add(Item(_note(text, last), self._left_out_until))
            self._progress = replace(self._progress, left_out=0)
        for item in self._last:
            self._delivery.add(item)

    def _put(self, items: list[Item]) -> None:
        """Puts events, after a line that says how many were lost before them."""
        events = [item.event for item in items]
        if self._progress.lost:
            lost = f"{self._progress.lost} lines are lost here"
            events.insert(0, _note(f"{lost}: CloudWatch Logs did not take them in time", events))
        progress = replace(self._after(items), lost=0)
        self._stream.put(events, progress)
        self._progress = progress

    def _after(self, items: list[Item]) -> Progress:
        """The progress with some more events."""
        sent = items[-1].end if items else self._progress.sent
        memory = self._progress.memory + sum(map(_memory, items))
        return replace(self._progress, sent=sent, memory=memory)

    def _lose(self, items: list[Item], error: Exception) -> None:
        if not self._progress.lost:
            _log.error("Output is lost: %s…, %d lines: %s", self._stream.prefix, len(items), error)
        self._progress = replace(self._after(items), lost=self._progress.lost + len(items))
        self._stream.note(self._progress)


class Lines:
    """Cuts output into lines, and lines that are too long into several."""

    def __init__(self, position: int = 0) -> None:
        """`position` is that of the first byte of the output."""
        self._end = position
        self._rest = b""

    def of(self, data: bytes) -> list[Line]:
        """The lines that end in some more output."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        found = [piece for line in lines for piece in self._whole(line, len(line) + 1)]
        pieces = _pieces(self._rest)
        self._rest = pieces.pop()
        return found + [self._line(piece, len(piece)) for piece in pieces]

    def rest(self) -> list[Line]:
        """What is left at the end of the output."""
        rest, self._rest = self._rest, b""
        return self._whole(rest, len(rest))

    def _whole(self, line: bytes, size: int) -> list[Line]:
        """A line, perhaps in pieces; `size` counts the byte that ends it too."""
        if len(line) <= LONGEST_EVENT:  # nearly always
            return [self._line(line.rstrip(b"\r"), size)]
        *pieces, last = _pieces(line)
        found = [self._line(piece, len(piece)) for piece in pieces]
        return [*found, *self._whole(last, len(last) + size - len(line))]

    def _line(self, text: bytes, size: int) -> Line:
        self._end += size
        return Line(text.decode(errors="replace"), self._end)


def _pieces(line: bytes) -> list[bytes]:
    """A line in pieces that are not too long, cut between characters; at least one."""
    pieces = []
    start = 0
    while len(line) - start > LONGEST_EVENT:
        end = start + LONGEST_EVENT
        places = range(end, end - _MOST_CONTINUATIONS - 1, -1)
        cut = next((at for at in places if line[at] & _KIND != _CONTINUATION), end)
        pieces.append(line[start:cut])
        start = cut
    return [*pieces, line[start:]]


def _note(text: str, following: Sequence[Event]) -> Event:
    """A line of the local cloud's own, before others: its time is not after theirs."""
    when = following[0]["timestamp"] if following else int(time.time() * 1000)
    return {"timestamp": when, "message": f"[local cloud] {text}."}


def _size(item: Item) -> int:
    return len(item.event["message"].encode()) + EVENT_BYTES


def _memory(item: Item) -> int:
    return len(item.event["message"]) + _MEMORY_OF_EVENT
