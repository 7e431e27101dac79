from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from toolchain.environment import aws_exports, aws_variables, engine_environment
from toolchain.layout import CHECKOUT, Layout

USERS_OWN = {
    "PATH": "/usr/bin",
    "HOME": "/home/somebody",
    "AWS_PROFILE": "production",
    "AWS_ACCESS_KEY_ID": "AKIAREAL",
    "AWS_SESSION_TOKEN": "real",
    "AWS_ENDPOINT_URL_S3": "https://example.org",
    "PULUMI_ACCESS_TOKEN": "real",
    "PULUMI_BACKEND_URL": "s3://state-of-the-team",
    "PULUMI_CONFIG_PASSPHRASE_FILE": "/home/somebody/passphrase",
    "PYTHONPATH": "/home/somebody/lib",
}


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(checkout=tmp_path, local=tmp_path / ".local")


def test_the_users_own_aws_and_pulumi_settings_never_pass_through(layout: Layout):
    environment = engine_environment(layout, inherited=USERS_OWN)
    assert not {"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3"} & set(environment)
    assert not {"PULUMI_ACCESS_TOKEN", "PULUMI_CONFIG_PASSPHRASE_FILE"} & set(environment)
    assert "PYTHONPATH" not in environment
    assert "real" not in environment.values()
    assert environment["AWS_ACCESS_KEY_ID"] != "AKIAREAL"


def test_what_is_not_theirs_to_decide_passes_through(layout: Layout):
    assert engine_environment(layout, inherited=USERS_OWN)["HOME"] == "/home/somebody"


def test_aws_clients_find_no_file_of_the_users(layout: Layout):
    environment = engine_environment(layout, inherited=USERS_OWN)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        file = Path(environment[name])
        assert file.is_relative_to(layout.local)
        assert file.read_text() == ""


def test_state_plugins_and_command_line_are_inside_the_checkout(layout: Layout):
    environment = engine_environment(layout, inherited=USERS_OWN)
    assert environment["PULUMI_HOME"] == f"{layout.local}/pulumi-home"
    assert environment["PULUMI_BACKEND_URL"] == f"file://{layout.local}/state"
    assert environment["PATH"].split(":") == [
        f"{layout.checkout}/.venv/bin",
        f"{layout.checkout}/.local/pulumi/bin",
        "/usr/bin",
    ]


def test_without_an_endpoint_none_is_set(layout: Layout):
    assert "AWS_ENDPOINT_URL" not in engine_environment(layout, inherited=USERS_OWN)
    url = "http://127.0.0.1:5000"
    environment = engine_environment(layout, endpoint_url=url, inherited=USERS_OWN)
    assert environment["AWS_ENDPOINT_URL"] == url


def test_s3_control_is_at_a_name_before_which_an_account_can_be_put(layout: Layout):
    environment = engine_environment(layout, endpoint_url="http://127.0.0.1:5000")
    assert environment["AWS_ENDPOINT_URL_S3_CONTROL"] == "http://localhost:5000"


@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
def test_loopback_is_kept_from_the_users_proxy_beside_their_own_exceptions(
    layout: Layout, name: str
):
    environment = engine_environment(layout, inherited={name: "intranet.example.org"})
    expected = "intranet.example.org,127.0.0.1,localhost"
    assert environment["NO_PROXY"] == environment["no_proxy"] == expected


def test_after_the_exports_the_aws_cli_is_the_checkouts_and_calls_the_local_cloud(tmp_path: Path):
    layout, url = Layout(tmp_path / "a checkout", tmp_path / ".local"), "http://127.0.0.1:5000"
    command = layout.virtual_environment / "bin" / "aws"
    command.parent.mkdir(parents=True)
    command.write_text("#!/bin/sh\nenv\n")
    command.chmod(0o700)
    line = aws_exports(layout, url)
    shown = subprocess.run(
        ["bash", "-c", f"{line}\naws"], capture_output=True, text=True, check=True, env=USERS_OWN
    ).stdout
    got = dict(each.split("=", 1) for each in shown.splitlines())
    variables = aws_variables(layout, url)
    exported = set(re.findall("AWS_[A-Z_]+(?==)", line))
    assert {name: got[name] for name in exported} == {name: variables[name] for name in exported}
    [documented] = re.findall("^export AWS_.*$", (CHECKOUT / "README.md").read_text(), re.MULTILINE)
    assert exported == set(re.findall("AWS_[A-Z_]+(?==)", documented))
