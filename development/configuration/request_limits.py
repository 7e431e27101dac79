"""The API's own limits of a job's settings as JSON Schema, from botocore's service model.

Each setting says which member of the CreateTrainingJob request it becomes, by the markers of
`request_members`. So an editor refuses what `api_limits` refuses.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from components.training_job.request.service_model import (
    OPEN_ENUMERATIONS,
    member_shape,
    request_shape,
)
from components.training_job.rules.api_limits import always_taken
from components.training_job.settings.job_settings import JobSettings
from components.training_job.settings.request_members import Becomes, marked_fields
from components.validation import SettingsModel

Node = dict[str, Any]
"""A JSON Schema, or a part of one."""

_JSON_TYPES = {
    "structure": "object",
    "map": "object",
    "list": "array",
    "string": "string",
    "integer": "integer",
    "long": "integer",
    "float": "number",
    "boolean": "boolean",
}


def whole_text(pattern: str) -> Node:
    """What a text must be that matches a pattern from its beginning to its end."""
    return {"pattern": f"^(?:{pattern})$"}


def section_limits() -> dict[type[SettingsModel], dict[str, Node]]:
    """The limits of the settings of a job, by their sections and their names in the file."""
    found: dict[type[SettingsModel], dict[str, Node]] = {}
    _collect(JobSettings, request_shape(), found)
    return found


def extra_members() -> Node:
    """The members of the request that `extra` may set: those that have no setting."""
    return _structure(request_shape(), "", always_taken())


def _collect(
    section: type[SettingsModel], structure: Any, found: dict[type[SettingsModel], dict[str, Node]]
) -> None:
    """Adds the limits of a section, which becomes a structure of the request."""
    limits = found.setdefault(section, {})
    for field in marked_fields(section):
        becomes = field.becomes
        shape = member_shape(becomes.path, structure) if becomes else structure
        inner = shape.member if becomes and becomes.name else shape
        for each in _sections_in(section.model_fields[field.attribute].annotation):
            _collect(each, inner, found)
        if becomes and (becomes.name or shape.type_name != "structure"):
            limits[field.key] = _named(becomes, shape) if becomes.name else shape_limits(shape)


def _sections_in(annotation: Any) -> Iterator[type[SettingsModel]]:
    if isinstance(annotation, type) and issubclass(annotation, SettingsModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _sections_in(argument)


def _named(becomes: Becomes, shape: Any) -> Node:
    """The limits of named settings, which become a list of structures."""
    members = shape.member.members
    limits: Node = {"propertyNames": shape_limits(members[becomes.name])}
    if "max" in shape.metadata:
        limits["maxProperties"] = shape.metadata["max"]
    if becomes.value:
        limits["additionalProperties"] = shape_limits(members[becomes.value])
    return limits


def shape_limits(shape: Any) -> Node:
    """The limits of a value; what is empty is not in the request, so that has no minimum."""
    kind, low, high = shape.type_name, shape.metadata.get("min"), shape.metadata.get("max")
    limits: Node = {}
    if kind == "string":
        limits = {"minLength": low or None, "maxLength": high}
        pattern = shape.metadata.get("pattern")
        # Editors and Python write the classes of Unicode differently.
        if pattern and r"\p{" not in pattern:
            limits |= whole_text(pattern)
    elif kind in ("integer", "long"):
        limits = {"minimum": low, "maximum": high}
    elif kind == "list":
        limits = {"maxItems": high, "items": shape_limits(shape.member)}
    elif kind == "map":
        limits = {"maxProperties": high, "propertyNames": shape_limits(shape.key)}
        limits["additionalProperties"] = shape_limits(shape.value)
    return {key: each for key, each in limits.items() if each not in (None, {})}


def _structure(shape: Any, parent: str, taken: frozenset[str]) -> Node:
    """A structure whose members may be set, except those that are taken."""
    members: Node = {}
    is_partly_taken = any(each.startswith(parent) for each in taken) and parent != ""
    for name, member in shape.members.items():
        path = f"{parent}{name}"
        if path not in taken:
            members[name] = _member(member, path, taken)
    node: Node = {"type": "object", "properties": members, "additionalProperties": False}
    if parent and not is_partly_taken and shape.required_members:
        node["required"] = list(shape.required_members)
    return node


def _member(shape: Any, path: str, taken: frozenset[str]) -> Node:
    kind = shape.type_name
    if kind == "structure":
        return _structure(shape, f"{path}.", taken)
    node: Node = {"type": _JSON_TYPES[kind]} | shape_limits(shape)
    low = shape.metadata.get("min", 0)
    if kind == "list":
        node |= {"items": _member(shape.member, f"{path}.", taken)}
        node |= {"minItems": low} if low else {}
    elif kind == "map":
        node |= {"additionalProperties": _member(shape.value, f"{path}.", taken)}
        node |= {"minProperties": low} if low else {}
    elif kind == "string" and shape.enum and shape.name not in OPEN_ENUMERATIONS:
        node |= {"enum": list(shape.enum)}
    return node
