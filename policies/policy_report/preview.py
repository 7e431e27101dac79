"""A preview as the engine's event log has it.

`pulumi preview --event-log FILE` writes the log, a JSON document a line, with the environment
variable PULUMI_DEBUG_COMMANDS set to true.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pulumi_policy.proxy import unknown_checking_proxy

from training_policies.resource import Resource
from training_policies.training_job import TrainingJobView, training_jobs

Event = Mapping[str, Any]

UNCHANGED = "same"
_GOING = frozenset({"delete", "delete-replaced", "discard", "discard-replaced", "read-discard"})
_DETAILS = frozenset({"create-replacement", "delete-replaced", "discard-replaced"})
"""Steps that a replacement is made of, beside the one that is called so."""


@dataclass(frozen=True)
class Change:
    """One resource that the update would change."""

    operation: str
    type: str
    name: str


@dataclass(frozen=True)
class Breach:
    """What a policy reported, and what comes of it."""

    policy: str
    level: str
    severity: str
    resource: str
    message: str

    @property
    def refuses(self) -> bool:
        """Whether it keeps the update from going ahead."""
        return self.level == "mandatory"


@dataclass(frozen=True)
class Preview:
    """What a preview said.

    `complete` tells whether it came to its end. `errors` are the engine's and the program's, and
    `jobs` the training jobs that there will be, those that stay as they are included.
    """

    changes: Sequence[Change]
    unchanged: int
    jobs: Sequence[TrainingJobView]
    breaches: Sequence[Breach]
    errors: Sequence[str]
    policies: int
    complete: bool

    @property
    def passes(self) -> bool:
        """Whether the update may go ahead: all was judged, and nothing refuses it."""
        judged = self.complete and self.policies > 0
        return judged and not self.errors and not any(each.refuses for each in self.breaches)

    @property
    def counts(self) -> Counter[str]:
        """How many resources each operation changes."""
        return Counter(each.operation for each in self.changes)


def read_preview(file: Path) -> Preview:
    """The preview in an event log; a log that is missing is of a preview that never began."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return preview_of(list(_events(lines)))


def preview_of(events: Sequence[Event]) -> Preview:
    """The preview that these events tell of."""
    steps = [each["metadata"] for each in _of_kind(events, "resourcePreEvent")]
    steps = [each for each in steps if not _is_default_provider(each)]
    changed = [each for each in steps if each["op"] not in {UNCHANGED, *_DETAILS}]
    resources = [_resource(each["new"]) for each in steps if _stays(each)]
    # A replaced resource has several steps, the last of which says how it will be.
    by_urn = {each.urn: each for each in resources}
    return Preview(
        changes=[Change(each["op"], each["type"], _name(each["urn"])) for each in changed],
        unchanged=sum(each["op"] == UNCHANGED for each in steps),
        jobs=training_jobs(list(by_urn.values())),
        breaches=[_breach(each) for each in _of_kind(events, "policyEvent")],
        errors=_errors(events),
        policies=len(set(_judged_by(events))),
        complete=any(True for _ in _of_kind(events, "summaryEvent")),
    )


def _events(lines: Iterable[str]) -> Iterator[Event]:
    """The events; an engine that was killed leaves half a line at the end."""
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:
            return
        yield event


def _of_kind(events: Iterable[Event], kind: str) -> Iterator[Mapping[str, Any]]:
    return (each[kind] for each in events if kind in each)


def _is_default_provider(step: Mapping[str, Any]) -> bool:
    """Whether the engine made it by itself; its own summary leaves these out, too."""
    return str(step["type"]).startswith("pulumi:providers:") and (
        _name(step["urn"]).startswith("default")
    )


def _stays(step: Mapping[str, Any]) -> bool:
    return step["op"] not in _GOING and bool(step.get("new"))


def _resource(state: Mapping[str, Any]) -> Resource:
    inputs = state.get("inputs") or {}
    return Resource(
        state["type"], _name(state["urn"]), state["urn"], unknown_checking_proxy(inputs)
    )


def _breach(event: Mapping[str, Any]) -> Breach:
    return Breach(
        event["policyName"],
        event["enforcementLevel"],
        event.get("severity", ""),
        _name(event.get("resourceUrn") or ""),
        event["message"].strip(),
    )


def _errors(events: Sequence[Event]) -> list[str]:
    told = _of_kind(events, "diagnosticEvent")
    found = [each["message"].strip() for each in told if each["severity"] == "error"]
    return list(dict.fromkeys(each for each in found if each != "preview failed"))


def _judged_by(events: Sequence[Event]) -> Iterator[str]:
    """The names of the policies that ran."""
    for kind in ("policyAnalyzeSummaryEvent", "policyAnalyzeStackSummaryEvent"):
        for summary in _of_kind(events, kind):
            yield from summary.get("passed") or ()
            yield from summary.get("failed") or ()


def _name(urn: str) -> str:
    return urn.rpartition("::")[2]
