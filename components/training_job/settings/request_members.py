"""How a setting says which member of the CreateTrainingJob request it becomes.

The markers are metadata of a field's annotation. They have two uses: the setting's value is checked
with the API's own limits, and `extra` may not set the member.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, get_args

from components.validation import SettingsModel


@dataclass(frozen=True)
class Becomes:
    """The setting's value becomes this member of the request, so the member's limits apply to it.

    Attributes:
        path: the member's dotted path, from the structure that the field's section becomes. A
            section without this marker becomes the same structure as the section around it.
        name: the member that holds an item's name, where named settings become a list.
        value: the member that holds an item's value, where it is not a section of its own.
    """

    path: str
    name: str = ""
    value: str = ""


@dataclass(frozen=True)
class Decides:
    """The setting decides this member of the request, whose value is not the setting's value.

    Attributes:
        path: the member's dotted path in the request.
        when_set: whether the setting decides it only if it is set.
    """

    path: str
    when_set: bool = False


@dataclass(frozen=True)
class MarkedField:
    """A field of a section, with what its annotation says about the request.

    Attributes:
        attribute: its name in Python.
        key: its name in the stack's file.
        becomes: the member of the request that it becomes, if it becomes one.
        decides: the members of the request that it decides.
        section: the type of its value if that is a section, otherwise None.
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
