"""The answers beside misbehaving jobs: the table, and a small measurement."""

from __future__ import annotations

import subprocess
import sys
from unittest.mock import Mock

import pytest
from rich.console import Console

from bench.local_cloud import local_cloud
from bench.misbehaving import (
    FLOOR,
    JOBS,
    MOST_SECONDS,
    Answers,
    await_training,
    many_processes,
    measure,
    table,
)


def test_each_job_is_next_to_the_floor() -> None:
    measured = {FLOOR: Answers((0.1,) * 100, 2.0), "other": Answers((0.1,) * 50 + (0.4,) * 50, 3.0)}
    console = Console(width=120)
    with console.capture() as written:
        console.print(table(measured))

    row = next(line for line in written.get().splitlines() if "other" in line)
    assert [cell.strip() for cell in row.split("│")[1:-1]] == [
        *("other", "0.250", "0.400", "4.0", "0.400", "3.0")
    ]


def test_the_processes_of_a_job_that_nobody_stops_end_by_themselves() -> None:
    # The last of them closes the pipe.
    command = [sys.executable, "-c", many_processes(5, 0.5)]
    ended = subprocess.run(command, timeout=300, stdout=subprocess.PIPE, check=False)
    assert ended.returncode == 0
    assert all("3600" not in script for script, _ in JOBS.values())


def test_a_job_that_fails_before_it_trains_is_not_waited_for() -> None:
    failed = {"SecondaryStatus": "Failed", "TrainingJobStatus": "Failed", "FailureReason": "why"}
    client = Mock(describe_training_job=lambda **_: failed)
    with pytest.raises(RuntimeError, match="a-job does not train: why"):
        await_training(client, "a-job")


@pytest.mark.deep
@pytest.mark.parametrize("name", ["short lines without end", "20 expressions that backtrack"])
def test_the_server_answers_beside_a_job_that_misbehaves(name: str) -> None:
    assert name in JOBS
    with local_cloud("--grace", "2") as cloud:
        answers = measure(cloud, name, seconds=5)

    assert answers.slow < 10 * MOST_SECONDS
