"""What a launch takes: the ratios, and the program that is measured."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console
from rich.table import Table

from bench.launch import Slow, Times, slow_table, times_table, wanted_table
from bench.recorded import RecordingProvider, SendingProvider
from bench.spent import Spent, spent_by

ONE, TWO, SIX = Spent(1, 0.5), Spent(2, 1), Spent(6, 4)
TIMES = Times(
    count=7, preview=TWO, launch=SIX, unchanged=TWO, completion=TWO, recorded=TWO,
    recorded_unchanged=Spent(1.5, 0.8), sent=Spent(5, 3),
    idle_preview=ONE, idle_create=ONE, idle_unchanged=ONE, bare_launch=TWO, bare_wait=ONE,
    slow=Slow(launch=SIX, bare=ONE, alike=TWO),
)  # fmt: skip
PROPS: dict[str, Any] = {
    "lineage": "a",
    "definition_hash": "0",
    "region": "us-east-1",
    "request": {
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        "OutputDataConfig": {"S3OutputPath": "s3://artifacts/output/a"},
        "AlgorithmSpecification": {"TrainingImage": "image"},
    },
}


def text_of(table: Table) -> str:
    console = Console(width=110)
    with console.capture() as written:
        console.print(table)
    return written.get()


def test_a_ratio_is_by_the_clock_and_by_the_processor() -> None:
    assert SIX.over(TWO) == "3.00 (4.00)"


def test_the_goals_are_next_to_the_measurements() -> None:
    lines = text_of(wanted_table(TIMES)).splitlines()
    unchanged = next(line for line in lines if "without changes" in line)
    assert "1.3" in unchanged
    assert "2.00 (2.00)" in unchanged
    assert "1.50 (1.60)" in lines[lines.index(unchanged) + 1]
    launch = next(line for line in lines if "launch ÷ boto3 " in line)
    assert "1.5" in launch
    assert "3.00 (4.00)" in launch
    floor = next(line for line in lines if "the engine's minimum" in line and "of it" in line)
    assert "0.50 (0.50)" in floor
    single = next(line for line in lines if "its one call" in line)
    assert "2.50 (3.00)" in single


def test_a_late_service_is_shown_as_an_assumption() -> None:
    text = text_of(slow_table([TIMES]))
    assert "assumption" in text
    assert "6.00 (8.00)" in text
    assert "assumption" not in text_of(times_table([TIMES]))


def test_a_command_that_fails_is_no_measurement(tmp_path: Path) -> None:
    assert spent_by([sys.executable, "-c", "sum(range(100))"], tmp_path, os.environ).seconds > 0
    with pytest.raises(SystemExit, match="failed"):
        spent_by([sys.executable, "-c", "raise SystemExit(1)"], tmp_path, os.environ)


def test_what_is_recorded_without_a_launch_is_what_a_launched_job_records() -> None:
    recorded = RecordingProvider().create(dict(PROPS)).outs
    assert recorded is not None
    assert recorded.items() >= PROPS.items()
    assert recorded["training_job_name"] == "a-0-1"
    assert recorded["status"] == "InProgress"


def test_a_launch_by_one_call_sends_the_request_once_and_records_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent: list[dict[str, Any]] = []
    provider = SendingProvider()
    client = SimpleNamespace(create_training_job=lambda **request: sent.append(request))
    monkeypatch.setattr(provider, "_client", client, raising=False)
    answer = provider.create(dict(PROPS))
    assert sent == [PROPS["request"] | {"TrainingJobName": "a-0-1"}]
    assert answer.outs == RecordingProvider().create(dict(PROPS)).outs
