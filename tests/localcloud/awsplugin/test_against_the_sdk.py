"""The resource types agree with the SDK's classes, whose source is read for it."""

from __future__ import annotations

import re
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import pytest

from localcloud.awsplugin.provider import VERSION
from localcloud.awsplugin.resource_type import ResourceType
from localcloud.awsplugin.resources import RESOURCE_TYPES

_SDK = find_spec("pulumi_aws")
FOLDER = Path(_SDK.origin or "").parent if _SDK else Path()
# What the SDK's source names as an output although the program may set it, by type.
_EITHER = {"aws:ssm/parameter:Parameter": {"value", "valueWo"}}
TYPES = list(RESOURCE_TYPES.values())


def _source(kind: ResourceType) -> str:
    _, path, name = kind.type.split(":")
    file = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", path).lower()
    text = (FOLDER / f"{file}.py").read_text(encoding="utf-8")
    return text[text.index(f"class {name}(pulumi.CustomResource)") :]


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _inputs(source: str) -> set[str]:
    start = source.index("def _internal_init(")
    parameters = source[start : source.index("__props__=None)", start)]
    found = re.findall(r"^\s+(\w+): pulumi\.Input", parameters, re.MULTILINE)
    return {_camel(name) for name in found}


def _outputs(source: str) -> set[str]:
    found = re.findall(r'__props__.__dict__\["(\w+)"\] = None$', source, re.MULTILINE)
    return {_camel(name) for name in found} - {"tagsAll"}


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.type)
def test_a_type_has_the_sdks_inputs_and_outputs(kind: ResourceType) -> None:
    source = _source(kind)
    inputs = _inputs(source)
    assert kind.outputs == _outputs(source) - _EITHER.get(kind.type, set())
    used = {
        path.partition(".")[0]
        for paths in (kind.required, kind.replaces, kind.computed, kind.write_only, kind.unordered)
        for path in (*paths, *kind.defaults, *kind.same)
    }
    assert used - kind.outputs <= inputs
    assert kind.tagged == ("tags" in inputs)
    assert kind.regional == ("region" in inputs)


def test_the_plugin_is_of_the_sdks_version() -> None:
    assert version("pulumi-aws") == VERSION
