"""Physical names for resources that the program does not name."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from localcloud.awsplugin.properties import DEFAULTS, Properties

_RANDOM_LENGTH = 7
_ENDING_BYTES = 13  # of what follows a prefix


@dataclass(frozen=True)
class NameRequest:
    """What the engine says about naming: the resource's name, a seed, and its own proposal."""

    resource: str
    seed: bytes = b""
    proposed: str = ""
    enforced: bool = False
    disabled: bool = False


@dataclass(frozen=True)
class Autoname:
    """How a name is made: `<resource name>-<7 hexadecimal digits>`.

    `property` is the input that holds the name, `length` the longest name that AWS takes,
    `transform` is applied to the resource's name, `finish` to the whole. Where `random` is
    false, the resource's own name is the name. `prefix_property` is the input that asks for a
    unique name with a beginning of the program's choice, "" if there is none;
    `default_prefix` is that beginning if the program gives neither.
    """

    property: str = "name"
    length: int = 255
    transform: Callable[[str], str] = str
    finish: Callable[[str, Properties], str] | None = None
    random: bool = True
    prefix_property: str = "namePrefix"
    default_prefix: str = "terraform-"

    def make(self, resource_name: str, seed: bytes, inputs: Properties) -> str:
        """A name; the same `seed` gives the same one. ValueError if it is too long."""
        base = self.transform(resource_name)
        name = f"{base}-{_random(seed, base)}" if self.random else base
        return self.accept(self.finish(name, inputs) if self.finish else name)

    def accept(self, name: str) -> str:
        """The same name; ValueError with the remedy if it is longer than AWS takes."""
        if len(name) > self.length:
            raise ValueError(
                f"name {name!r} is {len(name)} characters long, more than the maximum of "
                f"{self.length}; give the resource a shorter name or set {self.property!r}"
            )
        return name

    def with_prefix_resolved(self, inputs: Properties) -> Properties:
        """The inputs of a creation, with a unique name where they hold at most a prefix."""
        if inputs.get(self.property) or not self.prefix_property:
            return inputs
        prefix = inputs.get(self.prefix_property, self.default_prefix)
        return {**inputs, self.property: prefix + secrets.token_hex(_ENDING_BYTES)}

    def example(self, prefix: str) -> str:
        """A name as `with_prefix_resolved` makes it, always the same one."""
        return prefix + bytes(_ENDING_BYTES).hex()


def choose_name(
    naming: Autoname, request: NameRequest, olds: Properties, inputs: Properties
) -> str | None:
    """The name that the provider gives; None if the program gives it, or it needs none.

    Raises:
        ValueError: the name would be longer than AWS takes.

    """
    if naming.property in inputs or naming.prefix_property in inputs:
        return None
    if naming.property in olds.get(DEFAULTS, ()) and naming.property in olds:
        return str(olds[naming.property])
    if request.disabled:
        return None
    if request.proposed:
        name = naming.transform(request.proposed)
        return name if request.enforced else naming.accept(name)
    return naming.make(request.resource, request.seed, inputs)


def _random(seed: bytes, base: str) -> str:
    if not seed:
        return secrets.token_hex(4)[:_RANDOM_LENGTH]
    return hashlib.sha256(seed + base.encode()).hexdigest()[:_RANDOM_LENGTH]
