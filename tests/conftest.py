"""In which order and where tests run, what they report at the end, and what Pulumi's mocks need."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable

import hypothesis
import pytest

# Examples are timed by the clock, and a busy machine is no failure.
hypothesis.settings.register_profile("unhurried", deadline=None)
hypothesis.settings.load_profile("unhurried")

_TOLD = "told"


def pytest_configure() -> None:
    """Let Ctrl-C reach what the tests start, also where a shell started them with `&`.

    Such a shell makes its commands ignore SIGINT, and every process below them does as well. The
    engine ends its plugins with that signal: it would wait five seconds for each that ignores it.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put long tests first, each on the next free worker; others stay together with their file.

    The longest come first, so that at the end no worker is left with one.
    """
    for item in items:
        own_group = item.get_closest_marker("xdist_group")
        if not own_group and not _is(item, "integration") and not _is(item, "longest"):
            item.add_marker(pytest.mark.xdist_group(item.path.name))
    items.sort(key=lambda item: (not _is(item, "longest"), not _is(item, "integration")))


def _is(item: pytest.Item, marker: str) -> bool:
    return item.get_closest_marker(marker) is not None


@pytest.fixture(scope="session", autouse=True)
def _event_loop() -> None:
    """Pulumi's mocks ask for the current loop, which Python 3.12 and 3.13 warn of making.

    It stays open as long as the process, as the one does that Pulumi itself makes: its threads
    keep loops of their own, which nobody closes.
    """
    asyncio.set_event_loop(asyncio.new_event_loop())


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Says something that is printed once all tests of all workers have ended."""
    return lambda text: record_property(_TOLD, text)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints what the tests said with `tell`."""
    reports = (report for each in terminalreporter.stats.values() for report in each)
    ended = (report for report in reports if getattr(report, "when", None) == "call")
    told = [text for report in ended for name, text in report.user_properties if name == _TOLD]
    if told:
        terminalreporter.section("What the tests report")
        terminalreporter.write("".join(f"{text}\n" for text in sorted(told)))
