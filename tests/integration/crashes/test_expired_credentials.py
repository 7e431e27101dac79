"""Credentials that expire while a job is launched, and while its end is waited for."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from tests.integration.crashes.scene import CrashStack, job_settings
from tests.integration.crashes.test_crashes import UP, account
from toolchain.layout import Layout

pytestmark = [pytest.mark.integration, pytest.mark.deep]

# By their own date they are valid for ever: only the service says that they have expired.
_PROCESS = """
import json, pathlib, sys
calls = pathlib.Path(sys.argv[1])
with calls.open("a") as file:
    file.write("called\\n")
print(json.dumps({
    "Version": 1,
    "AccessKeyId": f"key{len(calls.read_text().splitlines())}",
    "SecretAccessKey": "secret",
    "SessionToken": "token",
    "Expiration": "2999-01-01T00:00:00Z",
}))
"""


@dataclass
class ProcessStack(CrashStack):
    """A stack whose credentials are those that a process of the user's prints."""

    folder: Path = field(default_factory=Path)

    def environment(self) -> dict[str, str]:
        environment = super().environment() | {"AWS_CONFIG_FILE": str(self.folder / "config")}
        keys = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
        return {name: value for name, value in environment.items() if name not in keys}

    @property
    def renewals(self) -> int:
        """How many keys the process has given."""
        return len((self.folder / "calls").read_text().splitlines())


@pytest.fixture
def stack(tmp_path: Path, plugins: Path, own_cloud: str) -> Iterator[ProcessStack]:
    layout = Layout(local=tmp_path / "world")
    layout.pulumi_home.mkdir(parents=True)
    (layout.pulumi_home / "plugins").symlink_to(plugins)
    script, calls = tmp_path / "process.py", tmp_path / "calls"
    script.write_text(_PROCESS)
    (tmp_path / "config").write_text(
        f"[default]\ncredential_process = {sys.executable} {script} {calls}\n"
    )
    stack = ProcessStack(layout, own_cloud, {"team": "keys"}, cloud=own_cloud, folder=tmp_path)
    stack.settings |= {"lineage": stack.lineage("job"), "tags": {}, "wait": True}
    stack.settings |= {"job": job_settings("sleep 3")} | account(stack)
    try:
        yield stack
    finally:
        stack.close()


def test_a_launch_and_a_wait_go_on_with_renewed_credentials(stack: ProcessStack) -> None:
    """The job's provider and the completion's each ask the process: first for the keys 1 and 3."""
    launch, wait = expiry("key1", after=1), expiry("key3", after=1)
    faults(stack.cloud, launch, wait)
    stack.run(*UP).succeeded()
    [job] = stack.jobs("job")
    assert job["TrainingJobStatus"] == "Completed"
    assert all(fault["struck"] >= 1 for fault in faults(stack.cloud))
    assert stack.renewals == 4


def expiry(key: str, after: int) -> dict[str, Any]:
    """A key that SageMaker takes for expired, after so many calls."""
    fault = {"service": "sagemaker", "answer": "expired", "access_key": key}
    return fault | {"skip": after, "times": 1_000_000}


def faults(cloud: str, *switched_on: dict[str, Any]) -> list[dict[str, Any]]:
    """Switches faults on, if any; returns those that are on, and how often each has struck."""
    body = json.dumps({"faults": switched_on}).encode() if switched_on else None
    with urlopen(Request(f"{cloud}/localcloud/faults", body)) as answer:  # noqa: S310
        shown: list[dict[str, Any]] = json.load(answer)["faults"]
    return shown
