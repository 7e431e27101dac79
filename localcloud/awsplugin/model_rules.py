"""What breaks the rules of AWS's models: lengths, ranges, patterns, and the values of a member."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.awsplugin.api_members import Call, Member, member_of
from localcloud.awsplugin.property_differences import Step, pattern_of

_LONGEST_SHOWN = 100


@dataclass(frozen=True)
class BrokenRule:
    """A value that AWS would refuse: where it is, the member that it becomes, and its rule."""

    path: tuple[Step, ...]
    value: Any
    member: Member
    rule: str

    def reason(self, *, secret: bool) -> str:
        """Value, member and rule in one sentence; a secret value is left out."""
        shown = "a secret value" if secret else _shown(self.value)
        return f"{shown} breaks the rule for {self.member}: {self.rule}"


def broken_rules(calls: Iterable[Call], name: str, value: Any) -> Iterator[BrokenRule]:
    """What AWS would refuse in the property `name`, and inside it.

    Values that are not known yet are passed over. So are empty texts inside an object: they stand
    for what is not set. Those in a list or a map are values.
    """
    member = member_of(calls, name)
    if member:
        yield from _broken(member, (name,), value)


def _broken(member: Member, path: tuple[Step, ...], value: Any) -> Iterator[BrokenRule]:
    if isinstance(value, Mapping) and (pair := member.pair):
        yield from _itself(member, path, value)
        for name, item in value.items():
            yield from _broken(pair[0], (*path, name), name)
            yield from _broken(pair[1], (*path, name), item)
    elif isinstance(value, Mapping):
        for name, item in value.items():
            inner = member.call.inside(member, pattern_of((*path, name)))
            if inner and item != "":
                yield from _broken(inner, (*path, name), item)
    elif isinstance(value, list):
        yield from _itself(member, path, value)
        for position, item in enumerate(value):
            yield from _broken(member.item, (*path, position), item)
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        yield from _itself(member.item, path, value)


def _itself(member: Member, path: tuple[Step, ...], value: Any) -> Iterator[BrokenRule]:
    for rule in member.broken_rules(value):
        yield BrokenRule(path, value, member, rule)


def _shown(value: Any) -> str:
    if isinstance(value, list | Mapping):
        return f"a {'list' if isinstance(value, list) else 'map'} of {len(value)}"
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}… ({len(value)} long)"
