"""From raw settings to a pydantic model, with every problem named as the user would name it."""

from __future__ import annotations

import difflib
import json
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar, Union

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from components.durations import TEXT_PATTERN, parse_duration
from components.problems import Problem

Path = tuple[int | str, ...]

REQUIRED = "is required"
"""The rule that a missing value breaks."""

UNKNOWN_KEY = "no such setting exists here"
"""The rule that a key breaks which the settings don't have."""


class SettingsModel(BaseModel):
    """A part of the settings: camelCase in YAML, immutable, and no key passes unknown."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True, strict=True
    )


Model = TypeVar("Model", bound=BaseModel)


def _seconds(value: Any) -> int:
    """`parse_duration`, whose error pydantic would otherwise put a prefix to."""
    try:
        return parse_duration(value)
    except ValueError as error:
        raise PydanticCustomError("duration", "{rule}", {"rule": str(error)}) from None


_DurationText = Annotated[str, StringConstraints(pattern=TEXT_PATTERN, min_length=2)]

Seconds = Annotated[int, BeforeValidator(_seconds, json_schema_input_type=int | _DurationText)]
"""A field in whole seconds that also takes `90s`, `30m`, `2h`, `1h30m` or `2d`."""


def section(
    values: Mapping[str, Any], namespace: str, model: type[SettingsModel]
) -> dict[str, Any]:
    """The values of one namespace of the configuration: texts stay texts, all else is JSON."""
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

    Where single values are wrong, the model is built without them, so that the rules for the
    other values can still be checked and everything is reported at once. It is None only where
    a required value is missing or wrong.
    """
    try:
        return model.model_validate(raw), []
    except ValidationError as error:
        by_place: dict[_Place, list[Any]] = {}
        for each in error.errors(include_url=False):
            by_place.setdefault(_place(model, each["loc"]), []).append(each)
        cleaned = raw
        for place in by_place:
            cleaned = _without(cleaned, place.path)
        problems = [_problem(place, errors) for place, errors in by_place.items()]
        return _or_none(model, cleaned), problems


def _or_none(model: type[Model], raw: Any) -> Model | None:
    try:
        return model.model_validate(raw)
    except ValidationError:
        return None


@dataclass(frozen=True)
class _Place:
    """Where an error is in the settings.

    Attributes:
        path: the keys and numbers on the way there, as the user writes them.
        is_key: whether the error is in the last key itself, and not in its value.
        description: what the innermost described field on the way says of itself.
        known: the keys of the section that the last part is a key of.
    """

    path: Path
    is_key: bool = False
    description: str = ""
    known: tuple[str, ...] = ()


_KEY_MARK = "[key]"
"""What pydantic ends the location of a wrong key with."""


def _place(model: type[BaseModel], location: Path) -> _Place:
    """Where pydantic's location of an error leads from `model`.

    Of what a location has besides keys and numbers, the walk along the types shows what it is: a
    union is followed by the name of one of its types, whatever that name is.
    """
    path: list[int | str] = []
    annotation: Any = model
    known: tuple[str, ...] = ()
    description, rest = "", list(location)
    while rest and rest != [_KEY_MARK]:
        choices = _choices(annotation)
        if len(choices) > 1:
            annotation = _chosen(choices, str(rest.pop(0)))
            continue
        part = rest.pop(0)
        path.append(part)
        known, annotation, own = _step(choices[0], part)
        description = own or description
    return _Place(tuple(path), bool(rest), description, known)


def _step(annotation: Any, part: int | str) -> tuple[tuple[str, ...], Any, str]:
    """A key or number of a type: the keys beside it, its own type, and its description."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        fields = {field.alias or name: field for name, field in annotation.model_fields.items()}
        field = fields.get(str(part))
        return tuple(fields), field and field.annotation, (field and field.description) or ""
    if typing.get_origin(annotation) in (dict, list, Mapping):
        return (), typing.get_args(annotation)[-1], ""
    return (), None, ""


def _choices(annotation: Any) -> list[Any]:
    """The types that a value may have, without None, for which a location has no name."""
    origin = typing.get_origin(annotation)
    if origin is Annotated:
        return _choices(typing.get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return [
            choice
            for argument in typing.get_args(annotation)
            if argument is not type(None)
            for choice in _choices(argument)
        ]
    return [annotation]


def _chosen(choices: Sequence[Any], name: str) -> Any:
    """The type that a name in a location means: its class's, or else one that has parts."""
    named = [each for each in choices if getattr(each, "__name__", "") == name]
    with_parts = [each for each in choices if typing.get_args(each)]
    return (named or with_parts or choices)[0]


def _problem(place: _Place, errors: Sequence[Any]) -> Problem:
    """The one problem of a value, of which the types of a union have an error each."""
    path, kind = ".".join(str(part) for part in place.path), errors[0]["type"]
    description = _in_a_sentence(place.description)
    if kind == "missing":
        return Problem(path, None, REQUIRED, f"set it: {description}")
    rule, remedy = _rule(errors), f"write {description}"
    if kind == "extra_forbidden":
        rule, remedy = UNKNOWN_KEY, _remedy_for_unknown_key(place)
    elif place.is_key:
        rule, remedy = f"as a name, {rule}", "choose another name"
    return Problem(path, errors[0]["input"], rule, remedy)


def _in_a_sentence(description: str) -> str:
    if not description:
        return "a value of the documented type"
    return description[0].lower() + description[1:].rstrip(".")


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
"""What a wrong type of value should have been, in the words of YAML."""


def _rule(errors: Sequence[Any]) -> str:
    """The rule that a value breaks, from pydantic's errors about it: one for each type it may have.

    A validator of our own says its rule itself.
    """
    rules = []
    for error in errors:
        expected = _EXPECTED.get(error["type"])
        if expected is None:
            return str(error["msg"][0].lower() + error["msg"][1:])
        rules.append(expected.format(**error.get("ctx", {})))
    if "a number" in rules and "a whole number" in rules:
        rules.remove("a whole number")
    return f"must be {', or '.join(rules)}"


def _without(raw: Any, path: Path) -> Any:
    """`raw` without the value at `path`, or without the section that lacks it.

    A list goes as a whole: without one of its values, the others would have other numbers.
    """
    if not path or not isinstance(raw, dict) or path[0] not in raw:
        return raw
    head, rest = path[0], path[1:]
    inner = raw[head]
    if rest and isinstance(inner, dict) and rest[0] in inner:
        return {**raw, head: _without(inner, rest)}
    return {key: value for key, value in raw.items() if key != head}
