"""The inputs and outputs of resource types, as the SDK's source has them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from localcloud.awsplugin.properties import Properties

_SDK = find_spec("pulumi_aws")
FOLDER = Path(_SDK.origin or "").parent if _SDK else Path()
_PARAMETER = re.compile(r"^\s+(\w+): (pulumi\.Input.*?)(?: = None)?(?:,|\):)$", re.MULTILINE)
# What a program can set, by what its annotation contains; the first that fits.
_TYPES = {"Mapping[": "map", "_builtins.str": "str", "_builtins.int": "int", "float": "float"}


@dataclass(frozen=True)
class Input:
    """A text, a number or a map of texts that a program can set.

    `path` has no positions of lists; `lists` are the paths, up to this one, of lists.
    """

    path: str
    type: str
    lists: frozenset[str]

    def set_to(self, value: Any) -> Properties:
        """The inputs of a resource with only this one set; each list has one element."""
        steps = self.path.split(".")
        for length in range(len(steps), 0, -1):
            value = [value] if ".".join(steps[:length]) in self.lists else value
            value = {steps[length - 1]: value}
        return dict(value)


def top_level(token: str) -> set[str]:
    """The names of the inputs of a resource type, by its token."""
    return {name for name, _ in _parameters(_constructor(token))}


def outputs(token: str) -> set[str]:
    """The names of what only AWS sets."""
    found = re.findall(r'__props__.__dict__\["(\w+)"\] = None$', _resource(token), re.MULTILINE)
    return {_camel(name) for name in found} - {"tagsAll"}


@cache
def inputs(token: str) -> tuple[Input, ...]:
    """The texts, numbers and maps among the inputs of a resource type, the nested ones too."""
    folder = token.split(":")[1].partition("/")[0]
    nested = (FOLDER / folder / "_inputs.py").read_text(encoding="utf-8")
    return tuple(_inputs(_constructor(token), nested, "", frozenset()))


def _inputs(text: str, nested: str, outer: str, lists: frozenset[str]) -> Iterator[Input]:
    for name, annotation in _parameters(text):
        path = f"{outer}.{name}".lstrip(".")
        around = lists | {path} if "Sequence[" in annotation else lists
        plain = next((word for mark, word in _TYPES.items() if mark in annotation), "")
        inner = re.search(r"'(\w+Args)'", annotation)
        if plain:
            yield Input(path, plain, around)
        elif inner:
            yield from _inputs(_between(nested, f"class {inner[1]}:", '"""'), nested, path, around)


def _resource(token: str) -> str:
    """The source of the SDK's class, without what comes before it."""
    _, path, name = token.split(":")
    file = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", path).lower()
    text = (FOLDER / f"{file}.py").read_text(encoding="utf-8")
    return text[text.index(f"class {name}(pulumi.CustomResource)") :]


def _constructor(token: str) -> str:
    return _between(_resource(token), "def _internal_init(", "__props__=None)")


def _between(text: str, start: str, end: str) -> str:
    begin = text.index(start)
    return text[begin : text.index(end, begin)]


def _parameters(text: str) -> list[tuple[str, str]]:
    """The names of parameters, as the engine has them, and their annotations."""
    return [(_camel(name), annotation) for name, annotation in _PARAMETER.findall(text)]


def _camel(name: str) -> str:
    first, *rest = name.rstrip("_").split("_")
    return first + "".join(part.capitalize() for part in rest)
