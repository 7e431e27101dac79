from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from development.log_lines import LogLine
from development.terminal import log_line, print_jobs, print_next, print_outputs

MODEL = "s3://research-dev-store-artifacts-d812304/output/research-dev-digits/model.tar.gz"


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=60)


def text(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def job(**changes: Any) -> dict[str, Any]:
    return {
        "name": "research-dev-digits-2cff86f5-1",
        "status": "Completed",
        "secondary_status": "Completed",
        "failure_reason": "",
        "metrics": {"test_accuracy": 0.98607},
        "training_seconds": 36,
        "billable_seconds": 11,
        "cost_usd": 0.0012,
        "cost_ceiling_usd": 0.204,
        "model_uri": MODEL,
        "checkpoint_uri": "",
    } | changes


def test_outputs_metrics_times_costs_and_places_are_printed(console: Console):
    print_outputs(console, {"vpc_id": "vpc-1", "training_jobs": {"digits": job()}})
    printed = text(console)
    for expected in ("vpc-1", "0.9861", "36 s", "11 s", "0.0012 USD", "0.2040 USD", "Completed"):
        assert expected in printed


def test_an_address_stays_in_one_line_on_a_narrow_terminal(console: Console):
    print_outputs(console, {"training_jobs": {"digits": job()}})
    assert MODEL in text(console)


def test_an_unknown_cost_is_unknown_and_not_zero(console: Console):
    print_outputs(console, {"training_jobs": {"digits": job(cost_ceiling_usd="unknown")}})
    assert "unknown" in text(console)


def test_a_failed_job_has_its_reason(console: Console):
    failed = job(status="Failed", failure_reason="AlgorithmError: exit code: 1")
    print_outputs(console, {"training_jobs": {"digits": failed}})
    assert "AlgorithmError: exit code: 1" in text(console)


def test_a_job_that_was_not_launched_is_said_to_be(console: Console):
    print_outputs(console, {"training_jobs": {"digits": job(name="", status="NotLaunched")}})
    assert "not launched" in text(console)


def test_a_model_is_offered_only_once_there_is_one(console: Console):
    print_next(console, {"digits": job(status="Stopped")})
    assert "make predict" not in text(console)
    print_next(console, {"digits": job()})
    assert "make predict" in text(console)


def test_without_jobs_the_table_is_a_sentence(console: Console):
    print_jobs(console, [])
    assert "No training job was launched yet" in text(console)


def test_a_log_line_says_which_instance_of_which_job_wrote_it():
    assert str(log_line(LogLine("digits-1", "algo-2", "loss=1"))) == "digits-1 algo-2 │ loss=1"


def test_what_looks_like_markup_in_a_log_line_is_printed_as_it_is(console: Console):
    console.print(log_line(LogLine("digits-1", "algo-1", "[Gloo] [/red] connected")))
    assert "[Gloo] [/red] connected" in text(console)
