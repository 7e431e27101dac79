"""Reading and putting log events: pages, times, prefixes and limits of CloudWatch Logs.

moto ignores the prefix of a filter, and sorts all events of a stream for each page. The rules are
those of the API reference.
"""

from __future__ import annotations

import heapq
import json
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import takewhile
from operator import attrgetter
from typing import Any, NamedTuple

MOST_EVENTS = 10_000
"""The events of a page. A page of a filter also searches no more events than that."""
MOST_BYTES = 1 << 20
"""The bytes of a page's events, and of a batch of new ones."""
_EVENT_BYTES = 26
"""What an event counts besides its message."""
_DAY_MILLISECONDS = 24 * 3600 * 1000
_IN_ORDER = "kept_in_order"
"""The attribute of a stream that has how many of its first events are in order."""
_NO_STREAM = "The specified log stream does not exist."

_time = attrgetter("timestamp")
_place = attrgetter("timestamp", "event_id")


class _Part(NamedTuple):
    """Some of the events of a stream, which are in order."""

    name: str
    events: Sequence[Any]
    low: int
    high: int


def correct() -> None:
    """Replaces what moto's CloudWatch Logs does when events are read and put."""
    from moto.logs.models import LogGroup, LogsBackend, LogStream
    from moto.logs.responses import LogsResponse

    LogsBackend._find_log_group = _find_group
    LogsBackend.put_log_events = _checked(LogsBackend.put_log_events)
    LogsResponse.filter_log_events = _filter
    LogGroup.get_log_events = _get
    LogStream.to_describe_dict = _described


def _find_group(
    backend: Any, log_group_id: str | None = None, log_group_name: str | None = None
) -> Any:
    """A group by its name, or by an identifier: its name or its ARN."""
    from moto.logs.exceptions import ResourceNotFoundException

    if bool(log_group_id) == bool(log_group_name):
        raise _invalid("Give either logGroupName or logGroupIdentifier, and not both.")
    name = log_group_name or str(log_group_id)
    named = backend.groups.get(name)
    found = named or next((each for each in backend.groups.values() if each.arn == name), None)
    if found is None:
        raise ResourceNotFoundException
    return found


def _filter(response: Any) -> str:
    """The events of a group's streams in the order of their times, whatever their stream is.

    A page may be empty although others follow, as the API reference says.
    """
    asked: Callable[..., Any] = response._get_param
    group = response.logs_backend._find_log_group(
        asked("logGroupIdentifier"), log_group_name=asked("logGroupName")
    )
    matches = _pattern(asked("filterPattern"))
    end = asked("endTime")
    parts = [
        _between(stream, asked("startTime"), None if end is None else end + 1)
        for stream in _streams(group, asked("logStreamNames"), asked("logStreamNamePrefix"))
    ]
    backwards, after = _filter_token(asked("nextToken"), asked("startFromHead") is False)
    most = asked("limit") or MOST_EVENTS
    found: list[dict[str, Any]] = []
    token, size = {}, 0
    for searched, (event, name) in enumerate(_merged(parts, after, backwards=backwards)):
        fits = matches(event.message)
        size += _size(event.message) if fits else 0
        if searched == MOST_EVENTS or len(found) == most or (found and size > MOST_BYTES):
            break
        if fits:
            found.append({**event.to_filter_dict(), "logStreamName": name})
        token = {"nextToken": f"{'b' if backwards else 'f'}/{event.timestamp}/{event.event_id}"}
    else:
        token = {}
    return json.dumps({"events": found, "searchedLogStreams": [], **token})


def _streams(group: Any, names: Sequence[str] | None, prefix: str | None) -> list[Any]:
    from moto.logs.exceptions import ResourceNotFoundException

    if names and prefix is not None:
        raise _invalid("Give either logStreamNames or logStreamNamePrefix, and not both.")
    if names and not group.streams.keys() >= {*names}:
        raise ResourceNotFoundException(_NO_STREAM)
    chosen = names or (name for name in group.streams if name.startswith(prefix or ""))
    return [group.streams[name] for name in dict.fromkeys(chosen)]


def _pattern(text: str | None) -> Callable[[str], bool]:
    """Whether a message matches a filter pattern. Raises an error for one that moto would skip."""
    from moto.logs.exceptions import LogsClientError
    from moto.logs.utils import EventMessageFilter, UnsupportedFilterPattern

    if not text:
        return lambda _: True
    matching = EventMessageFilter(text)
    words = text.split() if text[0] != '"' else [text[1:-1]]
    if isinstance(matching.filter_type, UnsupportedFilterPattern) or any(
        word.startswith(("-", "?")) or '"' in word for word in words
    ):
        raise LogsClientError(
            "NotImplemented",
            f"The local cloud does not have the filter pattern {text!r}: only words, all of which "
            'a message must have, or one phrase in quotes, such as "loss 0.1"',
        )
    return lambda message: bool(matching.matches(message))


def _filter_token(token: str | None, backwards: bool) -> tuple[bool, tuple[int, int] | None]:
    """The direction of a page, and the place of the last event before it."""
    if token is None:
        return backwards, None
    try:
        direction, time, number = token.split("/")
        return direction == "b", (int(time), int(number))
    except ValueError:
        raise _invalid("The specified nextToken is invalid.") from None


def _merged(
    parts: Sequence[_Part], after: tuple[int, int] | None, *, backwards: bool
) -> Iterator[tuple[Any, str]]:
    """The events of several streams in order, with the names of their streams."""

    def events_of(part: _Part) -> Iterator[tuple[Any, str]]:
        low, high = part.low, part.high
        if after is not None and backwards:
            high = bisect_left(part.events, after, low, high, key=_place)
        elif after is not None:
            low = bisect_right(part.events, after, low, high, key=_place)
        places = reversed(range(low, high)) if backwards else range(low, high)
        return ((part.events[place], part.name) for place in places)

    streams = [events_of(part) for part in parts]
    return heapq.merge(*streams, key=lambda each: _place(each[0]), reverse=backwards)


def _get(
    group: Any,
    log_stream_name: str,
    start_time: int | None,
    end_time: int | None,
    limit: int | None,
    next_token: str | None,
    start_from_head: bool,
) -> tuple[list[dict[str, Any]], str, str]:
    """A page of a stream's events, and the tokens of the pages before and after it.

    A token has the position between two events. At the end of the stream, the next page has the
    token by which it was asked for.
    """
    from moto.logs.exceptions import ResourceNotFoundException

    if log_stream_name not in group.streams:
        raise ResourceNotFoundException(_NO_STREAM)
    part = _between(group.streams[log_stream_name], start_time, end_time)
    forwards, place = _get_token(next_token, part, forwards=bool(start_from_head))
    places = range(place, part.high) if forwards else range(place - 1, part.low - 1, -1)
    size = 0

    def fits(index: int) -> bool:
        nonlocal size
        size += _size(part.events[index].message)
        return size <= MOST_BYTES or index == places[0]

    page = list(takewhile(fits, places[: limit or MOST_EVENTS]))
    low, high = (min(page), max(page) + 1) if page else (place, place)
    events = [part.events[index].to_response_dict() for index in range(low, high)]
    return events, f"b/{low:056d}", f"f/{high:056d}"


def _get_token(token: str | None, part: _Part, *, forwards: bool) -> tuple[bool, int]:
    """The direction of a page, and the position from which it goes."""
    if token is None:
        return forwards, part.low if forwards else part.high
    direction, _, place = token.partition("/")
    if direction not in {"f", "b"} or not place.isdecimal():
        raise _invalid("The specified nextToken is invalid.")
    if direction == "f":
        return True, max(int(place), part.low)
    return False, min(int(place), part.high)


def _between(stream: Any, start: int | None, end: int | None) -> _Part:
    """The events of a stream from a time on, before another time, in milliseconds."""
    events = _ordered(stream)
    low = 0 if start is None else bisect_left(events, start, key=_time)
    high = len(events) if end is None else bisect_left(events, end, key=_time)
    return _Part(stream.log_stream_name, events, low, max(low, high))


def _ordered(stream: Any) -> Sequence[Any]:
    """A stream's events in order: usually as they are, which only new ones are checked for."""
    events: Sequence[Any] = stream.events
    known = min(vars(stream).get(_IN_ORDER, 0), len(events))
    while known < len(events) and (known == 0 or _place(events[known - 1]) < _place(events[known])):
        known += 1
    setattr(stream, _IN_ORDER, known)
    return events if known == len(events) else sorted(events, key=_place)


def _described(stream: Any) -> dict[str, Any]:
    """What DescribeLogStreams shows of a stream; its bytes are always 0 now."""
    shown = {
        "arn": stream.arn,
        "creationTime": _milliseconds(stream.creation_time),
        "logStreamName": stream.log_stream_name,
        "storedBytes": 0,
    }
    if events := _ordered(stream):
        shown |= {
            "firstEventTimestamp": events[0].timestamp,
            "lastEventTimestamp": events[-1].timestamp,
            "lastIngestionTime": _milliseconds(stream.last_ingestion_time),
            "uploadSequenceToken": str(stream.upload_sequence_token),
        }
    return shown


def _milliseconds(time: Any) -> int:
    from moto.core.utils import unix_time_millis

    return int(unix_time_millis(time))


def _checked(put: Callable[..., Any]) -> Callable[..., Any]:
    """Returns PutLogEvents of moto, which refuses a batch that is too large or too long."""

    def put_log_events(backend: Any, group: str, stream: str, events: Sequence[Any]) -> Any:
        size = sum(_size(each["message"]) for each in events)
        if size > MOST_BYTES:
            raise _invalid(f"Upload too large: {size} bytes exceeds limit of {MOST_BYTES}")
        if events and events[-1]["timestamp"] - events[0]["timestamp"] > _DAY_MILLISECONDS:
            raise _invalid(
                "The batch of log events in a single PutLogEvents request cannot span more than "
                "24 hours."
            )
        return put(backend, group, stream, events)

    return put_log_events


def _size(message: str) -> int:
    return len(message.encode(errors="replace")) + _EVENT_BYTES


def _invalid(message: str) -> Exception:
    from moto.logs.exceptions import InvalidParameterException

    error: Exception = InvalidParameterException(message)
    return error
