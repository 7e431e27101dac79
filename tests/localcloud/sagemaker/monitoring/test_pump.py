"""A job's output reaches its log whole, and what does not is said there."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.sagemaker.monitoring import delivery, pump
from localcloud.sagemaker.monitoring.log_streams import MOST_BYTES, MOST_EVENTS
from localcloud.sagemaker.monitoring.pump import LONGEST_EVENT, Lines, Pump


class Stream:
    """A log stream in memory, which refuses as often as it is asked to."""

    prefix = "job/algo-1-"

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.refusals = 0

    def put(self, events: list[dict[str, Any]]) -> None:
        if self.refusals:
            self.refusals -= 1
            error = {"Error": {"Code": "ThrottlingException"}, "ResponseMetadata": {}}
            raise ClientError(error, "PutLogEvents")
        assert len(events) <= MOST_EVENTS + 1
        assert sum(len(each["message"].encode()) + 26 for each in events) <= MOST_BYTES
        times = [each["timestamp"] for each in [*self.events, *events]]
        assert times == sorted(times)
        self.events += events

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


def pumped(stream: Stream, pipe: tuple[int, int], *pieces: bytes) -> list[str]:
    """Pumps the output of a script that writes some pieces; the lines searched for metrics."""
    found: list[str] = []
    reading, writing = pipe
    pumping = Pump(reading, stream, lambda lines, _time: found.extend(lines))  # type: ignore[arg-type]

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


@pytest.mark.parametrize("character", ["x", "ä", "🚀"])
def test_a_million_characters_without_a_newline_are_all_there(
    stream: Stream, pipe: tuple[int, int], character: str
):
    found = pumped(stream, pipe, (character * 1_000_000).encode(), b"\nend\n")

    assert "".join(stream.messages) == character * 1_000_000 + "end"
    assert max(map(len, stream.messages)) == LONGEST_EVENT
    assert found == stream.messages


def test_a_line_is_the_same_however_it_arrives():
    text = "first\r\n\nä🚀\nbar\rbar\r\nlast".encode()
    lines = Lines()

    found = [line for byte in text for line in lines.of(bytes([byte]))] + lines.rest()

    assert [line for line in found if line] == ["first", "ä🚀", "bar\rbar", "last"]


def test_throttled_lines_arrive_in_their_order(stream: Stream, pipe: tuple[int, int]):
    stream.refusals = 4

    pumped(stream, pipe, b"first\n", b"second\n")

    assert stream.messages == ["first", "second"]


def test_lost_lines_are_counted_in_the_log(
    stream: Stream,
    pipe: tuple[int, int],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):
    monkeypatch.setattr(delivery, "PATIENCE_SECONDS", 0.0)
    stream.refusals = 2

    pumped(stream, pipe, b"line\n" * (3 * MOST_EVENTS))

    note, *lines = stream.messages
    assert note.startswith(f"[local cloud] {2 * MOST_EVENTS} lines are lost here")
    assert lines == ["line"] * MOST_EVENTS
    assert "Output is lost: job/algo-1-" in caplog.text


def test_of_output_without_end_the_first_and_the_last_lines_are_kept(
    stream: Stream, pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(pump, "LARGEST_STREAM", 10 * pump._MEMORY_OF_EVENT)
    output = "".join(f"{number}\n" for number in range(5_000))

    found = pumped(stream, pipe, output.encode())

    messages = stream.messages
    assert messages[:9] == [str(number) for number in range(9)]
    assert messages[9].startswith("[local cloud] 3991 lines are left out here")
    assert messages[10:] == [str(number) for number in range(4_000, 5_000)]
    assert len(found) == 5_000
