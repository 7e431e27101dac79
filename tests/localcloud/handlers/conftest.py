"""Only one test at a time has faults, because a local cloud has one plan of them."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator

import pytest

from localcloud.server import daemon
from tests.localcloud.cloud import Cloud


@pytest.fixture
def only_plan_of_faults(cloud: Cloud) -> Iterator[None]:
    """Holds the shared cloud's plan of faults, and empties it at the end."""
    with cloud.data.with_suffix(".faults").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
        daemon.ask(cloud.server, "POST", "/localcloud/faults", {"faults": []})
