"""Local clouds for all tests; jobs have names and prefixes of their own."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from localcloud.server import daemon
from tests.localcloud.alerting import Alerting
from tests.localcloud.cloud import FAST, Cloud


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """One for all workers: the first to ask starts it, the last to end stops it."""
    base = tmp_path_factory.getbasetemp()
    data = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "cloud"
    with data.with_suffix(".users").open("w") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        try:
            yield Cloud(daemon.start(data, *FAST), data)
        finally:
            with suppress(BlockingIOError):
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                daemon.stop(data)


@pytest.fixture(scope="session")
def confined(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Cloud]]:
    """Clouds by sandbox, which a test may reset, stop or kill: the next to ask starts it again."""
    base = tmp_path_factory.mktemp("confined")
    clouds: dict[str, Cloud] = {}

    def find(sandbox: str) -> Cloud:
        server = daemon.start(base / sandbox, *FAST, "--sandbox", sandbox)
        if sandbox not in clouds or clouds[sandbox].server != server:
            clouds[sandbox] = Cloud(server, base / sandbox)
        return clouds[sandbox]

    yield find
    for data in base.iterdir():
        daemon.stop(data)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], Cloud]]:
    """Starts a local cloud on a folder of the test's own, or finds the one that runs."""
    data = tmp_path / "cloud"
    yield lambda: Cloud(daemon.start(data, *FAST), data)
    daemon.stop(data)


@pytest.fixture
def alerting(cloud: Cloud, request: pytest.FixtureRequest) -> Alerting:
    """A topic and a queue of the test's own."""
    return Alerting(cloud, request.node.name[:60])
