"""The report as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from quota_report.usage import OVER, REFUSED, UNLIMITED, WITHIN, Usage
from training_policies.quotas.amounts import digits


@dataclass(frozen=True)
class AccountLine:
    """Instances of one type and market: running, asked for by all stacks, allowed by AWS."""

    market: str
    running: int
    asked: int
    allowed: float

    @property
    def verdict(self) -> str:
        """Whether what the stacks ask for, or what runs, is above what AWS allows."""
        return OVER if max(self.running, self.asked) > self.allowed else WITHIN


@dataclass(frozen=True)
class Report:
    """What all stacks ask for, and, where it was asked, what runs and what AWS allows."""

    stacks: Sequence[Usage]
    running: Sequence[Usage] = ()
    account: Sequence[AccountLine] = ()

    @property
    def is_refused(self) -> bool:
        """Whether anything is above a quota, unknown, or of a team without quotas."""
        teams = [line.verdict for line in (*self.stacks, *self.running)]
        return not REFUSED.isdisjoint([*teams, *(line.verdict for line in self.account)])


def as_json(report: Report) -> str:
    """The whole report as one JSON document."""
    document = {
        "refused": report.is_refused,
        "stacks": [_fields(line) for line in report.stacks],
        "running": [_fields(line) for line in report.running],
        "account": [
            {
                "instances": line.market,
                "running": line.running,
                "asked": line.asked,
                "allowed": line.allowed,
                "verdict": line.verdict,
            }
            for line in report.account
        ],
    }
    return json.dumps(document, indent=2)


def as_text(report: Report) -> str:
    """The report as tables; what has no limit is left out."""
    if not (report.stacks or report.running or report.account):
        return "No stack has a training job, so nothing is used."
    parts = [
        _table("All stacks", _HEADINGS, [_cells(line) for line in report.stacks if _limited(line)])
    ]
    if report.running:
        rows = [_cells(line) for line in report.running if _limited(line)]
        parts.append(_table("Running now", _HEADINGS, rows))
    if report.account:
        parts.append(
            _table("Service Quotas", _ACCOUNT, [_account(line) for line in report.account])
        )
    verdict = "Something is above its quota." if report.is_refused else "All is within its quota."
    return "\n\n".join([*parts, verdict])


_HEADINGS = ("team", "environment", "instances of", "what", "used", "allowed", "verdict", "jobs")
_ACCOUNT = ("instances", "running", "asked for", "allowed", "verdict")


def _limited(line: Usage) -> bool:
    return line.verdict != UNLIMITED


def _cells(line: Usage) -> tuple[str, ...]:
    used = "?" if line.used is None else digits(line.used)
    allowed = "–" if line.allowed is None else digits(line.allowed)
    owner = (line.owner.team or "no team", line.owner.environment or "–")
    return (*owner, line.scope, line.what, used, allowed, line.verdict, ", ".join(line.jobs))


def _account(line: AccountLine) -> tuple[str, ...]:
    return (line.market, str(line.running), str(line.asked), digits(line.allowed), line.verdict)


def _fields(line: Usage) -> Mapping[str, Any]:
    return {
        "team": line.owner.team,
        "environment": line.owner.environment,
        "scope": line.scope,
        "what": line.what,
        "used": line.used,
        "allowed": line.allowed,
        "verdict": line.verdict,
        "jobs": list(line.jobs),
    }


def _table(title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (headings, *rows)
    )
    return "\n".join([title, *lines])
