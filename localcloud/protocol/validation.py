"""Checks requests against botocore's model of the service, with the service's own messages.

botocore itself checks only types, unknown names and minima before it sends a request;
lengths, patterns, enumerations and maxima are the service's to check.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cache
from typing import Any

import regex
from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape

from localcloud.protocol.errors import ServiceError, validation_error

_JSON_TYPES: tuple[tuple[type, str], ...] = (
    (bool, "BOOLEAN_VALUE"),
    (int, "NUMBER_VALUE"),
    (float, "NUMBER_VALUE"),
    (str, "STRING_VALUE"),
    (list, "START_ARRAY"),
    (dict, "START_OBJECT"),
)
_BITS = {"integer": 32, "long": 64}
"""The size of Java's numbers: AWS can't read a larger one."""
_SHAPES: dict[str, tuple[tuple[type, ...], str]] = {
    "string": ((str,), "a String"),
    "integer": ((int,), "an Integer"),
    "long": ((int,), "a Long"),
    "float": ((int, float), "a Float"),
    "double": ((int, float), "a Double"),
    "timestamp": ((int, float, datetime), "a Timestamp"),
    "blob": ((str, bytes), "a Blob"),
    "boolean": ((bool,), "a Boolean"),
    "list": ((list,), "a List"),
    "map": ((dict,), "a Map"),
    "structure": ((dict,), "a Structure"),
}


@cache
def service_model(service: str = "sagemaker") -> ServiceModel:
    """The model of a service in botocore."""
    return ServiceModel(Loader().load_service_model(service, "service-2"))


def validate(
    operation: str,
    request: dict[str, Any],
    service: str = "sagemaker",
    error: Callable[[str], ServiceError] = validation_error,
) -> None:
    """Raises the service's ServiceError if the request breaks its model."""
    check(request, service_model(service).operation_model(operation).input_shape, error)


def check(request: dict[str, Any], shape: Any, error: Callable[[str], ServiceError]) -> None:
    """Raises the error that `error` makes of a message, if the request breaks its shape."""
    problems = list(_problems(request, shape, ""))
    if problems:
        count = f"{len(problems)} validation error{'s' if len(problems) > 1 else ''} detected: "
        message = count + "; ".join(problems)
        raise error(message.encode(errors="backslashreplace").decode())


def _problems(value: Any, shape: Any, path: str) -> Iterator[str]:
    if getattr(shape, "is_document_type", False):
        return
    _check_type(value, shape)
    if shape.type_name == "structure":
        yield from _structure_problems(value, shape, path)
        return
    for constraint in broken_constraints(value, shape):
        yield f"Value {_shown(value)} at '{path}' failed to satisfy constraint: {constraint}"
    if shape.type_name == "list":
        for number, item in enumerate(value, 1):
            yield from _problems(item, shape.member, f"{path}.{number}.member")
    elif shape.type_name == "map":
        yield from _map_problems(value, shape, path)


def _check_type(value: Any, shape: Shape) -> None:
    types, name = _SHAPES[shape.type_name]
    mistaken = isinstance(value, bool) and bool not in types
    if isinstance(value, types) and not mistaken and _fits(value, shape.type_name):
        return
    found = next((word for kind, word in _JSON_TYPES if isinstance(value, kind)), "NULL_VALUE")
    raise ServiceError("SerializationException", f"{found} can not be converted to {name}")


def _fits(value: Any, type_name: str) -> bool:
    """Whether a number is within the range of its type."""
    bits = _BITS.get(type_name)
    return bits is None or -(2 ** (bits - 1)) <= value < 2 ** (bits - 1)


def _structure_problems(value: dict[str, Any], shape: Any, path: str) -> Iterator[str]:
    for name in shape.required_members:
        if value.get(name) is None:
            where = _member_path(path, name)
            yield f"Value null at '{where}' failed to satisfy constraint: Member must not be null"
    for name, member in value.items():
        if name not in shape.members:
            # The service ignores an unknown member. Here it is refused, to show a typing error.
            yield f"Unknown member '{name}' at '{path or shape.name}'"
        elif member is not None:
            yield from _problems(member, shape.members[name], _member_path(path, name))


def _map_problems(value: dict[str, Any], shape: Any, path: str) -> Iterator[str]:
    for what, part, items in (
        ("keys", shape.key, value.keys()),
        ("value", shape.value, value.values()),
    ):
        for item in items:
            _check_type(item, part)
        broken = [constraint for item in items for constraint in broken_constraints(item, part)]
        if broken:
            constraints = ", ".join(dict.fromkeys(broken))
            yield (
                f"Value {_shown(value)} at '{path}' failed to satisfy constraint: "
                f"Map {what} must satisfy constraint: [{constraints}]"
            )


def broken_constraints(value: Any, shape: Shape) -> Iterator[str]:
    """The constraints of its shape that a value breaks by itself, without what is inside it."""
    if isinstance(value, str) and _SURROGATE.search(value):
        yield "Member must be Unicode text, without lone surrogates"
    if not _fits(value, shape.type_name):
        yield f"Member must have a value of {_BITS[shape.type_name]} bits"
    metadata = shape.metadata
    low, high = metadata.get("min", -math.inf), metadata.get("max", math.inf)
    if (low, high) != (-math.inf, math.inf):
        measured, size = _measure(value)
        if measured < low:
            yield f"Member must have {size} greater than or equal to {low}"
        if measured > high:
            yield f"Member must have {size} less than or equal to {high}"
    pattern = metadata.get("pattern")
    if pattern and not compiled(pattern).fullmatch(value):
        yield f"Member must satisfy regular expression pattern: {pattern}"
    if metadata.get("enum") and value not in metadata["enum"]:
        yield f"Member must satisfy enum value set: [{', '.join(metadata['enum'])}]"


def _measure(value: Any) -> tuple[float, str]:
    if isinstance(value, (str, bytes, list, dict)):
        return len(value), "length"
    return float(value), "value"


@cache
def compiled(pattern: str) -> Any:
    """One of the models' Java patterns, which know Unicode's classes.

    In Java, a dot does not match any character that ends a line.
    """
    pattern = _PAIR.sub(_one_character, pattern)
    for in_java, here in _JAVAS_OWN:
        pattern = in_java.sub(here, pattern)
    pattern = _DOTS.sub(lambda part: _IN_A_LINE if part[0] == "." else part[0], pattern)
    return regex.compile(pattern)


def _one_character(pair: re.Match[str]) -> str:
    """A character of more than 16 bits, which Java writes as two."""
    high, low = (int(half, 16) for half in pair.groups())
    return f"\\U{0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00):08X}"


_SURROGATE = re.compile(r"[\ud800-\udfff]")
_PAIR = re.compile(r"\\u(D[89AB][0-9A-F]{2})\\u(D[C-F][0-9A-F]{2})")
_DOTS = re.compile(r"\\.|\[(?:\\.|[^\]])*\]|\.", re.DOTALL)
"""Dots, and what may have a dot in it that is none: escapes and classes of characters."""
_IN_A_LINE = r"[^\n\r\u0085\u2028\u2029]"
_JAVAS_OWN: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (re.compile(r"\\x\{([0-9A-Fa-f]+)\}"), lambda code: f"\\U{int(code[1], 16):08X}"),
    (re.compile(r"\\p\{LD\}"), r"[\\p{L}\\p{Nd}]"),
    (re.compile(r"\[\\p\{all\}\]"), r"[\\s\\S]"),
    (re.compile(r"(\[[^\]]*\]\{\d+\})(?=\{)"), r"(?:\1)"),
)
"""What the models write in Java's way only: a character's number, two classes, and a repetition
that is repeated."""


def _member_path(path: str, name: str) -> str:
    member = name[0].lower() + name[1:]
    return f"{path}.{member}" if path else member


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "'{" + ", ".join(f"{key}={item}" for key, item in value.items()) + "}'"
    return f"'{value}'"
