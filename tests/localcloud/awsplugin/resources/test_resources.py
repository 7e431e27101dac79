"""What is true of all resource types: the SDK's own view of them, their tests, their lists."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import boto3
import pytest

import localcloud.awsplugin
from localcloud.awsplugin.provider import VERSION
from localcloud.awsplugin.resource_type import ResourceType
from localcloud.awsplugin.resources import RESOURCE_TYPES
from tests.localcloud.awsplugin import sdk

# What the SDK's source names as an output although the program may set it, by type.
_EITHER = {"aws:ssm/parameter:Parameter": {"value", "valueWo"}}
_IDENTITY = ("Id", "Ids", "Name", "Names", "Arn")


@pytest.mark.parametrize("kind", RESOURCE_TYPES.values(), ids=lambda kind: kind.type)
def test_a_type_has_the_sdks_inputs_and_outputs(kind: ResourceType) -> None:
    inputs = sdk.top_level(kind.type)
    assert kind.outputs == sdk.outputs(kind.type) - _EITHER.get(kind.type, set())
    used = {
        path.partition(".")[0]
        for paths in (kind.required, kind.replaces, kind.computed, kind.write_only, kind.unordered)
        for path in (*paths, *kind.defaults, *kind.same)
    }
    assert used - kind.outputs <= inputs
    assert kind.tagged == ("tags" in inputs)
    assert kind.regional == ("region" in inputs)


def test_a_type_names_the_file_that_has_its_schema() -> None:
    """Two types have theirs in one file: the rules of both directions of a security group."""
    sources = [kind.source for kind in RESOURCE_TYPES.values()]
    assert all(re.fullmatch(r"[a-z0-9]+/[a-z0-9_]+\.go", source) for source in sources)
    assert len(set(sources)) == len(sources) - 1


def test_the_plugin_is_of_the_sdks_version() -> None:
    assert version("pulumi-aws") == VERSION


def test_every_type_has_a_test_of_its_lifecycle() -> None:
    tested = {
        token
        for path in Path(__file__).parent.glob("test_*.py")
        for token in re.findall(r'assert_lifecycle\(\s*"([^"]+)"', path.read_text(encoding="utf-8"))
    }
    assert tested == RESOURCE_TYPES.keys()


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def test_a_list_that_has_pages_is_read_to_its_end() -> None:
    """Where a call names what it wants, there is one page; all other lists have more."""
    pageable = set(_pageable_operations())
    assert "describe_security_groups" in pageable
    one_page = [
        f"{path.name}:{call.lineno}: {_called(call)}"
        for path, call in _calls()
        if _called(call) in pageable
        and not any((each.arg or "").endswith(_IDENTITY) for each in call.keywords)
    ]
    assert one_page == []


def _calls() -> Iterator[tuple[Path, ast.Call]]:
    for path in Path(localcloud.awsplugin.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                yield path, node


def _pageable_operations() -> Iterator[str]:
    """The operations with pages, of all services that the plugin calls."""
    services = {
        call.args[0].value
        for _, call in _calls()
        if _called(call) == "client" and call.args and isinstance(call.args[0], ast.Constant)
    }
    make: Any = boto3.client
    for service in services:
        client = make(service, region_name="us-east-1")
        yield from (name for name in client.meta.method_to_api_mapping if client.can_paginate(name))
