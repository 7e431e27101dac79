"""Which members of AWS's requests the properties of a resource become.

AWS publishes its operations as models, which botocore has. A model is read when it is first needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

_loading = Lock()


@dataclass(frozen=True)
class Call:
    """An operation of AWS, and which members of its request a resource's properties become.

    A property becomes the member of its own name, whatever the case; the s of a plural does not
    count. For other properties, `members` says what becomes of the property at a path:
    `{"limitAmount": "Budget.BudgetLimit.Amount"}`, None if nothing does. Paths have no positions of
    lists; `key` and `value` are those of a map. "" is the resource itself: where in the request
    its properties are.
    """

    service: str
    operation: str
    members: Mapping[str, str | None] = field(default_factory=dict)

    def member(self, path: str) -> Member | None:
        """The member that the property at `path` becomes, None if it becomes none."""
        member = self._at(self.members.get("", ""))
        steps = path.split(".")
        for number in range(1, len(steps) + 1):
            member = self.inside(member, ".".join(steps[:number]))
        return member

    def inside(self, outer: Member | None, path: str) -> Member | None:
        """The member of the property at `path`; `outer` is that of the property around it."""
        if path in self.members:
            return self._at(self.members[path])
        return outer and outer.named(path.rpartition(".")[2])

    def _at(self, path: str | None) -> Member | None:
        if path is None:
            return None
        member = Member(self, "", _request(self.service, self.operation))
        for step in filter(None, path.split(".")):
            member = member.part(step)
        return member


@dataclass(frozen=True)
class Member:
    """A member of a request, or the whole request: its path, and its shape in botocore's model."""

    call: Call
    path: str
    shape: Any

    def __str__(self) -> str:
        return f"{self.path} of {self.call.service}:{self.call.operation}"

    @property
    def item(self) -> Member:
        """What the member is a list of; the member itself if it is no list."""
        shape = self.shape
        while shape.type_name == "list":
            shape = shape.member
        return Member(self.call, self.path, shape)

    @property
    def pair(self) -> tuple[Member, Member] | None:
        """Key and value, if the member is a map, or a list of names with values, such as tags."""
        if self.shape.type_name == "map":
            return self.part("key"), self.part("value")
        names = self.item._names() if self.shape.type_name == "list" else []
        values = [name for name in names if name.lower().endswith("value")]
        keys = [name for name in names if name not in values]
        if (len(keys), len(values)) != (1, 1):
            return None
        return self.part(keys[0]), self.part(values[0])

    def part(self, name: str) -> Member:
        """The member `name` inside this one."""
        shape = self.item.shape
        inner = getattr(shape, name) if shape.type_name == "map" else shape.members[name]
        return Member(self.call, f"{self.path}.{name}".lstrip("."), inner)

    def named(self, name: str) -> Member | None:
        """The member inside this one that has the name of a property, None if there is none.

        Inside a map all properties are values.
        """
        if self.item.shape.type_name == "map":
            return self.part("value")
        names = self.item._names()
        for form in (str.lower, _singular):
            for each in names:
                if form(each) == form(name):
                    return self.part(each)
        return None

    def broken_rules(self, value: Any) -> Iterator[str]:
        """What the model says against a text, a number, or the length of a list or a map."""
        from localcloud.protocol.validation import broken_constraints

        kind = self.shape.type_name
        if isinstance(value, list | dict):
            yield from broken_constraints(value, self.shape) if kind in {"list", "map"} else ()
        elif kind == "string":
            yield from broken_constraints(str(value), self.shape)
        elif kind in {"integer", "long", "float", "double"}:
            number = _number(value)
            if number is None:
                yield "Member must be a number"
            elif kind in {"integer", "long"} and not number.is_integer():
                yield "Member must be a whole number"
            else:
                yield from broken_constraints(number, self.shape)

    def _names(self) -> list[str]:
        return list(self.shape.members) if self.shape.type_name == "structure" else []


def member_of(calls: Iterable[Call], path: str) -> Member | None:
    """The member that the property at `path` becomes, by the first call that has the property.

    `path` has no positions of lists.
    """
    for call in calls:
        if call.member(path.partition(".")[0]):
            return call.member(path)
    return None


def _request(service: str, operation: str) -> Any:
    """The shape of an operation's request."""
    from localcloud.protocol.validation import service_model  # takes a while, as do the models

    with _loading:  # so that two threads don't read the same model
        return service_model(service).operation_model(operation).input_shape


def _singular(name: str) -> str:
    return name.lower().removesuffix("s")


def _number(value: str | float) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None
