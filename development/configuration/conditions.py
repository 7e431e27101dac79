"""The terms in which the rules of a section are written, as JSON Schema.

A rule is a schema that a section must fulfil. Its conditions are schemas too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from development.configuration.request_limits import Node, whole_text

_EMPTY: list[Any] = [None, "", [], {}, False]
SET: Node = {"not": {"enum": _EMPTY}}
"""A value that is not what the program reads as none."""
NOT_NULL: Node = {"not": {"type": "null"}}
NO_NULL_CHARACTER: Node = {"pattern": r"^[^\u0000]*$"}


def like(*patterns: re.Pattern[str], empty: bool = False) -> Node:
    """What a text must be that is like one of the patterns, which editors read without names."""
    texts = [re.sub(r"\(\?P<\w+>", "(", each.pattern) for each in patterns]
    return whole_text("|".join(["", *texts] if empty else texts))


def equals(value: Any) -> Node:
    """Exactly this value."""
    return {"const": value}


def has(key: str, value: Node = SET) -> Node:
    """A section whose setting is there, and like the value."""
    return {"required": [key], "properties": {key: value}}


def has_any(keys: Iterable[str], value: Node = SET) -> Node:
    """A section of whose settings at least one is there, and like the value."""
    return {"anyOf": [has(key, value) for key in keys]}


def when(condition: Node, *then: Node, otherwise: Node | None = None) -> Node:
    """The rules of a section that fulfils a condition; `otherwise` is for any other section."""
    rule: Node = {"if": condition, "then": then[0] if len(then) == 1 else {"allOf": list(then)}}
    return rule if otherwise is None else rule | {"else": otherwise}


def unless(condition: Node, *then: Node) -> Node:
    """The rules of a section that does not fulfil a condition."""
    return when({"not": condition}, *then)


def without(keys: Iterable[str], why: str) -> Node:
    """A section that does not have some settings, or has them empty."""
    message = f"can't be set {why}"
    return {"properties": {key: {"enum": _EMPTY, "errorMessage": message} for key in keys}}


def absent(keys: Iterable[str], why: str) -> Node:
    """A section that does not have some settings at all."""
    message = f"can't be set {why}"
    return {"properties": {key: {"not": {}, "errorMessage": message} for key in keys}}


def needs(key: str, value: Node, message: str) -> Node:
    """A section that must have a setting, like the value."""
    said = {"errorMessage": message}
    return {"required": [key], "properties": {key: value | said}, **said}


def one_of(keys: Sequence[str]) -> list[Node]:
    """The rules of a section that has exactly one of some settings, none of them null."""
    rules = [has_any(keys, NOT_NULL)]
    for key in keys:
        said = {"errorMessage": f"can't be set together with {key}"}
        others = {other: {"type": "null"} | said for other in keys if other != key}
        rules.append(when(has(key, NOT_NULL), {"properties": others}))
    return rules


def at_most(key: str, most: int) -> Node:
    """A section in which a number has a limit."""
    return {"properties": {key: {"maximum": most}}}
