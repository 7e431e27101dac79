"""How wrong input is reported: where it is, its value, the rule that it breaks, and what to do."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

_LONGEST_VALUE = 120


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with the input.

    `path` is written the way the user reaches the value, as in `jobs.digits.spot.maxWait`.
    """

    path: str
    value: Any
    rule: str
    remedy: str

    def __str__(self) -> str:
        """The problem in two lines: what is wrong, then what to do."""
        return f"{self.path}: {shown(self.value)} — {self.rule}.\n    Remedy: {self.remedy}."


def under(prefix: str, problems: Iterable[Problem]) -> list[Problem]:
    """The same problems, with paths that begin one level further out."""
    return [
        Problem(
            f"{prefix}.{each.path}" if each.path else prefix, each.value, each.rule, each.remedy
        )
        for each in problems
    ]


def report(problems: Iterable[Problem]) -> str:
    """All problems as one message, numbered."""
    numbered = [f"{number}. {problem}" for number, problem in enumerate(problems, start=1)]
    noun = "problem" if len(numbered) == 1 else "problems"
    return f"{len(numbered)} {noun} in the settings, so nothing was created:\n" + "\n".join(
        numbered
    )


def shown(value: Any) -> str:
    """A value as in YAML, cut where it is long."""
    text = "nothing" if value is None else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + "…"
