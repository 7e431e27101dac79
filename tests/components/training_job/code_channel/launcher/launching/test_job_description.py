"""The configuration files of the container, where they are not what the service writes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.components.training_job.code_channel.container import Container


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("resourceconfig", "{", "is not JSON"),
        ("resourceconfig", "[]", "no JSON object"),
        ("resourceconfig", {"current_host": "algo-3", "hosts": ["algo-1"]}, "'algo-3' is not one"),
        ("hyperparameters", "nonsense", "is not JSON"),
    ],
)
def test_a_broken_configuration_file_is_named(
    container: Container, name: str, content: Any, message: str
) -> None:
    container.configure(name, content)
    done = container.run_script("")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert f"{name}.json" in container.failure
    assert message in container.failure
