"""From raw settings to a pydantic model, with every problem named as the user would name it."""

from __future__ import annotations

import difflib
import typing
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo

from components.problems import Problem

Path = tuple[int | str, ...]


class SettingsModel(BaseModel):
    """A part of the settings: camelCase in YAML, immutable, and no key passes unknown."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True, strict=True
    )


Model = TypeVar("Model", bound=BaseModel)


def validate(model: type[Model], raw: Any) -> tuple[Model | None, list[Problem]]:
    """The model for `raw`, and every problem with its types and keys.

    Where single values are wrong, the model is built without them, so that the rules for the
    other values can still be checked and everything is reported at once. It is None only where
    a required value is missing or wrong.
    """
    try:
        return model.model_validate(raw), []
    except ValidationError as error:
        problems = [_problem(model, each) for each in error.errors(include_url=False)]
        cleaned = raw
        for each in error.errors(include_url=False):
            cleaned = _without(cleaned, each["loc"])
        return _or_none(model, cleaned), problems


def _or_none(model: type[Model], raw: Any) -> Model | None:
    try:
        return model.model_validate(raw)
    except ValidationError:
        return None


def _problem(model: type[BaseModel], error: Any) -> Problem:
    location = _as_written(error["loc"])
    path = ".".join(str(part) for part in location)
    if error["type"] == "extra_forbidden":
        rule, remedy = "no such setting exists here", _remedy_for_unknown_key(model, location)
    elif error["type"] == "missing":
        return Problem(path, None, "is required", f"set it: {_description(model, location)}")
    else:
        rule, remedy = error["msg"][0].lower() + error["msg"][1:], _description(model, location)
        remedy = f"write {remedy}"
    return Problem(path, error["input"], rule, remedy)


def _as_written(location: Path) -> Path:
    """The location without the names that pydantic adds for the branches of a union."""
    return tuple(part for part in location if not (isinstance(part, str) and _is_branch(part)))


def _is_branch(part: str) -> bool:
    return (
        part in {"bool", "str", "int", "float", "[key]"} or part.endswith("Settings") or "[" in part
    )


def _remedy_for_unknown_key(model: type[BaseModel], location: Path) -> str:
    parent = _model_at(model, location[:-1])
    known = [field.alias or name for name, field in parent.model_fields.items()] if parent else []
    close = difflib.get_close_matches(str(location[-1]), known, n=1)
    meant = f"did you mean {close[0]}? " if close else ""
    return f"{meant}the settings here are {', '.join(known)}"


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
