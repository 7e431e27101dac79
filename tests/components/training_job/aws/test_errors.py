"""What a person reads of an error, and what the log file keeps of it."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.training_job.aws.errors import (
    TrainingJobError,
    trace_file,
    traced,
    without_traceback,
)
from tests.components.fake_aws import client_error


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A PULUMI_HOME of the test's own, and errors printed as the host does it."""
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "tracebacklimit", 1000, raising=False)
    without_traceback()
    yield tmp_path
    close_log()


def close_log() -> None:
    log = logging.getLogger("sagemaker-training")
    for handler in [each for each in log.handlers if each.name == log.name]:
        log.removeHandler(handler)
        handler.close()


def printed(error: Exception) -> str:
    """What the dynamic-provider host sends the engine of an error."""
    try:
        traced(raising)(error)
    except Exception:
        return traceback.format_exc()
    raise AssertionError("nothing was raised")


def raising(error: Exception) -> None:
    raise error


def test_an_error_with_a_remedy_is_only_its_message() -> None:
    assert printed(TrainingJobError("Stop that job.")) == "TrainingJobError: Stop that job.\n"


def test_any_other_error_says_where_its_trace_is(home: Path) -> None:
    text = printed(KeyError("lineage"))
    assert (
        text == f"KeyError: 'lineage'\nThe full trace is in {home}/logs/sagemaker-training.log.\n"
    )


@pytest.mark.parametrize("error", [TrainingJobError("Stop."), KeyError("lineage")])
def test_the_file_has_every_frame_of_every_error(error: Exception) -> None:
    printed(error)
    trace = trace_file().read_text()
    assert "in raising" in trace
    assert repr(error).partition("(")[0] in trace
    assert sys.tracebacklimit == 0


def test_only_its_owner_may_read_the_file() -> None:
    printed(KeyError("lineage"))
    assert trace_file().stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("code", ["ExpiredToken", "ExpiredTokenException", "RequestExpired"])
def test_expired_credentials_are_reported_with_the_remedy(code: str) -> None:
    text = printed(client_error(code, "The security token included in the request is expired"))
    assert "Renew them" in text
    assert "ClientError" not in text


def test_a_log_that_cannot_be_written_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    close_log()
    (tmp_path / "file").touch()
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "file"))
    without_traceback()
    assert "Stop that job." in printed(TrainingJobError("Stop that job."))
    assert not trace_file().exists()
