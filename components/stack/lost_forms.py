"""Values that do not arrive as they were written in the stack's file.

Pulumi's YAML reads a date without quotes as a time, and passes it on as Go prints a time. Its
engine keeps numbers as 64-bit floats. Both change the value without a word, so what shows the
signs of it is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from components.decimals import MOST_EXACT
from components.problems import Problem
from components.validation import UNKNOWN_KEY

_GO_TIME = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d) (?P<clock>\d\d:\d\d:\d\d(\.\d{1,9})?) "
    r"(?P<hours>[+-]\d\d)(?P<minutes>\d\d) ([A-Za-z]{1,6}|[+-]\d\d(\d\d)?)"
)
"""A time as Go prints it: the zone comes twice, as an offset and by its name. Where the zone has no
name, that is the offset again. No person and no other tool writes a time so."""

_BECOMES_TEXT = re.compile(r"jobs\.[^.]+\.(hyperparameters\..+|tuning\.ranges\..+\.values\.\d+)")
"""The settings whose numbers the program makes texts of, before the engine gets them."""

_MOST_DIGITS = 15
"""How many digits of any decimal number a 64-bit float keeps."""


def lost_forms(settings: Mapping[str, Any]) -> list[Problem]:
    """The values, and the names in sections, that are no longer what was written."""
    return [*_in("", settings)]


def with_lost_forms(lost: Iterable[Problem], found: Iterable[Problem]) -> list[Problem]:
    """The lost forms, and what else was found; each value is reported once.

    A value that is no longer what was written breaks other rules only by chance. Under an unknown
    key, only the key is reported.
    """
    found = list(found)
    unknown = [each.path for each in found if each.rule == UNKNOWN_KEY]
    lost = [each for each in lost if not any(f"{each.path}.".startswith(f"{u}.") for u in unknown)]
    paths = {each.path for each in lost}
    return [*lost, *(each for each in found if each.path not in paths)]


def _in(path: str, value: Any) -> Iterator[Problem]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            inner = f"{path}.{key}" if path else str(key)
            name = [*_time_problems(inner, str(key))]
            yield from name or _in(inner, each)
    elif isinstance(value, list):
        for position, each in enumerate(value):
            yield from _in(f"{path}.{position}", each)
    elif isinstance(value, str):
        yield from _time_problems(path, value)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _number_problems(path, value)


def _time_problems(path: str, text: str) -> Iterator[Problem]:
    found = _GO_TIME.fullmatch(text)
    if found:
        yield Problem(
            path,
            text,
            "YAML reads a date without quotes as a time, and Pulumi passes it on in this form",
            f'write it in quotes, as "{_as_written(found)}"',
        )


def _as_written(time: re.Match[str]) -> str:
    """A time as a person may have written it: as a date, if it is midnight."""
    zone = f"{time['hours']}:{time['minutes']}"
    if (time["clock"], zone) == ("00:00:00", "+00:00"):
        return time["date"]
    return f"{time['date']}T{time['clock']}{'Z' if zone == '+00:00' else zone}"


def _number_problems(path: str, number: float) -> Iterator[Problem]:
    if _BECOMES_TEXT.fullmatch(path):
        if _may_have_lost_digits(number):
            rule = f"Pulumi keeps {_MOST_DIGITS} digits of a whole number of more than 64 bits"
            yield Problem(path, number, rule, "write it in quotes")
    elif isinstance(number, int) and abs(number) > MOST_EXACT:
        yield Problem(
            path,
            number,
            f"Pulumi keeps a whole number exactly only from -{MOST_EXACT} to {MOST_EXACT}",
            "choose a number within; where a text is possible, write it in quotes",
        )


def _may_have_lost_digits(number: float) -> bool:
    """Whether a number may be a whole one that YAML read as a float, as it has more than 64 bits.

    With few digits, such as 1e20, it is still what was written.
    """
    digits = "".join(map(str, Decimal(str(number)).as_tuple().digits)).rstrip("0")
    return not -(2**63) <= number < 2**63 and len(digits) > _MOST_DIGITS
