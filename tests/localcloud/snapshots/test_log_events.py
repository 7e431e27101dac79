"""A snapshot costs what is new of a log, however long the log is."""

from __future__ import annotations

import pickle
import time
from pathlib import Path
from typing import Any

import pytest
from moto.logs.models import LogsBackend

from localcloud.corrections.log_reading import MOST_EVENTS
from localcloud.snapshots import pickling
from localcloud.snapshots.contents import Contents
from localcloud.snapshots.log_events import EVENTS


@pytest.fixture
def logs() -> Any:
    made: Any = LogsBackend("us-east-1", "123456789012")
    made.create_log_group("jobs", None)
    made.create_log_stream("jobs", "job")
    return made


def write(logs: Any, count: int) -> None:
    now = int(time.time() * 1000)
    events = [{"timestamp": now, "message": f"step {number}"} for number in range(count)]
    for start in range(0, count, MOST_EVENTS):
        logs.put_log_events("jobs", "job", events[start : start + MOST_EVENTS])


def kept(logs: Any, contents: Contents) -> pickling.Pickled:
    pickled = pickling.dump(logs, contents)
    contents.write()
    return pickled


def events(logs: Any) -> list[dict[str, Any]]:
    return [vars(event) for event in logs.groups["jobs"].streams["job"].events]


@pytest.mark.parametrize("count", [0, 5, EVENTS - 1, EVENTS, 3 * EVENTS + 5])
def test_all_events_come_back_and_more_can_follow(logs: Any, tmp_path: Path, count: int):
    write(logs, count)
    pickled = kept(logs, Contents(tmp_path))

    contents = Contents(tmp_path)
    restored: Any = pickling.load(pickled.data, contents)

    assert events(restored) == events(logs)
    write(restored, EVENTS)
    again: Any = pickling.load(kept(restored, contents).data, contents)
    assert events(again) == events(restored)
    assert len(events(again)) == count + EVENTS


def test_a_snapshot_has_only_the_newest_events_itself(logs: Any, tmp_path: Path):
    contents = Contents(tmp_path)
    write(logs, 100 * EVENTS)
    before = kept(logs, contents)
    write(logs, EVENTS)

    after = kept(logs, contents)

    assert len(after.data) < len(pickle.dumps(events(logs))) / 100
    assert len(after.contents - before.contents) == 1
    assert before.contents < after.contents


def test_a_content_that_is_missing_loses_only_its_own_events(logs: Any, tmp_path: Path):
    contents = Contents(tmp_path)
    write(logs, EVENTS)
    lost = kept(logs, contents)
    write(logs, EVENTS + 1)
    pickled = kept(logs, contents)
    for name in lost.contents:
        (tmp_path / name[:2] / name).unlink()

    restored: Any = pickling.load(pickled.data, Contents(tmp_path))

    assert events(restored) == events(logs)[EVENTS:]
