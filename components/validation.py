"""From raw settings to a pydantic model, with every problem named as the user would name it."""

from __future__ import annotations

import difflib
import json
import typing
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo

from components.expected import rule_of
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
        errors = error.errors(include_url=False)
        cleaned = raw
        for each in errors:
            cleaned = _without(cleaned, each["loc"])
        return _or_none(model, cleaned), _problems(model, errors)


def _or_none(model: type[Model], raw: Any) -> Model | None:
    try:
        return model.model_validate(raw)
    except ValidationError:
        return None


def _problems(model: type[BaseModel], errors: Iterable[Any]) -> list[Problem]:
    """One problem for each wrong value, of which a union's branches have an error each."""
    by_value: dict[Path, list[Any]] = {}
    for error in errors:
        is_key = "[key]" in error["loc"]
        location = (*_as_written(error), *(("[key]",) if is_key else ()))
        by_value.setdefault(location, []).append(error)
    return [_problem(model, location, found) for location, found in by_value.items()]


def _problem(model: type[BaseModel], location: Path, errors: Sequence[Any]) -> Problem:
    is_key = location[-1:] == ("[key]",)
    location = location[:-1] if is_key else location
    path, kind = ".".join(str(part) for part in location), errors[0]["type"]
    rule = rule_of(errors)
    if kind == "extra_forbidden":
        rule, remedy = UNKNOWN_KEY, _remedy_for_unknown_key(model, location)
    elif kind == "missing":
        return Problem(path, None, REQUIRED, f"set it: {_description(model, location)}")
    elif is_key:
        rule, remedy = f"as a name, {rule}", "choose another name"
    else:
        remedy = f"write {_description(model, location)}"
    return Problem(path, errors[0]["input"], rule, remedy)


def _as_written(error: Any) -> Path:
    """The error's location without the names that pydantic adds for the branches of a union."""
    location: Path = error["loc"]
    unknown = location[-1:] if error["type"] == "extra_forbidden" else ()  # whatever its name is
    known = location[: len(location) - len(unknown)]
    return (*(each for each in known if not _is_branch(each)), *unknown)


def _is_branch(part: int | str) -> bool:
    return isinstance(part, str) and (
        part in {"bool", "str", "int", "float", "[key]"} or part.endswith("Settings") or "[" in part
    )


def _remedy_for_unknown_key(model: type[BaseModel], location: Path) -> str:
    parent = _model_at(model, location[:-1])
    known = [field.alias or name for name, field in parent.model_fields.items()] if parent else []
    close = difflib.get_close_matches(str(location[-1]), known, n=1)
    if close:
        return f"did you mean {close[0]}? Otherwise remove it"
    return f"the settings here are {', '.join(known)}"


def _description(model: type[BaseModel], location: Path) -> str:
    """What the innermost described field on the way to `location` says of itself."""
    for length in range(len(location), 0, -1):
        parent = _model_at(model, location[: length - 1])
        field = _field(parent, location[length - 1]) if parent else None
        if field is not None and field.description:
            return field.description[0].lower() + field.description[1:].rstrip(".")
    return "a value of the documented type"


def _model_at(
    model: type[BaseModel] | None, location: Sequence[int | str]
) -> type[BaseModel] | None:
    if model is None or not location:
        return model
    field = _field(model, location[0])
    if field is None:
        return None
    rest = location[2:] if _is_container(field.annotation) else location[1:]
    return _model_at(_model_in(field.annotation), rest)


def _field(model: type[BaseModel], key: int | str) -> FieldInfo | None:
    by_key = {field.alias or name: field for name, field in model.model_fields.items()}
    return by_key.get(str(key))


def _is_container(annotation: Any) -> bool:
    return typing.get_origin(annotation) in (dict, list, Mapping)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (_model_in(argument) for argument in typing.get_args(annotation))
    return next((model for model in inner if model is not None), None)


def _without(raw: Any, location: Path) -> Any:
    """`raw` without the value at `location`; `raw` itself where there is none."""
    if not location or not isinstance(raw, dict):
        return raw
    head, rest = location[0], location[1:]
    if head not in raw:
        return _without(raw, rest)
    if not _leads_on(raw[head], rest):
        return {key: value for key, value in raw.items() if key != head}
    return {**raw, head: _without(raw[head], rest)}


def _leads_on(value: Any, location: Path) -> bool:
    return isinstance(value, dict) and any(part in value for part in location)
