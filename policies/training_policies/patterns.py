"""Patterns of the configuration, as of file names: `*` is any text, `?` any one character."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any


def matches(value: Any, patterns: Iterable[str]) -> bool:
    """Whether a value is a text that one of the patterns matches, in the same case."""
    return isinstance(value, str) and any(fnmatchcase(value, each) for each in patterns)
