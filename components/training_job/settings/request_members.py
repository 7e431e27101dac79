"""How a setting says what it is in the CreateTrainingJob request.

The markers are metadata of a field's annotation. Two things follow from them: the API's own limits
for the setting's value, and what `extra` may not set.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, get_args

from components.validation import SettingsModel


@dataclass(frozen=True)
class Becomes:
    """The setting's value is this member of the request, so it has the API's limits for it.

    Attributes:
        path: the member's dotted path, from the structure that the field's section becomes. A
            section without this marker is the same structure as the section around it.
        name: the member that holds an item's name, where named settings become a list.
        value: the member that holds an item's value, where it is not a section of its own.
    """

    path: str
    name: str = ""
    value: str = ""


@dataclass(frozen=True)
class Decides:
    """The setting decides what this member of the request is, which is not the setting's value.

    Attributes:
        path: the member's dotted path in the request.
        when_set: whether that is so only where the setting is set.
    """

    path: str
    when_set: bool = False


@dataclass(frozen=True)
class MarkedField:
    """A field of a section, with what its annotation says of the request.

    Attributes:
        attribute: its name in Python.
        key: its name in the stack's file.
        becomes: the member of the request that it is, if it is one.
        decides: the members of the request that depend on it.
        section: the section that its value is, or None if it is a value, or has many sections.
    """

    attribute: str
    key: str
    becomes: Becomes | None
    decides: tuple[Decides, ...]
    section: type[SettingsModel] | None


@cache
def marked_fields(section: type[SettingsModel]) -> tuple[MarkedField, ...]:
    """All fields of a section, in their order."""
    return tuple(
        MarkedField(
            attribute=name,
            key=field.alias or name,
            becomes=next((each for each in field.metadata if isinstance(each, Becomes)), None),
            decides=tuple(each for each in field.metadata if isinstance(each, Decides)),
            section=_section_in(field.annotation),
        )
        for name, field in section.model_fields.items()
    )


def _section_in(annotation: Any) -> type[SettingsModel] | None:
    """The section in `Section` or `Section | None`."""
    types = (annotation, *get_args(annotation))
    return next((t for t in types if isinstance(t, type) and issubclass(t, SettingsModel)), None)
