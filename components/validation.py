"""From raw settings to a pydantic model, and what is wrong with them, by the names of the settings.

pydantic finds what is wrong. This module says it as one problem for each value: where it is in the
stack's file, its rule and its remedy.
"""

from __future__ import annotations

import difflib
import json
import re
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeGuard, TypeVar, Union

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from components.durations import LEAST_BARE_NUMBER, TEXT_PATTERN, parse_duration
from components.problems import Problem

Path = tuple[int | str, ...]
"""The keys and numbers that lead to a value, from the outermost inwards."""

REQUIRED = "is required"
"""The rule that a missing value breaks."""

UNKNOWN_KEY = "no such setting exists here"
"""The rule that an unknown key breaks."""


class SettingsModel(BaseModel):
    """A section of the settings: camelCase in YAML, immutable, and an unknown key is refused.

    A section that is optional may be left out. Its name with nothing after it, which YAML reads as
    null, is refused: it does not say whether the defaults are meant, or no section.
    """

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True, strict=True
    )

    @field_validator("*", mode="before")
    @classmethod
    def _refuse_empty_section(cls, value: Any, info: ValidationInfo) -> Any:
        field = cls.model_fields[str(info.field_name)]
        types_there = _types_of(field.annotation)
        if value is None and any(_is_section(each) for each in types_there):
            default = "" if field.is_required() else "remove the line for the default, or "
            remedy = f"{default}write after it: {_in_a_sentence(field.description or '')}"
            context = {_REMEDY: remedy}
            raise PydanticCustomError("empty_section", "is a name with nothing after it", context)
        return value


Model = TypeVar("Model", bound=BaseModel)


def _seconds(value: Any) -> int:
    """`parse_duration`; to another error than this, pydantic would add a prefix."""
    try:
        seconds = parse_duration(value)
    except ValueError as error:
        raise PydanticCustomError("duration", "{rule}", {"rule": str(error)}) from None
    if seconds == value and 0 < seconds < LEAST_BARE_NUMBER:
        rule = f"is {seconds} seconds, and a number below {LEAST_BARE_NUMBER} needs a unit"
        remedy = f"write {seconds}m for minutes, {seconds}h for hours, {seconds}s for seconds"
        raise PydanticCustomError("unit", "{rule}", {"rule": rule, _REMEDY: remedy})
    return seconds


_REMEDY = "remedy"
"""Where an error of a validator of our own has its remedy, if that is not the description."""

_BareSeconds = Annotated[int, Field(ge=LEAST_BARE_NUMBER)]
_DurationText = Annotated[str, StringConstraints(pattern=TEXT_PATTERN, min_length=2)]

Seconds = Annotated[
    int, BeforeValidator(_seconds, json_schema_input_type=_BareSeconds | _DurationText)
]
"""A field in whole seconds that also takes `90s`, `30m`, `2h`, `1h30m` or `2d`."""


def section_or_switch(value: Any) -> Any:
    """A section that may also be a switch: `true` is all its defaults, `false` is no section."""
    return ({} if value else None) if isinstance(value, bool) else value


def section(
    values: Mapping[str, Any], namespace: str, model: type[SettingsModel]
) -> dict[str, Any]:
    """The values of one namespace of the configuration, by their names without it.

    Pulumi gives each value as text. It stays text where the setting is one, as a team's name may
    be 123; every other value is read as JSON, if it is JSON.
    """
    fields = model.model_fields.values()
    texts = {field.alias for field in fields if field.annotation in (str, str | None)}
    found = {}
    for key, value in values.items():
        owner, _, name = key.partition(":")
        if owner == namespace:
            found[name] = value if name in texts else _decoded(value)
    return found


def _decoded(value: Any) -> Any:
    try:
        return json.loads(value)
    except (TypeError, ValueError, RecursionError):
        return value


def validate(model: type[Model], raw: Any) -> tuple[Model | None, list[Problem]]:
    """The model for `raw`, and every problem with its types and keys.

    Wrong values are left out of the model, so that the rules for the others can be checked too,
    and everything is reported at once. It is None only where a required value is missing or wrong.
    """
    try:
        return model.model_validate(raw), []
    except ValidationError as error:
        by_place: dict[_Place, list[Any]] = {}
        for each in error.errors(include_url=False):
            by_place.setdefault(_place(model, each["loc"]), []).append(each)
        problems = [_problem(place, errors) for place, errors in by_place.items()]
        right = raw
        for place in by_place:
            right = _without(right, _there(raw, place.path))
        return _or_none(model, right), problems


def _or_none(model: type[Model], raw: Any) -> Model | None:
    try:
        return model.model_validate(raw)
    except ValidationError:
        return None


@dataclass(frozen=True)
class _Place:
    """Where an error is in the settings.

    Attributes:
        path: the keys and numbers that lead there, as the user writes them.
        is_key: whether the last key itself is wrong, and not its value.
        description: the description of the innermost setting on the way that has one.
        known: all keys of the section that the last key is in.
    """

    path: Path
    is_key: bool = False
    description: str = ""
    known: tuple[str, ...] = ()


_KEY_MARK = "[key]"
"""What pydantic adds to the location of a wrong key."""


def _place(model: type[BaseModel], location: Path) -> _Place:
    """Where pydantic's location of an error in a model is in the settings.

    A location is the path, with two additions of pydantic's own: after a value that may have
    several types, the name of the type that it was tried as; at the end, the mark of a wrong key.
    `("hyperparameters", "rate", "int")` is the setting `hyperparameters.rate`, tried as an int.

    A user's key may look like the name of a type, so no name is recognized by its look. The types
    of the model are followed along the location, and say what comes next in it.
    """
    path: list[int | str] = []
    annotation: Any = model
    known: tuple[str, ...] = ()
    description, rest = "", list(location)
    while rest and rest != [_KEY_MARK]:
        part, candidates = rest.pop(0), _types_of(annotation)
        if len(candidates) > 1:
            annotation = _type_named(str(part), candidates)
        else:
            path.append(part)
            known, annotation, own = _entry(candidates[0], part)
            description = own or description
    return _Place(tuple(path), bool(rest), description, known)


def _entry(annotation: Any, part: int | str) -> tuple[tuple[str, ...], Any, str]:
    """What a type has under a key or number: all keys there, the value's type and description."""
    if _is_section(annotation):
        fields = {field.alias or name: field for name, field in annotation.model_fields.items()}
        field = fields.get(str(part))
        return tuple(fields), field and field.annotation, (field and field.description) or ""
    if typing.get_origin(annotation) in (dict, list, Mapping):
        return (), typing.get_args(annotation)[-1], ""
    return (), None, ""


def _is_section(annotation: Any) -> TypeGuard[type[BaseModel]]:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _types_of(annotation: Any) -> list[Any]:
    """The types that a value may have, without None, which no location names."""
    origin = typing.get_origin(annotation)
    if origin is Annotated:
        return _types_of(typing.get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return [
            each
            for argument in typing.get_args(annotation)
            if argument is not type(None)
            for each in _types_of(argument)
        ]
    return [annotation]


def _type_named(name: str, candidates: Sequence[Any]) -> Any:
    """The one of several types that a location names.

    It names a class by its name, and a type such as `list[int]` in words of pydantic's own.
    """
    classes = [each for each in candidates if getattr(each, "__name__", "") == name]
    with_parts = [each for each in candidates if typing.get_args(each)]
    return (classes or with_parts or candidates)[0]


def _problem(place: _Place, errors: Sequence[Any]) -> Problem:
    """The one problem of a value, from pydantic's errors: one for each type that it may have."""
    path, kind = ".".join(str(part) for part in place.path), errors[0]["type"]
    description = _in_a_sentence(place.description)
    if kind == "missing":
        return Problem(path, None, REQUIRED, f"set it: {description}")
    rule = _rule(errors)
    remedy = errors[0].get("ctx", {}).get(_REMEDY) or f"write {description}"
    if kind == "extra_forbidden":
        rule, remedy = UNKNOWN_KEY, _remedy_for_unknown_key(place)
    elif place.is_key:
        rule, remedy = f"as a name, {rule}", "choose another name"
    return Problem(path, errors[0]["input"], rule, remedy)


def _in_a_sentence(description: str) -> str:
    """The first sentence of a description, as a part of another one."""
    if not description:
        return "a value of the documented type"
    first = re.split(r"\. (?=[A-Z])", description)[0]
    return first[0].lower() + first[1:].rstrip(".")


def _remedy_for_unknown_key(place: _Place) -> str:
    close = difflib.get_close_matches(str(place.path[-1]), place.known, n=1)
    if close:
        return f"did you mean {close[0]}? Otherwise remove it"
    return f"the settings here are {', '.join(place.known)}"


_EXPECTED = {
    "string_type": "a text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a section of names and values",
    "model_type": "a section of names and values",
    "literal_error": "{expected}",
    "greater_than_equal": "{ge} or more",
    "greater_than": "more than {gt}",
    "less_than_equal": "{le} or less",
    "less_than": "less than {lt}",
    "too_short": "{min_length} entries or more",
    "too_long": "{max_length} entries or fewer",
    "string_too_short": "{min_length} characters or more",
    "string_too_long": "{max_length} characters or fewer",
    "string_pattern_mismatch": "a text that matches {pattern}",
}
"""What a value must be, in the words of YAML, by the type of pydantic's error."""


def _rule(errors: Sequence[Any]) -> str:
    """The rule that a value breaks; the error of a validator of our own says it itself."""
    rules = []
    for error in errors:
        expected = _EXPECTED.get(error["type"])
        if expected is None:
            return str(error["msg"][0].lower() + error["msg"][1:])
        rules.append(expected.format(**error.get("ctx", {})))
    if "a number" in rules and "a whole number" in rules:
        rules.remove("a whole number")
    return f"must be {', or '.join(rules)}"


def _there(raw: Any, path: Path) -> Path:
    """The part of a path that is there: where a value is missing, that to the section around it.

    A list counts as a whole: without one of its values, the others would have other numbers.
    """
    for depth, key in enumerate(path):
        if not isinstance(raw, dict) or key not in raw:
            return path[:depth]
        raw = raw[key]
    return path


def _without(raw: dict[Any, Any], path: Path) -> dict[Any, Any]:
    """`raw` without what is at a path, if it still is there."""
    if not path or path[0] not in raw:
        return raw
    head, rest = path[0], path[1:]
    if rest:
        return {**raw, head: _without(raw[head], rest)}
    return {key: value for key, value in raw.items() if key != head}
