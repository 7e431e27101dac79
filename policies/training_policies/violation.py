"""What a policy reports: what is wrong and why, what was asked and allowed, and the remedy."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from training_policies.resource import Absence

_LONGEST_VALUE = 160


@dataclass(frozen=True)
class Violation:
    """One breach of a policy.

    `asked` and `allowed` are values as the program and the configuration have them. `remedy` is ""
    where it is the policy's own. `subject` is the URN of the resource that a stack policy means, ""
    for the stack as a whole; a resource policy always means the resource that it judges.
    """

    what: str
    why: str
    asked: Any
    allowed: Any
    remedy: str = ""
    subject: str = ""

    def __str__(self) -> str:
        """The violation in three lines; the pack adds how to ask for an exemption."""
        return (
            f"{self.what}: asked {shown(self.asked)}, allowed {shown(self.allowed)}.\n"
            f"Why: {self.why}.\n"
            f"Remedy: {self.remedy}."
        )


def shown(value: Any) -> str:
    """A value as JSON, but texts without quotes; a long one is cut."""
    if isinstance(value, Absence):
        return "nothing" if value is Absence.MISSING else "a value that is not known yet"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=shown)
    return text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + "…"
