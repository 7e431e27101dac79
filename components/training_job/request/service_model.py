"""What botocore's service model says of a request that creates a job, or of one value in it.

botocore itself checks only types, unknown keys and minima. The service's patterns, maxima and
enumerations are in its model too, and are checked here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from types import UnionType
from typing import Any

from components.problems import Problem
from components.training_job.aws.sdk_session import service_model
from components.unknowns import is_unknown

_TYPES: dict[str, tuple[type | UnionType, str]] = {
    "structure": (dict, "a mapping"),
    "map": (dict, "a mapping"),
    "list": (list, "a list"),
    "string": (str, "text"),
    "integer": (int, "a whole number"),
    "long": (int, "a whole number"),
    "float": (float | int, "a number"),
    "boolean": (bool, "true or false"),
}
"""The types of the model's shapes; the requests have no others."""

_SEPARATORS = "\u0020\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
"""Unicode's category Z. Python's own class of white space has tabs and line breaks too."""

_UNICODE_CLASSES = {
    r"\p{L}": r"\w",
    r"\p{N}": r"\d",
    r"\p{Z}": _SEPARATORS,
    r"\p{Alnum}": "a-zA-Z0-9",
}

OPEN_ENUMERATIONS = frozenset({"TrainingInstanceType"})
"""Values that AWS may add before botocore knows them; a setting says that such a value is meant."""


@cache
def request_shape() -> Any:
    """The input shape of CreateTrainingJob."""
    return service_model("sagemaker").operation_model("CreateTrainingJob").input_shape


@cache
def tuning_shape() -> Any:
    """The input shape of CreateHyperParameterTuningJob."""
    return service_model("sagemaker").operation_model("CreateHyperParameterTuningJob").input_shape


def member_shape(path: str, structure: Any = None) -> Any:
    """The shape of a member by its dotted path in a structure, by default in the whole request."""
    shape = structure or request_shape()
    for member in path.split("."):
        shape = shape.members[member]
    return shape


def conform(value: Any) -> Any:
    """The same value with integers where the engine made floats of them, and without nulls.

    This needs no model: all numbers of a job and its request are integers, except for costs and the
    goal of a tuning's objective, which are the same in either form.
    """
    if isinstance(value, dict):
        return {key: conform(each) for key, each in value.items() if each is not None}
    if isinstance(value, list):
        return [conform(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def request_problems(request: dict[str, Any]) -> list[Problem]:
    """Every value of the request that the service's model refuses; unknown values are not checked.

    The name is not required: each launch has another one.
    """
    named = {"TrainingJobName": "a"} | request
    return list(value_problems("request", named, request_shape()))


def value_problems(path: str, value: Any, shape: Any) -> Iterator[Problem]:
    """What a shape of the model refuses of a value, and of everything in it."""
    if is_unknown(value):
        return
    type_, rule = _TYPES[shape.type_name]
    if not _is_a(type_, value):
        yield Problem(path, value, f"must be {rule}", f"write it as {rule}")
        return
    if shape.type_name == "structure":
        yield from _structure_problems(path, value, shape)
    elif shape.type_name == "list":
        yield from size_problems(path, value, shape, "items")
        for index, each in enumerate(value):
            yield from value_problems(f"{path}[{index}]", each, shape.member)
    elif shape.type_name == "map":
        yield from size_problems(path, value, shape, "entries")
        for key, each in value.items():
            yield from value_problems(f"{path}.{key}", key, shape.key)
            yield from value_problems(f"{path}.{key}", each, shape.value)
    elif shape.type_name == "string":
        yield from _text_problems(path, value, shape)
    elif shape.type_name in ("integer", "long"):
        yield from _number_problems(path, value, shape)


def _is_a(type_: type | UnionType, value: Any) -> bool:
    """Whether a value is of a type; true and false are no numbers."""
    return isinstance(value, type_) and (type_ is bool or not isinstance(value, bool))


def _structure_problems(path: str, value: dict[str, Any], shape: Any) -> Iterator[Problem]:
    for key, each in value.items():
        yield from member_problems(f"{path}.{key}", key, each, shape)
    for key in shape.required_members:
        if key not in value:
            yield Problem(f"{path}.{key}", None, "is required by the API", "set it")


def member_problems(path: str, name: str, value: Any, structure: Any) -> Iterator[Problem]:
    """What a structure of the model refuses of one of its members."""
    if name in structure.members:
        yield from value_problems(path, value, structure.members[name])
    else:
        known = ", ".join(structure.members)
        yield Problem(path, value, "is not known to the API", f"use one of {known}")


def _text_problems(path: str, value: str, shape: Any) -> Iterator[Problem]:
    yield from size_problems(path, value, shape, "characters")
    if shape.enum and value not in shape.enum and shape.name not in OPEN_ENUMERATIONS:
        yield Problem(path, value, "is not one of the API's values", f"use {', '.join(shape.enum)}")
    pattern = shape.metadata.get("pattern")
    if pattern and not _compiled(pattern).fullmatch(value):
        yield Problem(path, value, f"must match {pattern}", "correct the value")


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """One of the model's Java patterns, whose Unicode classes Python writes otherwise."""
    for java, python in _UNICODE_CLASSES.items():
        pattern = pattern.replace(java, python)
    return re.compile(pattern)


def _number_problems(path: str, value: int, shape: Any) -> Iterator[Problem]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if (low is not None and value < low) or (high is not None and value > high):
        limits = f"{low if low is not None else 'anything'} to {high if high is not None else '…'}"
        yield Problem(path, value, f"must be {limits}", "choose a number within")


def size_problems(path: str, value: Any, shape: Any, unit: str) -> Iterator[Problem]:
    """Whether a value has more or fewer characters, items or entries than its shape allows."""
    low, high = shape.metadata.get("min", 0), shape.metadata.get("max")
    if len(value) < low or (high is not None and len(value) > high):
        limits = f"at least {low}" if high is None else f"{low} to {high}"
        remedy = "shorten it" if len(value) > low else "add to it"
        yield Problem(path, value, f"must have {limits} {unit}, but has {len(value)}", remedy)
