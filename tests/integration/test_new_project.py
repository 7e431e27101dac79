"""`pulumi new` on a copy of the checkout, and the stack that it makes, on the real engine."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.engine import TIMEOUT_SECONDS, Stack
from toolchain.layout import CHECKOUT

pytestmark = [pytest.mark.integration, pytest.mark.deep]

NewStack = Callable[[dict[str, Any]], Stack]
ALLOWED = ("--config", "aws:allowedAccountIds=123456789012")
_NO_PACKAGES = """\
#!/bin/sh
# In place of python3: an environment whose pip does nothing, as the set-up has all packages.
mkdir -p "$3/bin" && ln -s /bin/true "$3/bin/python"
"""


def test_the_answers_are_a_stack_that_previews_at_once(new_stack: NewStack, tmp_path: Path):
    stack = new_stack({})
    copy = new_project(stack, tmp_path, "--config", "team=audio", *ALLOWED)

    config = yaml.safe_load((copy / "Pulumi.audio-dev.yaml").read_text())["config"]
    assert config == {
        "aws:region": "us-east-1",
        "aws:allowedAccountIds": "123456789012",
        "sagemaker-training:team": "audio",
        "sagemaker-training:environment": "dev",
        "sagemaker-training:network": "10.64.0.0/16",
    }
    assert "template" not in yaml.safe_load((copy / "Pulumi.yaml").read_text())
    preview = pulumi(stack, copy, "preview", "--stack", "audio-dev")
    assert preview.returncode == 0, preview.stdout
    assert "audio-dev-network" in preview.stdout
    assert "TrainingJob " not in preview.stdout


def test_a_project_of_another_name_is_refused_with_the_remedy(new_stack: NewStack, tmp_path: Path):
    stack = new_stack({})
    copy = new_project(stack, tmp_path, "--config", "team=audio", "--name", "other")

    refused = pulumi(stack, copy, "preview", "--stack", "audio-dev")
    assert refused.returncode != 0
    assert 'the project\'s name: "other"' in refused.stdout
    assert "--name sagemaker-training" in refused.stdout


def new_project(stack: Stack, folder: Path, *options: str) -> Path:
    """A project that `pulumi new` makes of the files that git knows."""
    template, project = folder / "template", folder / "project"
    for name in files_of_git():
        (template / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(CHECKOUT / name, template / name)
    (folder / "python3").write_text(_NO_PACKAGES)
    (folder / "python3").chmod(0o755)
    stack.layout.state.mkdir(parents=True, exist_ok=True)
    arguments = ("--offline", "--yes", "--dir", str(project), "--stack", "audio-dev", *options)
    made = pulumi(stack, folder, "new", str(template), *arguments, first_on_path=folder)
    assert made.returncode == 0, made.stdout
    # The language host that toolchain/ builds makes the environment elsewhere than the official.
    shutil.rmtree(project / "bin")
    (project / ".venv").symlink_to(stack.layout.virtual_environment)
    return project


def files_of_git() -> list[str]:
    """The files of the checkout that git knows and that exist."""
    listed = subprocess.run(
        ["git", "ls-files"], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    return [name for name in listed.stdout.splitlines() if (CHECKOUT / name).is_file()]


def pulumi(
    stack: Stack, folder: Path, *arguments: str, first_on_path: Path | None = None
) -> subprocess.CompletedProcess[str]:
    environment = stack.environment()
    if first_on_path:
        environment["PATH"] = f"{first_on_path}{os.pathsep}{environment['PATH']}"
    return subprocess.run(
        [stack.layout.pulumi_bin / "pulumi", "--non-interactive", "--color", "never", *arguments],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
