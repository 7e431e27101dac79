"""Dictionaries that pickle would not restore correctly."""

from __future__ import annotations

import marshal
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType
from typing import Any

Reducers = dict[type, Callable[[Any], Any]]
"""For each type, a function that reduces its objects to what pickle can save."""


def mappings() -> Reducers:
    """The reducers of moto's own dictionaries, and of those with a lambda for their defaults.

    Some of moto's own show other items than they contain: S3's contain all versions of an object,
    and show the newest.
    """
    return dict.fromkeys(_kinds_of(dict), _reduce_own) | {defaultdict: _reduce_default}


def _kinds_of(kind: type) -> Iterator[type]:
    each: type
    for each in kind.__subclasses__():
        if each.__module__.startswith("moto."):
            yield each
        yield from _kinds_of(each)


def _reduce_own(mapping: Any) -> tuple[Any, ...]:
    items = {name: dict.__getitem__(mapping, name) for name in dict.keys(mapping)}
    state = items, vars(mapping), getattr(mapping, "default_factory", None)
    return new_object, (type(mapping),), state, None, None, _set_own


def new_object(kind: Any) -> Any:
    """An object whose state is to follow."""
    return kind.__new__(kind)


def _set_own(mapping: Any, state: tuple[dict[Any, Any], dict[str, Any], Any]) -> None:
    items, attributes, factory = state
    dict.update(mapping, items)
    vars(mapping).update(attributes)
    if factory is not None:
        mapping.default_factory = factory


def _reduce_default(mapping: defaultdict[Any, Any]) -> Any:
    factory = mapping.default_factory
    if not isinstance(factory, FunctionType) or factory.__closure__:
        return mapping.__reduce__()
    code = marshal.dumps(factory.__code__)
    return _new_default, (factory.__module__, code), None, None, iter(mapping.items())


def _new_default(module: str, code: bytes) -> defaultdict[Any, Any]:
    loaded = marshal.loads(code)  # noqa: S302  # as trusted as its snapshot
    if not isinstance(loaded, CodeType):
        raise TypeError(f"{loaded!r} is not code")
    return defaultdict(FunctionType(loaded, vars(sys.modules[module])))
