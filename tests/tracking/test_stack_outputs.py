from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.toolchain.fake_programs import write_script
from tracking.errors import TrackingError
from tracking.stack_outputs import (
    complete_tunings_in,
    lineages_in,
    region_in,
    stack_outputs,
)

Program = Callable[[str], Path]


@pytest.fixture
def pulumi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """A `pulumi` on PATH that runs a line of shell."""
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return lambda line: write_script(tmp_path, "pulumi", line)


def test_a_stack_says_its_lineages_and_its_region(pulumi: Program):
    pulumi("""test "$5" = --stack && echo '{
        "artifact_key_arn": "arn:aws:kms:eu-west-1:123456789012:key/1",
        "training_jobs": {"a": {"lineage": "x-a"}, "b": {"lineage": "x-a"}, "c": {}}}'""")
    outputs = stack_outputs("dev")
    assert (lineages_in(outputs), region_in(outputs)) == (["x-a"], "eu-west-1")


def test_a_stack_that_pulumi_can_not_read_is_refused_with_the_remedy(pulumi: Program):
    pulumi("echo no stack named dev >&2; exit 1")
    with pytest.raises(TrackingError, match=r"no stack named dev\nLog in, or name the lineages"):
        stack_outputs("dev")


def test_without_pulumi_lineages_can_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(TrackingError, match=r"not on PATH.* --lineage"):
        stack_outputs(None)


def test_a_stack_without_jobs_has_nothing_to_show():
    with pytest.raises(TrackingError, match="no training jobs"):
        lineages_in({})


def test_the_tuning_jobs_that_have_nothing_left_are_those_that_the_stack_calls_completed():
    jobs = {
        "a": {"name": "t-1", "outcome": "completed"},
        "b": {"name": "t-2", "outcome": "stopped"},
    }
    assert complete_tunings_in({"tuning_jobs": jobs}) == {"t-1"}
    assert complete_tunings_in({}) == set()
