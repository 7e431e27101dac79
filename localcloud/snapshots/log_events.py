"""The events of log streams, in files that are written once.

A job may log half a million lines. A snapshot of all their events would keep every request waiting
for seconds, again and again. Events never change, so each thousand of a stream is a content, as
an S3 object's is, and a snapshot costs only what is new.
"""

from __future__ import annotations

import marshal
from collections.abc import Callable
from typing import Any

from localcloud.snapshots.contents import Contents
from localcloud.snapshots.mappings import Reducers, new_object

EVENTS = 1_000
"""The events of a stream that become one content."""
_NAMES = "kept_as"
"""The attribute of a stream that has the names of its contents; they never change."""
_FIELDS = ("ingestion_time", "timestamp", "message", "event_id")

Reference = Callable[[str], Any]
"""Makes what stands for a content, by its name, and is pickled instead of it."""


def log_events(contents: Contents, reference: Reference) -> Reducers:
    """The reducer of log streams."""
    from moto.logs.models import LogStream

    def reduce_stream(stream: Any) -> tuple[Any, ...]:
        names: list[str] = vars(stream).setdefault(_NAMES, [])
        events = list(stream.events)
        for number in range(len(events) // EVENTS):
            if number < len(names) and contents.has(names[number]):
                continue
            some = events[number * EVENTS : (number + 1) * EVENTS]
            rows = [tuple(getattr(event, field) for field in _FIELDS) for event in some]
            names[number : number + 1] = [contents.put(marshal.dumps(rows))]
        kept = [reference(name) for name in names]
        state = {**vars(stream), "events": events[len(names) * EVENTS :], _NAMES: list(names)}
        return new_object, (type(stream),), (state, kept), None, None, _set_stream

    return {LogStream: reduce_stream}


def _set_stream(stream: Any, state: tuple[dict[str, Any], list[bytes | None]]) -> None:
    from moto.logs.models import LogEvent

    attributes, kept = state
    events: list[Any] = []
    names = [name for name, data in zip(attributes[_NAMES], kept, strict=True) if data is not None]
    for data in kept:
        # Without the content, its events are lost.
        for row in marshal.loads(data) if data is not None else ():  # noqa: S302  # as its snapshot
            event: Any = new_object(LogEvent)
            vars(event).update(zip(_FIELDS, row, strict=True))
            events.append(event)
    vars(stream).update(attributes, events=[*events, *attributes["events"]], **{_NAMES: names})
