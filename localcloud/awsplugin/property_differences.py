"""The difference between a resource's state and what the program asks for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from localcloud.awsplugin.properties import DEFAULTS, UNKNOWN, Asset, Properties, contains_unknown
from localcloud.awsplugin.resource_type import ResourceType

Step = str | int


class Change(Enum):
    """What happens to one property."""

    ADD = "add"
    DELETE = "delete"
    UPDATE = "update"


@dataclass(frozen=True)
class Difference:
    """One property that changes."""

    path: tuple[Step, ...]
    change: Change

    @property
    def pattern(self) -> str:
        """The path without list positions."""
        return pattern_of(self.path)

    @property
    def text(self) -> str:
        """The path as the engine writes it: `rules[0].status`, `tags["a.b"]`."""
        return path_text(self.path)

    def within(self, paths: Iterable[str]) -> bool:
        """Whether the property is, or lies inside, one of `paths`."""
        return any(self.pattern == path or self.pattern.startswith(f"{path}.") for path in paths)


def differences(kind: ResourceType, state: Properties, inputs: Properties) -> list[Difference]:
    """What must change in `state` so that it is what `inputs` ask for, in order of path."""
    found: list[Difference] = []
    for name in sorted({*state, *inputs} - kind.outputs - {DEFAULTS, "id"}):
        found.extend(_compare(kind, (name,), state.get(name), inputs.get(name)))
    return found


def equivalent(kind: ResourceType, name: str, first: Any, second: Any) -> bool:
    """Whether two values of the property `name` mean the same, in both directions."""
    return not any(_compare(kind, (name,), first, second)) and not any(
        _compare(kind, (name,), second, first)
    )


def satisfies(kind: ResourceType, name: str, value: Any, wanted: Any) -> bool:
    """Whether the property `name` being `value` is what is `wanted`."""
    return not any(_compare(kind, (name,), value, wanted))


def pattern_of(path: tuple[Step, ...]) -> str:
    """`path` without list positions, joined by dots."""
    return ".".join(step for step in path if isinstance(step, str))


def path_text(path: tuple[Step, ...]) -> str:
    """`path` in the engine's notation."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif step.replace("_", "a").isalnum():
            text += f".{step}" if text else step
        else:
            text += f"[{json.dumps(step)}]"
    return text


def is_empty(value: Any) -> bool:
    """Whether `value` is what an absent property looks like: nothing, false or zero."""
    return (
        value is None
        or value is False
        or (isinstance(value, str | list | dict) and not value)
        or (isinstance(value, int | float) and value == 0)
    )


def _compare(
    kind: ResourceType, path: tuple[Step, ...], old: Any, new: Any
) -> Iterator[Difference]:
    pattern = pattern_of(path)
    if new is UNKNOWN:
        yield Difference(path, Change.ADD if is_empty(old) else Change.UPDATE)
    elif is_empty(new) and (is_empty(old) or (new is None and pattern in kind.computed)):
        return
    elif new is None:
        yield Difference(path, Change.DELETE)
    elif is_empty(old) and not isinstance(new, Mapping):
        yield Difference(path, Change.ADD)
    elif pattern in kind.same:
        if not kind.same[pattern](old, new):
            yield Difference(path, Change.UPDATE)
    else:
        yield from _compare_values(kind, path, old, new)


def _compare_values(
    kind: ResourceType, path: tuple[Step, ...], old: Any, new: Any
) -> Iterator[Difference]:
    if isinstance(new, Mapping) and (old is None or isinstance(old, Mapping)):
        if old is None and not contains_unknown(new) and new:
            yield Difference(path, Change.ADD)
            return
        before = old or {}
        for key in sorted({*before, *new} - {DEFAULTS}):
            yield from _compare(kind, (*path, key), before.get(key), new.get(key))
    elif isinstance(new, list) and isinstance(old, list):
        yield from _compare_lists(kind, path, old, new)
    elif not _same_scalar(old, new):
        yield Difference(path, Change.UPDATE)


def _compare_lists(
    kind: ResourceType, path: tuple[Step, ...], old: list[Any], new: list[Any]
) -> Iterator[Difference]:
    pairs: Iterable[tuple[int, Any, Any]]
    if pattern_of(path) in kind.unordered:
        pairs = _matched(kind, path, old, new)
    else:
        pairs = (
            (i, old[i] if i < len(old) else None, new[i] if i < len(new) else None)
            for i in range(max(len(old), len(new)))
        )
    for position, before, after in pairs:
        yield from _compare(kind, (*path, position), before, after)


def _matched(
    kind: ResourceType, path: tuple[Step, ...], old: list[Any], new: list[Any]
) -> Iterator[tuple[int, Any, Any]]:
    """Pairs equal elements at any position, then the rest in their order."""
    rest = list(enumerate(old))
    lonely = []
    for position, item in enumerate(new):
        twin = next(
            (pair for pair in rest if not any(_compare(kind, (*path, 0), pair[1], item))), None
        )
        if twin is None:
            lonely.append((position, item))
        else:
            rest.remove(twin)
    for i in range(max(len(rest), len(lonely))):
        before = rest[i][1] if i < len(rest) else None
        position = lonely[i][0] if i < len(lonely) else rest[i][0]
        yield position, before, lonely[i][1] if i < len(lonely) else None


def _same_scalar(old: Any, new: Any) -> bool:
    if isinstance(old, Asset) and isinstance(new, Asset):
        return old.hash == new.hash
    if type(old) is type(new):
        return bool(old == new)
    if isinstance(old, int | float) and isinstance(new, int | float):
        return float(old) == float(new)
    return _scalar_text(old) == _scalar_text(new)


def _scalar_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
