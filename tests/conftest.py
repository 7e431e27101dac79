"""How tests are shared out over workers, how long one may take, and what Pulumi's mocks need."""

from __future__ import annotations

import asyncio
from typing import Any

import hypothesis
import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

# Examples are timed by the clock, and a busy machine is no failure.
hypothesis.settings.register_profile("unhurried", deadline=None)
hypothesis.settings.load_profile("unhurried")

TOGETHER = "tests/integration/full_platform/"
"""The tests that read one platform, which takes a minute to bring up."""

APART = "tests/integration/"
"""The tests that take long, each of which brings up what it needs."""


@pytest.fixture(scope="session", autouse=True)
def _event_loop() -> None:
    """Pulumi's mocks ask for the current loop, which Python 3.12 and 3.13 warn of making.

    It stays open as long as the process, as the one does that Pulumi itself makes: its threads
    keep loops of their own, which nobody closes.
    """
    asyncio.set_event_loop(asyncio.new_event_loop())


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """A worker that has none left takes the next file, or the next long test."""
    return _Scheduling(config, log)


class _Scheduling(LoadScopeScheduling):  # type: ignore[misc]
    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(TOGETHER):
            return TOGETHER
        return nodeid if nodeid.startswith(APART) else nodeid.partition("::")[0]
