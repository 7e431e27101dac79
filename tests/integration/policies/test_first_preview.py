"""The platform of this project under the policy pack, as docs/policies.md says, on the engine."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from development.policy_pack import quota_report
from tests.integration.engine import Stack
from tests.integration.settings import counting_job, stack_with
from toolchain.layout import CHECKOUT, Layout

pytestmark = [pytest.mark.integration, pytest.mark.deep]

NewStack = Callable[[dict[str, Any]], Stack]
DOCUMENT = (CHECKOUT / "docs" / "policies.md").read_text()
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", DOCUMENT, re.DOTALL | re.MULTILINE)


def commands(start: str) -> list[list[str]]:
    """The words of each line of the only block that begins so."""
    [block] = [text for language, text in BLOCKS if not language and text.startswith(start)]
    return [shlex.split(line) for line in block.splitlines()]


PREVIEW = commands(".venv/bin/pip install -r policies/requirements.txt")[-1:]
TAGS = commands("pulumi stack tag")
CHECK = commands("cd policies\npython -m training_policies.check_configuration")
REPORT = commands("cd policies\npython -m quota_report")


@pytest.mark.runs("docs/policies.md#Which team's quotas count")
def test_a_compliant_stack_passes_its_first_preview_and_one_above_its_quota_does_not(
    new_stack: NewStack,
):
    job = counting_job(instanceType="ml.c5.xlarge", instanceCount=2)
    stack = new_stack(stack_with(work=job) | {"team": "research"})
    assert PREVIEW == [["pulumi", "preview", "--policy-pack", "policies"]]
    first = stack.preview(*PREVIEW[0][2:]).succeeded()
    assert [each for each in first.events if "policyEvent" in each] == []

    tag(stack)
    stack.settings["jobs"]["work"] |= {"instanceCount": 5}
    refused = stack.preview(*PREVIEW[0][2:]).failed()
    assert refused.exit_code == documented_exit_code(stack)
    [event] = [each["policyEvent"] for each in refused.events if "policyEvent" in each]
    assert event["policyName"] == "quota-instances-per-job"
    assert event["enforcementLevel"] == "mandatory"
    assert "the family c5: asked 5, allowed 4." in event["message"]
    assert "Remedy: lower instanceCount." in event["message"]
    assert stack.resources() == []


@pytest.mark.runs("docs/policies.md#The configuration", "docs/policies.md#Over all stacks")
def test_the_report_over_all_stacks_reads_backend_jobs_and_service_quotas(new_stack: NewStack):
    stack = new_stack({})
    stack._prepare()
    [folder, *reports], [_, check] = REPORT, CHECK
    assert folder == ["cd", "policies"]
    assert "can be used" in run(check, stack)
    texts = [run(report, stack) for report in reports]
    assert "No stack has a training job" in texts[0]
    assert json.loads(texts[1])["stacks"] == []


def test_the_checkouts_own_stacks_are_reported_without_a_local_cloud(
    tmp_path: Path, plugins: Path, capfd: pytest.CaptureFixture[str]
):
    layout = Layout(local=tmp_path)
    layout.pulumi_home.mkdir()
    (layout.pulumi_home / "plugins").symlink_to(plugins)
    assert quota_report(layout) == 0
    assert "No stack has a training job" in capfd.readouterr().out


def documented_exit_code(stack: Stack) -> int:
    """What the document says of a violation, for the version of the engine that is set up."""
    rule = r"exit code is (\d+) up to the CLI 3\.(\d+), and (\d+) from 3\.(\d+) on"
    [numbers] = re.findall(rule, DOCUMENT)
    code, last, newer_code, first = map(int, numbers)
    assert first == last + 1
    major, minor, *_ = stack.ask("version").strip().removeprefix("v").split(".")
    assert major == "3"
    return code if int(minor) <= last else newer_code


def tag(stack: Stack) -> None:
    """Tags the stack as the document says."""
    assert [words[:4] for words in TAGS] == [["pulumi", "stack", "tag", "set"]] * 2
    for words in TAGS:
        stack.ask(*words[1:], "--stack", stack.name)


def run(words: list[str], stack: Stack) -> str:
    """What a command of the document prints for the stack's backend and cloud."""
    done = subprocess.run(
        words,
        cwd=CHECKOUT / "policies",
        env=stack.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    # Other tests' jobs may run on the same local cloud, of teams without quotas.
    assert done.returncode == 0 or "--live" in words, done.stderr
    return done.stdout
