from __future__ import annotations

import io
from pathlib import Path

import pytest

from toolchain.progress import Progress, Step
from toolchain.runner import Runner, Running, StoppedError


def test_a_step_prints_its_name_time_and_what_it_does_in_one_line():
    step = Step("Python packages")
    step.say("12 of 113\n  packages")
    assert step.line().split() == ["Python", "packages", "0:00", "12", "of", "113", "packages"]


def test_a_long_detail_is_cut_to_the_line():
    step = Step("Go")
    step.say("x" * 500)
    assert len(step.line()) <= 110


def test_without_a_terminal_a_step_is_printed_when_it_ends():
    stream = io.StringIO()
    with Progress(stream) as progress, progress.step("Go"):
        pass
    assert stream.getvalue().split() == ["Go", "0:00", "done"]


class Terminal(io.StringIO):
    """A terminal that keeps what is drawn."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("kind", "redrawn"), [("xterm", True), ("dumb", False)])
def test_lines_are_drawn_again_only_on_a_terminal_that_can(
    monkeypatch: pytest.MonkeyPatch, kind: str, redrawn: bool
):
    monkeypatch.setenv("TERM", kind)
    stream = Terminal()
    with Progress(stream) as progress, progress.step("Go"):
        pass
    assert ("\x1b[" in stream.getvalue()) == redrawn


def test_a_step_that_fails_says_so():
    stream = io.StringIO()
    with Progress(stream) as progress, pytest.raises(OSError, match="full"), progress.step("Go"):
        raise OSError("full")
    assert "failed" in stream.getvalue()


def test_a_step_that_was_ended_with_the_others_has_not_failed(tmp_path: Path):
    stream, running = io.StringIO(), Running()
    runner = Runner("Go", tmp_path / "go.log", "install Go", running)
    running.terminate()
    with Progress(stream) as progress, pytest.raises(StoppedError), progress.step("Go"):
        runner.run(["sleep", "60"])
    assert "stopped" in stream.getvalue()
    assert "failed" not in stream.getvalue()
