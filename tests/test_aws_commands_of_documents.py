"""The AWS commands of the documents: the API has their operations and options."""

from __future__ import annotations

import re
import shlex
from itertools import pairwise
from pathlib import Path

import jmespath  # type: ignore[import-untyped]
import pytest
from botocore import xform_name
from botocore.session import get_session

PROJECT = Path(__file__).parents[1]
DOCUMENTS = [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^ *```\w*\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
GLOBAL = {"region", "query", "output", "profile"}
OWN = {"s3": {"cp", "ls", "mb"}, "ecr": {"get-login-password"}}
"""Commands that the CLI adds to those of the API."""

COMMANDS = [
    line.strip()
    for document in DOCUMENTS
    for block in BLOCK.findall(document.read_text())
    for line in block.splitlines()
    if line.strip().startswith("aws ")
]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_has_an_operation_and_options_of_the_api(command: str) -> None:
    words = shlex.split(re.sub(r"<[^>]+>", "value", command.partition(" | ")[0]))
    service, operation = words[1:3]
    options = {word.removeprefix("--") for word in words if word.startswith("--")}
    for option, value in pairwise(words):
        if option == "--query":
            jmespath.compile(value)
    if operation in OWN.get(service, set()):
        return
    model = get_session().get_service_model(service)
    names = {xform_name(name, "-"): name for name in model.operation_names}
    shape = model.operation_model(names[operation]).input_shape
    assert shape is not None
    members = {xform_name(name, "-") for name in shape.members}
    required = {xform_name(name, "-") for name in shape.required_members}
    assert options - GLOBAL <= members
    assert required <= options


def test_there_are_commands() -> None:
    assert len(COMMANDS) > 10
