"""In which order and where tests run, what they report at the end, and what Pulumi's mocks need."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator

import hypothesis
import pytest

from tests.browser import BROWSERS, installed_browser
from tests.document_commands import Walk

# Examples are timed by the clock, and a busy machine is no failure.
hypothesis.settings.register_profile("unhurried", deadline=None)
hypothesis.settings.load_profile("unhurried")

_REPORTED = "reported"
_LONGEST_PARAMETER = 200
"""Characters of a text in the name of a test."""

TOGETHER = "tests/integration/full_platform/"
"""The tests that read one platform, which takes a minute to bring up."""

APART = (
    "tests/integration/",
    "tests/localcloud/sagemaker/runtime/test_runtime.py",
    "tests/bench/soak/test_soak.py",
)
"""The tests that take long, each of which brings up what it needs."""

LONGEST = (
    "tests/bench/soak/test_soak.py",
    "tests/localcloud/sagemaker/runtime/test_runtime.py",
    "tests/integration/acceptance/",
    "tests/integration/crashes/",
    "tests/integration/test_commands.py",
    "tests/integration/test_pages.py",
)
"""Those of them that take minutes."""

USERS_OWN = (
    *("AWS_", "GIT_", "MLFLOW_", "PULUMI_", "TRAINING_", "WANDB_"),
    *("COLUMNS", "FORCE_COLOR", "LINES", "NO_COLOR"),
)
"""The beginnings of variables with which a user's own shell would change what the tests see."""
NOTHING_OF_AWS = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}
"""Without these, the AWS SDK would look for settings in the user's home and in the machine."""
OF_GIT = {
    "core.autocrlf": "false",
    "core.excludesFile": os.devnull,
    "core.hooksPath": os.devnull,
    "commit.gpgSign": "false",
    "init.templateDir": "",
}
"""Git's settings in the place of the user's; others are kept, such as which folders are safe."""


def pytest_configure() -> None:
    """Makes the tests independent of the user and the shell that start them."""
    for name in [name for name in os.environ if name.startswith(USERS_OWN)]:
        del os.environ[name]
    chosen = os.environ.get("no_proxy") or os.environ.get("NO_PROXY")
    direct = ",".join(filter(None, [chosen, "127.0.0.1", "localhost"]))
    for number, (name, value) in enumerate(OF_GIT.items()):
        os.environ |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    os.environ |= NOTHING_OF_AWS | {
        "GIT_CONFIG_COUNT": str(len(OF_GIT)),
        "NO_PROXY": direct,
        "no_proxy": direct,
    }
    _let_ctrl_c_through()


def _let_ctrl_c_through() -> None:
    """Lets Ctrl-C reach what the tests start, also where a shell started them with `&`.

    Such a shell makes its commands ignore SIGINT, and every process below them does as well. The
    engine ends its plugins with that signal: it would wait five seconds for each that ignores it.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_make_parametrize_id(val: object) -> str | None:
    """Shortens the name of a test with a long text, which each report of a failure repeats."""
    if isinstance(val, str | bytes) and len(val) > _LONGEST_PARAMETER:
        return f"{val[:_LONGEST_PARAMETER]!a} of {len(val)}"
    return None


@pytest.fixture(scope="session", autouse=True)
def _event_loop() -> None:
    """Pulumi's mocks ask for the current loop, which Python 3.12 and 3.13 warn of making.

    It stays open as long as the process, like the one that Pulumi itself makes: its threads
    have loops of their own, which are never closed.
    """
    asyncio.set_event_loop(asyncio.new_event_loop())


@pytest.fixture(scope="session")
def browser() -> str:
    """The program of a browser; without one, the test is skipped, which the summary shows."""
    found = installed_browser()
    if found is None:
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)} is installed")
    return found


@pytest.fixture
def walk(request: pytest.FixtureRequest) -> Iterator[Walk]:
    """Runs the commands of the documents that the test's mark `runs` names, and leaves out none."""
    mark = request.node.get_closest_marker("runs")
    walk, failed = Walk(mark.args), request.session.testsfailed
    yield walk
    if request.session.testsfailed == failed:
        walk.must_be_complete()


@pytest.fixture
def report(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Reports a line that is printed once all tests of all workers have ended."""
    return lambda text: record_property(_REPORTED, text)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints what the tests have reported."""
    phases = (phase for each in terminalreporter.stats.values() for phase in each)
    calls = (phase for phase in phases if getattr(phase, "when", None) == "call")
    properties = (each for call in calls for each in call.user_properties)
    lines = [text for name, text in properties if name == _REPORTED]
    if lines:
        terminalreporter.section("What the tests report")
        terminalreporter.write("".join(f"{line}\n" for line in sorted(lines)))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the tests that take long first, so that no worker is left with one at the end.

    Each of them runs on the next worker that is free. All others stay together with their file,
    and those that read one platform with each other.
    """
    for item in items:
        if _is(item, (TOGETHER,)):
            item.add_marker(pytest.mark.xdist_group(TOGETHER))
        elif not _is(item, APART):
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))
    items.sort(key=lambda item: (not _is(item, LONGEST), not _is(item, APART)))


def _is(item: pytest.Item, any_of: tuple[str, ...]) -> bool:
    return item.nodeid.startswith(any_of)
