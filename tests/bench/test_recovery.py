"""The measurement of recovery: what it makes of jobs, and a small run of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from bench import recovery
from bench.recovery import Case, Result


def job(status: str, *rows: str) -> dict[str, Any]:
    return {
        "TrainingJobStatus": status,
        "SecondaryStatusTransitions": [{"Status": row} for row in rows],
    }


LINES = [
    *((0.0, "begins"), (1.0, "did 1"), (2.0, "did 2")),
    *((10.0, "begins"), (11.0, "did 2"), (12.0, "did 3")),
]


def test_steps_that_are_done_twice_are_run_twice_and_useful_once():
    result = recovery.result_of(job("Completed", "Training", "Interrupted", "Training"), LINES)

    assert result == Result(useful=3, run=4, seconds=4.0, interruptions=1, unfinished=0)
    assert result.goodput == 0.75


def test_what_a_job_does_that_never_ends_is_lost():
    result = recovery.result_of(job("Stopped", "Training", "MaxRuntimeExceeded"), LINES)

    assert (result.useful, result.run, result.unfinished) == (0, 4, 1)


def test_the_curves_show_measured_and_expected_and_the_job_without_checkpoints():
    results = {
        Case(4.0, interval): Result(useful=8, run=10, seconds=1.0, interruptions=2, unfinished=0)
        for interval in (1.0, 2.0, recovery.NEVER)
    }

    measured, expected, without = recovery.curves(results)

    assert measured.points == [(1.0, 0.8), (2.0, 0.8)]
    assert [x for x, _ in expected.points] == [1.0, 2.0]
    assert without.points == [(1.0, 0.8), (2.0, 0.8)]


@pytest.mark.deep
def test_a_small_measurement_prints_a_table_and_writes_a_plot(tmp_path: Path):
    plot = tmp_path / "plot.svg"
    options = ["--work", "2", "--between", "2", "--interval", "0.2", "--jobs", "1", "--limit", "5"]
    app = typer.Typer()
    app.command()(recovery.main)
    done = CliRunner().invoke(app, [*options, "--plot", str(plot)], catch_exceptions=False)

    assert done.exit_code == 0
    assert "never" in done.output
    assert plot.read_text().startswith("<?xml")
