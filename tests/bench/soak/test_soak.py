"""A minute of the soak."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bench.soak.soaking import MOST_GROWTH, soak

SEED = 1
ANSWERS_SECONDS = 30.0
"""The bench has a narrower limit; this one only tells answers from a server that hangs."""


@pytest.mark.deep
def test_jobs_end_as_they_should_and_nothing_is_left_whatever_happens(
    report: Callable[[str], None],
):
    summary = soak(minutes=1.0, seed=SEED, at_once=6)

    report(str(summary))
    assert summary.problems == []
    assert summary.left == []
    assert summary.ends.total() > 10
    assert summary.restarts.total() > 0
    assert not summary.growth > MOST_GROWTH
    assert summary.slowest < ANSWERS_SECONDS
