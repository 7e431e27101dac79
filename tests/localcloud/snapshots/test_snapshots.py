"""What continues after a local cloud was stopped or killed, and what is reported as lost."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import pytest

from tests.localcloud.cloud import (
    LISTEN,
    Cloud,
    checkpoints,
    eventually,
    kill,
    processes_below,
    stop,
    wait_for_snapshot,
)

MOST_ROWS = 900
GOES_ON = """
import pathlib, signal, sys, time
checkpoint = pathlib.Path('/opt/ml/checkpoints/step')
if checkpoint.exists():
    print('goes on after', checkpoint.read_text())
    sys.exit(0)
checkpoint.write_text('step 1')
while not checkpoint.with_name('step.sagemaker-uploaded').exists():
    time.sleep(0.02)
print('saved')
time.sleep(600)
"""


@pytest.mark.parametrize("end", [pytest.param(stop, marks=pytest.mark.deep), kill])
def test_a_running_job_goes_on_from_its_checkpoints_as_after_an_interruption(
    start: Callable[[], Cloud], end: Callable[[Cloud], None]
):
    cloud = start()
    name = cloud.create(GOES_ON, CheckpointConfig=checkpoints("steps/"))
    cloud.wait_for_line(name, "saved")
    wait_for_snapshot(cloud)

    end(cloud)
    again = start()

    job = again.ended(name)
    rows = [row["Status"] for row in job["SecondaryStatusTransitions"]]
    first = ["Starting", "Downloading", "Training"]
    assert rows == [*first, "Interrupted", *first, "Uploading", "Completed"]
    assert "goes on after step 1" in again.lines(name)


@pytest.mark.deep
def test_a_job_that_was_to_stop_is_stopped_by_the_next_server(start: Callable[[], Cloud]):
    cloud = start()
    name = cloud.create("import signal, time\nsignal.signal(15, signal.SIG_IGN)\ntime.sleep(60)")
    eventually(lambda: True if cloud.describe(name)["SecondaryStatus"] == "Training" else None)
    cloud.sagemaker.stop_training_job(TrainingJobName=name)
    wait_for_snapshot(cloud)
    kill(cloud)

    assert start().ended(name)["SecondaryStatus"] == "Stopped"


@pytest.mark.deep
def test_a_kill_loses_what_no_snapshot_has_and_says_so(start: Callable[[], Cloud]):
    cloud = start()
    cloud.put("before", b"kept")
    wait_for_snapshot(cloud)
    kill(cloud)

    again = start()

    assert again.get("before") == b"kept"
    assert "changes after" in again.server.lost
    # After a normal end, the next one reports nothing.
    stop(again)
    assert start().server.lost == ""


@pytest.mark.deep
def test_whenever_it_is_killed_what_was_written_first_is_whole(start: Callable[[], Cloud]):
    """At seeded moments while objects are written, one after the other."""
    chance, written = random.Random(1), 0  # noqa: S311
    for _ in range(5):
        cloud = start()
        kept = len(cloud.keys("row/"))
        # Nothing is torn, and nothing is missing before what is there.
        for number in range(kept):
            assert cloud.get(f"row/{number:04}") == content(number)
        assert kept <= written
        written = kept
        until = time.monotonic() + chance.uniform(0.5, 4.0)
        while time.monotonic() < until and written < MOST_ROWS:
            cloud.put(f"row/{written:04}", content(written))
            written += 1
        kill(cloud)
    cloud = start()
    cloud.put("row/last", b"")
    rows = cloud.keys("row/")
    wait_for_snapshot(cloud)
    kill(cloud)
    assert start().keys("row/") == rows


def content(number: int) -> bytes:
    return f"{number} ".encode() * 10_000


@pytest.mark.deep
def test_nothing_runs_after_a_stop_until_the_next_start(start: Callable[[], Cloud]):
    cloud = start()
    cloud.wait_for_line(cloud.create(LISTEN), "running")

    stop(cloud)

    assert processes_below(cloud.data) == []
    assert not (cloud.data / "jobs").exists()
