"""What docs/operations.md says of the engine's own errors and warnings, on the real engine."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.engine import Stack
from tests.integration.settings import stack_with
from toolchain.layout import CHECKOUT

pytestmark = [pytest.mark.integration, pytest.mark.deep]

DOCUMENT = (CHECKOUT / "docs" / "operations.md").read_text()
JOB_TYPE = "pulumi-python:dynamic/sagemaker:TrainingJob"

NewStack = Callable[[dict[str, Any]], Stack]


def section(heading: str) -> str:
    return DOCUMENT.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


@pytest.mark.runs("docs/operations.md#After a second Ctrl-C")
def test_the_command_of_the_document_ends_the_warnings_of_an_update_that_was_broken_off(
    new_stack: NewStack,
):
    stack = new_stack(stack_with())
    stack.up().succeeded()
    creating_when_it_ended(stack)
    assert "pending operations" in stack.up().text
    [command] = re.findall(r"^pulumi .+$", section("After a second Ctrl-C"), re.MULTILINE)
    stack.run(*shlex.split(command)[1:], "--yes").succeeded()
    after = stack.up().succeeded()
    assert "pending operations" not in after.text
    assert after.changes == {}


def creating_when_it_ended(stack: Stack) -> None:
    """Writes into the state what an engine leaves that was ended while it created a topic."""
    [file] = stack.layout.state.glob(".pulumi/stacks/*/dev.json")
    content = json.loads(file.read_text())
    urn = "urn:pulumi:dev::sagemaker-training::aws:sns/topic:Topic::left"
    resource = {"urn": urn, "custom": True, "type": "aws:sns/topic:Topic"}
    pending = {"resource": resource, "type": "creating"}
    content["checkpoint"]["latest"]["pending_operations"] = [pending]
    file.write_text(json.dumps(content))


def test_the_import_of_a_job_ends_with_the_error_that_the_document_names(new_stack: NewStack):
    stack = new_stack(stack_with())
    stack._prepare()
    done = subprocess.run(
        [
            *(stack.layout.pulumi_bin / "pulumi", "--non-interactive", "import", "--yes"),
            *(JOB_TYPE, "work", "a-job-1", "--stack", stack.name),
            *("--config-file", stack._engine.settings_file, "--generate-code=false"),
        ],
        cwd=CHECKOUT,
        env=stack.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    [error] = re.findall(r"`(KeyError: [^`]+)`", section("Import a job"))
    assert done.returncode != 0
    assert error in done.stdout + done.stderr
