"""What a check found, and what a check is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from acceptance.scene import Scene

Verdict = Literal["confirmed", "refuted", "not seen"]
Source = Literal["promise", "control", "assumption"]


@dataclass(frozen=True)
class Finding:
    """What was found about one statement, with the evidence for it."""

    verdict: Verdict
    evidence: str


def confirmed(evidence: str) -> Finding:
    """The statement is true here."""
    return Finding("confirmed", evidence)


def refuted(evidence: str) -> Finding:
    """The statement is not true here."""
    return Finding("refuted", evidence)


def not_seen(reason: str) -> Finding:
    """Nothing showed whether the statement is true."""
    return Finding("not seen", reason)


def decided(is_true: bool, evidence: str) -> Finding:
    """A statement that was seen to be true, or not to be."""
    return confirmed(evidence) if is_true else refuted(evidence)


@dataclass(frozen=True)
class Check:
    """One statement about the platform or about AWS, and how it is looked at."""

    name: str
    """A short name, which never changes."""
    statement: str
    """What should be true, as a sentence."""
    source: Source
    """Where it is said: a promise of the README, a control of docs/security.md, or an assumption
    about what AWS does not document."""
    after: str
    """The step after which it is looked at."""
    look: Callable[[Scene], Finding]


class Checks:
    """A table of checks, filled by a decorator."""

    def __init__(self, source: Source) -> None:
        self.all: list[Check] = []
        self._source = source

    def after(
        self, step: str, name: str, statement: str
    ) -> Callable[[Callable[[Scene], Finding]], Callable[[Scene], Finding]]:
        """Adds the decorated function as the check of a statement, after a step."""

        def add(look: Callable[[Scene], Finding]) -> Callable[[Scene], Finding]:
            self.all.append(Check(name, statement, self._source, step, look))
            return look

        return add
