"""The full platform, brought up once and then read by many tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import new_stacks, run_cloud
from tests.integration.engine import Result, Stack
from tests.integration.full_platform.options import every_option, make_what_exists_already


@dataclass(frozen=True)
class Platform:
    """A stack with every option on, and how it came up."""

    stack: Stack
    came_up: Result
    outputs: dict[str, Any]

    @property
    def client(self) -> Callable[[str], Any]:
        """Makes boto3 clients of the local cloud."""
        return self.stack.client

    @property
    def prefix(self) -> str:
        """What the names of the stack's resources begin with."""
        return f"{self.stack.settings['team']}-{self.stack.settings['environment']}"


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory, plugins: Path) -> Iterator[Platform]:
    """The full platform on a local cloud of its own; its tests only read, or preview."""
    for url in run_cloud(tmp_path_factory.mktemp("cloud")):
        with new_stacks(tmp_path_factory.mktemp("stacks"), plugins, url) as make:
            stack = make(every_option())
            make_what_exists_already(stack.client)
            came_up = stack.up().succeeded()
            yield Platform(stack, came_up, stack.outputs())
