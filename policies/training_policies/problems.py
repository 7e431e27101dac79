"""What is wrong with a configuration: where it is, what it is, which rule it breaks, what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from training_policies.violation import shown


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong; `path` is dotted, as in `teams.research.dev.families`."""

    path: str
    value: Any
    rule: str
    remedy: str

    def __str__(self) -> str:
        """The problem in two lines: what is wrong, then what to do."""
        return f"{self.path}: {shown(self.value)} — {self.rule}.\n    Remedy: {self.remedy}."


def report(file: str, problems: Iterable[Problem]) -> str:
    """All problems of a configuration file as one message, numbered."""
    lines = [f"{number}. {problem}" for number, problem in enumerate(problems, start=1)]
    noun = "problem" if len(lines) == 1 else "problems"
    return f"{len(lines)} {noun} in {file}, so nothing was judged:\n" + "\n".join(lines)
