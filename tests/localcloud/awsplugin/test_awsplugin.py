"""The plugin under the real engine, from `up` to `destroy`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from localcloud.awsplugin.provider import VERSION
from localcloud.awsplugin.provider_settings import REPORT_SIBLINGS
from toolchain.aws_plugin import write_plugin_folder

pytestmark = [pytest.mark.integration, pytest.mark.deep]

CHECKOUT = Path(__file__).parents[3]
PROGRAM = Path(__file__).with_name("program")
SIBLINGS = Path(__file__).with_name("siblings")


class Stack:
    """A stack with a state and plugins of its own."""

    def __init__(self, folder: Path, endpoint: str, program: Path = PROGRAM, **more: str) -> None:
        path = f"{Path(sys.executable).parent}{os.pathsep}{_command_line().parent}"
        self.program = Path(shutil.copytree(program, folder / "program"))
        self._environment = {
            "HOME": str(folder),
            "PATH": f"{path}{os.pathsep}{os.environ['PATH']}",
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_BACKEND_URL": folder.as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "test",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "AWS_ENDPOINT_URL": endpoint,
            **more,
        }
        plugin = write_plugin_folder(folder / "plugin", Path(sys.executable), CHECKOUT).parent
        self.run("plugin", "install", "resource", "aws", f"v{VERSION}", "--file", str(plugin))
        self.run("stack", "init", "dev")

    def run(self, *arguments: str, succeeds: bool = True) -> str:
        """Runs a command of the engine, and returns what it prints."""
        done = subprocess.run(
            [str(_command_line()), "--non-interactive", *arguments],
            cwd=self.program,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert (done.returncode == 0) == succeeds, done.stdout + done.stderr
        return done.stdout

    def configure(self, **settings: str) -> None:
        flags = [
            text
            for name, value in settings.items()
            for text in ("--secret" if name == "owner" else "--plaintext", f"{name}={value}")
        ]
        self.run("config", "set-all", *flags)

    def states(self) -> dict[str, Any]:
        """The outputs of each resource of the SDK in the state, by type."""
        exported = json.loads(self.run("stack", "export", "--show-secrets"))
        resources = exported["deployment"]["resources"]
        return {each["type"]: each["outputs"] for each in resources if "/" in each["type"]}

    def planned(self) -> dict[str, str]:
        """What an update would do to each resource, without those that stay."""
        steps: list[dict[str, Any]] = json.loads(self.run("preview", "--json"))["steps"]
        return {
            step["urn"].rpartition("::")[2]: step["op"] for step in steps if step["op"] != "same"
        }


def _command_line() -> Path:
    local = CHECKOUT / ".local" / "pulumi" / "bin"
    found = shutil.which("pulumi", path=f"{local}{os.pathsep}{os.environ['PATH']}")
    if found is None:
        pytest.fail("The Pulumi engine is not set up; run `make setup`, or `make test`.")
    return Path(found)


def test_a_stack_is_made_kept_changed_and_destroyed(
    tmp_path: Path, endpoint: str, aws: Any
) -> None:
    before = _everything(aws)
    stack = Stack(tmp_path, endpoint)
    stack.configure(team="research", cidr="10.20.0.0/16", data="one", owner="ada")

    stack.run("up", "--yes", "--skip-preview")
    stack.run("up", "--yes", "--skip-preview", "--expect-no-changes", "--refresh")
    outputs = json.loads(stack.run("stack", "output", "--json"))
    assert outputs["tags"] == "[secret]"
    assert outputs["bucket"].startswith("artifacts-")

    stack.configure(data="two")
    assert stack.planned() == {"data.txt": "update"}
    stack.configure(data="one", team="vision", cidr="10.30.0.0/16")
    planned = stack.planned()
    replaced = {name for name, step in planned.items() if "replace" in step}
    assert replaced == {"network", "private"}
    assert {planned[name] for name in planned.keys() - replaced} == {"update"}
    stack.run("up", "--yes", "--skip-preview")
    assert stack.planned() == {}

    stack.run("destroy", "--yes", "--skip-preview")
    assert _everything(aws) == before


@pytest.mark.parametrize(("by_outputs", "clean"), [("false", True), ("true", False)])
def test_a_first_refresh_finds_what_siblings_set_and_then_nothing_is_left(
    tmp_path: Path, endpoint: str, aws: Any, by_outputs: str, clean: bool
) -> None:
    """The engine counts what it finds as a change only where it compares by outputs."""
    before = _everything(aws)
    variables = {REPORT_SIBLINGS: "1", "PULUMI_ENABLE_LEGACY_REFRESH_DIFF": by_outputs}
    stack = Stack(tmp_path, endpoint, SIBLINGS, **variables)
    up, refresh = ("up", "--yes", "--skip-preview"), ("refresh", "--yes", "--skip-preview")
    stack.run(*up)
    stack.run(*up, "--expect-no-changes")

    made = stack.states()
    stack.run(*refresh, "--expect-no-changes", succeeds=clean)
    refreshed = stack.states()
    assert {token.rpartition(":")[2] for token in made if made[token] != refreshed[token]} == {
        "Bucket",
        "Key",
        "Role",
        "RouteTable",
        "SecurityGroup",
        "Topic",
        "VpcEndpoint",
    }
    stack.run(*up, "--expect-no-changes")
    stack.run(*refresh, "--expect-no-changes")
    assert stack.states() == refreshed
    stack.run("destroy", "--yes", "--skip-preview")
    assert _everything(aws) == before


def _everything(aws: Any) -> dict[str, list[str]]:
    ec2 = aws("ec2")
    return {
        "vpcs": [item["VpcId"] for item in ec2.describe_vpcs()["Vpcs"]],
        "subnets": [item["SubnetId"] for item in ec2.describe_subnets()["Subnets"]],
        "buckets": [item["Name"] for item in aws("s3").list_buckets()["Buckets"]],
        "roles": [item["RoleName"] for item in aws("iam").list_roles()["Roles"]],
    }
