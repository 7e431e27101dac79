"""A preview as the engine's event log has it.

`pulumi preview --event-log FILE` writes the log, a JSON document a line, with the environment
variable PULUMI_DEBUG_COMMANDS set to true.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training_policies.pack import NAME
from training_policies.resource import UNKNOWN, Resource, as_the_sdk_sends
from training_policies.stack_identity import settings_of
from training_policies.training_job import TrainingJobView, training_jobs

Event = Mapping[str, Any]

UNCHANGED = "same"
_GOING = frozenset({"delete", "delete-replaced", "discard", "discard-replaced", "read-discard"})
_DETAILS = frozenset({"create-replacement", "delete-replaced", "discard-replaced"})
"""The steps of a replacement, other than the one that is called so."""

_COLOUR = re.compile(r"<\{%[^%]*%\}>")
_EXIT = re.compile(
    r"\s*an unhandled error occurred: [Pp]rogram exited with non-zero exit code: \d+\s*"
)
"""What the engine adds to the errors of the program, which says nothing more."""
_HIDDEN = "[secret]"
"""What the log has in place of a secret text, and of a part of a text that is a secret."""
SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}
"""The key and value of a mapping that the engine has in place of any other secret."""


@dataclass(frozen=True)
class Change:
    """One resource that the update would change."""

    operation: str
    type: str
    name: str


@dataclass(frozen=True)
class Breach:
    """What a policy found, and what follows from it."""

    policy: str
    level: str
    severity: str
    resource: str
    message: str

    @property
    def refuses(self) -> bool:
        """Whether it stops the update."""
        return self.level == "mandatory"


@dataclass(frozen=True)
class Preview:
    """What a preview said.

    `settings` are the stack's, in the project's namespace. `resources` are those that there will
    be, also those that stay as they are, with their inputs; secrets are unknown in them.
    `policies` are the names of those that ran in a pack of this pack's name, `packs` the names of
    all packs that ran. `errors` are the engine's and the program's. `complete` is whether the
    preview came to its end.
    """

    settings: Mapping[str, str]
    changes: Sequence[Change]
    unchanged: int
    resources: Sequence[Resource]
    breaches: Sequence[Breach]
    errors: Sequence[str]
    policies: frozenset[str]
    packs: frozenset[str]
    complete: bool

    @property
    def jobs(self) -> list[TrainingJobView]:
        """The training jobs that there will be."""
        return training_jobs(self.resources)

    @property
    def counts(self) -> Counter[str]:
        """How many resources each operation changes."""
        return Counter(each.operation for each in self.changes)


def read_preview(file: Path) -> Preview:
    """The preview in an event log; a log that is missing is of a preview that never began."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return preview_of(list(_events(lines)))


def preview_of(events: Sequence[Event]) -> Preview:
    """The preview that these events report."""
    steps = [each["metadata"] for each in _of_kind(events, "resourcePreEvent")]
    steps = [each for each in steps if not _is_default_provider(each)]
    changed = [each for each in steps if each["op"] not in {UNCHANGED, *_DETAILS}]
    resources = [_resource(each["new"]) for each in steps if _stays(each)]
    # A replaced resource has several steps, the last of which says how it will be.
    by_urn = {each.urn: each for each in resources}
    return Preview(
        settings=_settings(events, steps),
        changes=[Change(each["op"], each["type"], name_in(each["urn"])) for each in changed],
        unchanged=sum(each["op"] == UNCHANGED for each in steps),
        resources=list(by_urn.values()),
        breaches=[_breach(each) for each in _of_kind(events, "policyEvent")],
        errors=_errors(events),
        policies=frozenset(_judged_by(events)),
        packs=frozenset(_packs(events)),
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
        name_in(step["urn"]).startswith("default")
    )


def _stays(step: Mapping[str, Any]) -> bool:
    return step["op"] not in _GOING and bool(step.get("new"))


def _resource(state: Mapping[str, Any]) -> Resource:
    inputs = as_the_sdk_sends(_without_secrets(state.get("inputs") or {}))
    urn = state["urn"]
    # The log leaves out what is false.
    component = not state.get("custom")
    return Resource(state["type"], name_in(urn), urn, inputs, is_component=component)


def _without_secrets(value: Any) -> Any:
    """A value in which everything that the log hides is unknown."""
    if isinstance(value, Mapping):
        if SECRET.items() <= value.items():
            return UNKNOWN
        return {key: _without_secrets(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_without_secrets(each) for each in value]
    return UNKNOWN if isinstance(value, str) and _HIDDEN in value else value


def _settings(events: Iterable[Event], steps: Sequence[Mapping[str, Any]]) -> Mapping[str, str]:
    """The settings in the namespace of the project, which the URN of any resource names."""
    project = steps[0]["urn"].split("::")[1] if steps else ""
    config: dict[str, object] = {}
    for prelude in _of_kind(events, "preludeEvent"):
        config |= prelude.get("config") or {}
    return settings_of(config, project)


def _breach(event: Mapping[str, Any]) -> Breach:
    return Breach(
        event["policyName"],
        event["enforcementLevel"],
        event.get("severity", ""),
        name_in(event.get("resourceUrn") or ""),
        _plain(event["message"]),
    )


def _errors(events: Sequence[Event]) -> list[str]:
    diagnostics = _of_kind(events, "diagnosticEvent")
    found = [_plain(each["message"]) for each in diagnostics if each["severity"] == "error"]
    said = [each for each in dict.fromkeys(found) if each != "preview failed"]
    # Where the program has said why it ended, the engine's own line says nothing more.
    return [each for each in said if not _EXIT.fullmatch(each)] or said


def _judged_by(events: Sequence[Event]) -> Iterator[str]:
    """The names of the policies that ran in a pack of this pack's name."""
    for kind in ("policyAnalyzeSummaryEvent", "policyAnalyzeStackSummaryEvent"):
        for summary in _of_kind(events, kind):
            if summary.get("policyPackName") == NAME:
                yield from summary.get("passed") or ()
                yield from summary.get("failed") or ()


def _packs(events: Iterable[Event]) -> Iterator[str]:
    """The name of the pack of each event of a policy: what it judged, found or changed."""
    for event in events:
        for content in event.values():
            if isinstance(content, Mapping) and content.get("policyPackName"):
                yield str(content["policyPackName"])


def _plain(message: str) -> str:
    """A message without the marks for the terminal's colours, as `<{%reset%}>`."""
    return _COLOUR.sub("", message).strip()


def name_in(urn: str) -> str:
    """The name of the resource with a URN."""
    return urn.rpartition("::")[2]
