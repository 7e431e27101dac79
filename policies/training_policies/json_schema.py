"""Holds a value against a JSON schema, with a remedy for each problem.

Only the keywords that the pack's own schemas use are known; any other raises, so that none is
passed over in silence. The remedy is what the nearest schema with a `description` says.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from training_policies.problems import Problem
from training_policies.resource import MISSING

Schema = Mapping[str, Any]

_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "array": lambda value: isinstance(value, list),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: _is_number(value) and float(value).is_integer(),
    "number": lambda value: _is_number(value),
    "object": lambda value: isinstance(value, dict),
    "string": lambda value: isinstance(value, str),
}
_NOTES = frozenset({"$schema", "default", "description", "title"})


def problems_with(value: Any, schema: Schema, path: str = "", remedy: str = "") -> list[Problem]:
    """All that is wrong with a value that is to be as the schema says."""
    remedy = schema.get("description", remedy)
    wrong_type = list(_type(value, schema, path, remedy))
    if wrong_type:
        return wrong_type
    found: list[Problem] = []
    for keyword, wanted in schema.items():
        if keyword in _NESTED:
            found += _NESTED[keyword](value, wanted, schema, path, remedy)
        elif keyword not in _NOTES and keyword != "type":
            found += _breach(_VALUES[keyword](value, wanted), value, path, remedy)
    return found


def _type(value: Any, schema: Schema, path: str, remedy: str) -> Iterator[Problem]:
    wanted = schema.get("type", list(_TYPES))
    names = [wanted] if isinstance(wanted, str) else wanted
    if not any(_TYPES[name](value) for name in names):
        yield Problem(path, value, f"is not {' or '.join(map(_with_article, names))}", remedy)


def _breach(rule: str | None, value: Any, path: str, remedy: str) -> list[Problem]:
    return [Problem(path, value, rule, remedy)] if rule else []


def _enum(value: Any, wanted: list[Any]) -> str | None:
    if value in wanted:
        return None
    close = difflib.get_close_matches(str(value), [str(each) for each in wanted], n=1)
    meant = f"; did you mean {close[0]}?" if close else ""
    return f"is none of {', '.join(map(str, wanted))}{meant}"


def _pattern(value: Any, wanted: str) -> str | None:
    fits = not isinstance(value, str) or re.search(wanted, value)
    return None if fits else f"does not match {wanted}"


def _minimum(value: Any, wanted: float) -> str | None:
    return f"is less than {wanted}" if _is_number(value) and value < wanted else None


def _maximum(value: Any, wanted: float) -> str | None:
    return f"is more than {wanted}" if _is_number(value) and value > wanted else None


def _min_length(value: Any, wanted: int) -> str | None:
    short = isinstance(value, str) and len(value) < wanted
    return f"has fewer than {wanted} characters" if short else None


def _min_items(value: Any, wanted: int) -> str | None:
    few = isinstance(value, list) and len(value) < wanted
    return f"has fewer than {wanted} items" if few else None


def _items(value: Any, wanted: Schema, _: Schema, path: str, remedy: str) -> list[Problem]:
    if not isinstance(value, list):
        return []
    found = (
        problems_with(each, wanted, f"{path}.{index}", remedy) for index, each in enumerate(value)
    )
    return [problem for each in found for problem in each]


def _properties(
    value: Any, wanted: Mapping[str, Schema], _: Schema, path: str, remedy: str
) -> list[Problem]:
    if not isinstance(value, dict):
        return []
    found = (
        problems_with(value[name], schema, _under(path, name), remedy)
        for name, schema in wanted.items()
        if name in value
    )
    return [problem for each in found for problem in each]


def _required(
    value: Any, wanted: list[str], schema: Schema, path: str, remedy: str
) -> list[Problem]:
    if not isinstance(value, dict):
        return []
    described = schema.get("properties", {})
    return [
        Problem(
            _under(path, name),
            MISSING,
            "is required",
            described.get(name, {}).get("description", remedy),
        )
        for name in wanted
        if name not in value
    ]


def _additional(value: Any, wanted: Any, schema: Schema, path: str, remedy: str) -> list[Problem]:
    if not isinstance(value, dict):
        return []
    known = list(schema.get("properties", {}))
    found: list[Problem] = []
    for name in value.keys() - known:
        if wanted is False:
            found.append(_unknown_name(name, value[name], known, path))
        else:
            found += problems_with(value[name], wanted, _under(path, name), remedy)
    return sorted(found, key=lambda problem: problem.path)


def _unknown_name(name: str, value: Any, known: list[str], path: str) -> Problem:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    meant = f"did you mean {close[0]}? " if close else ""
    rule = "no such name exists here"
    return Problem(_under(path, name), value, rule, f"{meant}the names here are {', '.join(known)}")


def _property_names(value: Any, wanted: Schema, _: Schema, path: str, remedy: str) -> list[Problem]:
    if not isinstance(value, dict):
        return []
    found = (problems_with(name, wanted, _under(path, name), remedy) for name in value)
    return [problem for each in found for problem in each]


_VALUES: Mapping[str, Callable[[Any, Any], str | None]] = {
    "enum": _enum,
    "maximum": _maximum,
    "minItems": _min_items,
    "minLength": _min_length,
    "minimum": _minimum,
    "pattern": _pattern,
}
_NESTED: Mapping[str, Callable[[Any, Any, Schema, str, str], list[Problem]]] = {
    "additionalProperties": _additional,
    "items": _items,
    "properties": _properties,
    "propertyNames": _property_names,
    "required": _required,
}


def _under(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _with_article(name: str) -> str:
    return f"an {name}" if name[0] in "aeiou" else f"a {name}"
