"""A job's output reaches its log whole, and what does not is said there."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.sagemaker.monitoring import delivery, pump
from localcloud.sagemaker.monitoring.log_streams import MOST_BYTES, MOST_EVENTS
from localcloud.sagemaker.monitoring.pump import LONGEST_EVENT, Lines, Progress, Pump
from localcloud.sagemaker.monitoring.spool import Spool

Pumped = Callable[..., list[str]]


class Stream:
    """A log stream in memory, which refuses as often as it is asked to."""

    prefix = "job/algo-1-"

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.refusals = 0
        self.progress = Progress()

    def put(self, events: list[dict[str, Any]], progress: Progress) -> None:
        if self.refusals:
            self.refusals -= 1
            error = {"Error": {"Code": "ThrottlingException"}, "ResponseMetadata": {}}
            raise ClientError(error, "PutLogEvents")
        assert len(events) <= MOST_EVENTS + 1
        assert sum(len(each["message"].encode()) + 26 for each in events) <= MOST_BYTES
        times = [each["timestamp"] for each in [*self.events, *events]]
        assert times == sorted(times)
        self.events += events
        self.note(progress)

    def note(self, progress: Progress) -> None:
        self.progress = progress

    @property
    def messages(self) -> list[str]:
        return [each["message"] for each in self.events]


@pytest.fixture
def stream() -> Stream:
    return Stream()


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    yield reading, writing
    os.close(reading)


@pytest.fixture
def memory() -> Iterator[int]:
    made = os.memfd_create("output")
    yield made
    os.close(made)


@pytest.fixture
def pumped(stream: Stream, pipe: tuple[int, int], memory: int) -> Callable[..., list[str]]:
    """Pumps the output of a script that writes some pieces; the lines searched for metrics."""

    def pump_all(*pieces: bytes) -> list[str]:
        found: list[str] = []
        reading, writing = pipe
        pumping = Pump(
            Spool(reading, memory),
            stream,
            lambda lines, _end: found.extend(lines),
            lambda: sys.maxsize if found else 0,
            Progress(),
        )

        def write() -> None:
            for piece in pieces:
                os.write(writing, piece)
            os.close(writing)

        script = threading.Thread(target=write)
        pumping.start()
        script.start()
        script.join()
        pumping.finish()
        return found

    return pump_all


@pytest.mark.parametrize("character", ["x", "ä", "🚀"])
def test_a_million_characters_without_a_newline_are_all_there(
    stream: Stream, pumped: Pumped, character: str
):
    found = pumped((character * 1_000_000).encode(), b"\nend\n")

    assert "".join(stream.messages) == character * 1_000_000 + "end"
    assert max(len(each.encode()) for each in stream.messages) == LONGEST_EVENT
    assert found == stream.messages


def test_a_line_is_the_same_however_it_arrives():
    text = "first\r\n\nä🚀\nbar\rbar\r\nlast".encode()
    lines = Lines()

    found = [line for byte in text for line in lines.of(bytes([byte]))] + lines.rest()

    assert [line.text for line in found if line.text] == ["first", "ä🚀", "bar\rbar", "last"]
    assert [line.end for line in found] == [7, 8, 15, 24, 28]
    assert found == [*Lines().of(text), *found[-1:]]


def test_throttled_lines_arrive_in_their_order(stream: Stream, pumped: Pumped):
    stream.refusals = 4

    pumped(b"first\n", b"second\n")

    assert stream.messages == ["first", "second"]


def test_lost_lines_are_counted_in_the_log(
    stream: Stream,
    pumped: Pumped,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):
    monkeypatch.setattr(delivery, "PATIENCE_SECONDS", 0.0)
    stream.refusals = 2

    pumped(b"line\n" * (3 * MOST_EVENTS))

    note, *lines = stream.messages
    assert note.startswith(f"[local cloud] {2 * MOST_EVENTS} lines are lost here")
    assert lines == ["line"] * MOST_EVENTS
    assert "Output is lost: job/algo-1-" in caplog.text


def test_of_output_without_end_the_first_and_the_last_lines_are_kept(
    stream: Stream, pumped: Pumped, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(pump, "LARGEST_STREAM", 10 * pump._MEMORY_OF_EVENT)
    output = "".join(f"{number}\n" for number in range(5_000))

    found = pumped(output.encode())

    messages = stream.messages
    assert messages[:9] == [str(number) for number in range(9)]
    assert messages[9].startswith("[local cloud] 3991 lines are left out here")
    assert messages[10:] == [str(number) for number in range(4_000, 5_000)]
    assert len(found) == 5_000


def test_a_pump_goes_on_where_the_last_one_was_killed(
    stream: Stream, pipe: tuple[int, int], memory: int
):
    reading, writing = pipe
    os.write(writing, b"sent\n\nnew\n")
    os.close(writing)
    Spool(reading, memory).take(1.0)
    found: list[str] = []

    def pump_on(progress: Progress, searched: int) -> None:
        spool = Spool(reading, memory)
        again = Pump(
            spool, stream, lambda lines, _: found.extend(lines), lambda: searched, progress
        )
        again.start()
        again.finish()

    pump_on(Progress(sent=5), searched=0)
    assert (stream.messages, found) == (["new"], ["sent", "new"])

    pump_on(stream.progress, searched=5)
    assert (stream.messages, found) == (["new"], ["sent", "new", "new"])
    assert stream.progress.sent == len("sent\n\nnew\n")


def test_output_that_is_safe_takes_no_memory(pumped: Pumped, memory: int):
    pumped((b"x" * 999 + b"\n") * 8_000)

    assert os.fstat(memory).st_size == 8_000_000
    assert os.fstat(memory).st_blocks * 512 < 2_000_000, "more than a batch, and what is freed once"
