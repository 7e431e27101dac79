from __future__ import annotations

import io

import pytest

from toolchain.progress import Progress, Step


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


def test_a_step_that_fails_says_so():
    stream = io.StringIO()
    with Progress(stream) as progress, pytest.raises(OSError, match="full"), progress.step("Go"):
        raise OSError("full")
    assert "failed" in stream.getvalue()
