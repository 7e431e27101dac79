"""Physical names for resources that the program does not name."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass

_RANDOM_LENGTH = 7


@dataclass(frozen=True)
class Autoname:
    """How a name is made: `<resource name>-<7 hexadecimal digits>`.

    `property` is the input that holds the name, `length` the longest name that AWS takes,
    `transform` is applied to the resource's name, `finish` to the whole. Where `random` is
    false, the resource's own name is the name.
    """

    property: str = "name"
    length: int = 255
    transform: Callable[[str], str] = str
    finish: Callable[[str, dict[str, object]], str] | None = None
    random: bool = True
    prefix_property: str = "namePrefix"

    def make(self, resource_name: str, seed: bytes, inputs: dict[str, object]) -> str:
        """Return a name; the same `seed` gives the same one. ValueError if it is too long."""
        base = self.transform(resource_name)
        name = f"{base}-{_random(seed, base)}" if self.random else base
        return self.accept(self.finish(name, inputs) if self.finish else name)

    def accept(self, name: str) -> str:
        """Return `name`; ValueError with the remedy if it is longer than AWS takes."""
        if len(name) > self.length:
            raise ValueError(
                f"name {name!r} is {len(name)} characters long, more than the maximum of "
                f"{self.length}; give the resource a shorter name or set {self.property!r}"
            )
        return name


def unique_from_prefix(prefix: str) -> str:
    """Return `prefix` with a unique ending, as the provider does for `namePrefix`."""
    return prefix + secrets.token_hex(13)


def _random(seed: bytes, base: str) -> str:
    if not seed:
        return secrets.token_hex(4)[:_RANDOM_LENGTH]
    return hashlib.sha256(seed + base.encode()).hexdigest()[:_RANDOM_LENGTH]
