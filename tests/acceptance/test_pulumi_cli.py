from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from acceptance import pulumi_cli
from acceptance.platform_settings import policy_configuration
from acceptance.pulumi_cli import CliError, PulumiCli, end_process
from acceptance.scene import Scene
from tests.acceptance.conftest import NewDiary
from training_policies.configuration import read_configuration
from training_policies.pack import POLICIES as RULES

FAKE = """#!/bin/sh
env > "$(dirname "$0")/environment"
echo "$@" >> "$(dirname "$0")/calls"
"""


@pytest.fixture
def cli(tmp_path: Path, new_diary: NewDiary, monkeypatch: pytest.MonkeyPatch) -> PulumiCli:
    """A CLI that only notes how it is called."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "pulumi").write_text(FAKE)
    (folder / "pulumi").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "of another stack")
    monkeypatch.setenv("PULUMI_BACKEND_URL", "s3://state-of-others")
    monkeypatch.setenv("PULUMI_STACK", "research-prod")
    return PulumiCli(new_diary())


def test_the_state_the_stack_and_the_passphrase_are_its_own(cli: PulumiCli, tmp_path: Path):
    cli.create()
    lines = (tmp_path / "bin" / "environment").read_text().splitlines()
    environment = dict(line.split("=", 1) for line in lines if "=" in line)
    assert environment["PULUMI_BACKEND_URL"] == cli.diary.backend
    assert not {"PULUMI_CONFIG_PASSPHRASE", "PULUMI_STACK"} & environment.keys()
    passphrase = Path(environment["PULUMI_CONFIG_PASSPHRASE_FILE"])
    assert len(passphrase.read_text()) > 40
    assert passphrase.stat().st_mode & 0o777 == 0o600
    assert environment["PATH"].startswith(f"{Path(sys.executable).parent}:")
    [call] = (tmp_path / "bin" / "calls").read_text().splitlines()
    assert f"stack init acceptance-{cli.diary.identity} " in call


def test_only_updates_and_previews_of_the_platform_are_judged(cli: PulumiCli, tmp_path: Path):
    cli.create()
    for outcome in (cli.up(), cli.preview(), cli.refresh(), cli.destroy()):
        assert (outcome.code, outcome.changes) == (0, {})
    judged = [
        "--policy-pack policies" in call
        for call in (tmp_path / "bin" / "calls").read_text().splitlines()
    ]
    assert judged == [False, True, True, False, False]


def test_without_a_command_line_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(CliError, match=r"pulumi\.com/docs/install"):
        pulumi_cli.executable()


@pytest.mark.parametrize(("program", "ends"), [("sleep", True), ("/opt/pulumi", False)])
def test_only_a_process_of_the_command_line_is_ended(program: str, ends: bool):
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as process:
        try:
            end_process(process.pid, program, seconds=5.0)
            assert (process.poll() is not None) is ends
        finally:
            process.kill()


def test_the_policies_take_the_acceptances_configuration(scene: Scene):
    scene.write_policies()
    file = scene.diary.folder / pulumi_cli.POLICIES
    assert read_configuration(file, RULES).values == policy_configuration()
