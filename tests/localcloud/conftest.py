"""One local cloud for all tests of a worker; jobs have names and prefixes of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud import daemon
from tests.localcloud.cloud import Cloud

FAST = ("--grace", "3", "--checkpoint-interval", "0.1")


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    data: Path = tmp_path_factory.mktemp("cloud")
    server = daemon.start(data, *FAST)
    yield Cloud(server, data)
    daemon.stop(data)
