"""Shows an engine operation while it runs: a live tree on a terminal, otherwise a few lines.

All that the engine and the jobs write is in a log file.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text
from rich.tree import Tree

from development.log_lines import LogLine
from development.terminal import Failure, log_line

Event = Mapping[str, Any]

_PLATFORM = "TrainingPlatform"
_WAITS = "TrainingJobCompletion"
_UNCHANGED = frozenset({"same", "read", "refresh", "discard"})
_DONE = {
    "create": "created",
    "update": "updated",
    "delete": "deleted",
    "replace": "replaced",
    "create-replacement": "replaced",
    "delete-replaced": "deleted",
    "discard": "discarded",
    "discard-replaced": "discarded",
    "read": "read",
    "same": "unchanged",
}
_SECTION = re.compile(r"(Diagnostics|Policies|error):")
_EXIT = re.compile(
    r"\s*error: an unhandled error occurred: [Pp]rogram exited with non-zero exit code"
)
"""What the engine adds to the errors of the program, which says nothing more."""
_AWS_COMMAND = re.compile(r"(?:^ *|`)aws [a-z0-9-]+ [a-z0-9-]+ ")
"""A command of the AWS CLI, in a line of its own or in a sentence."""
_PROPERTY = re.compile(r"property (\S+) value \{<nil>\} has a problem: (?=\1\b)")
"""How the engine begins a problem that names its property itself."""
_UPDATE = "`pulumi up`"
"""Without options: with --refresh it does more than a command of the Makefile."""
_MAIL = "AWS's mail"
_WARNING = "warning: "
_JOB_LINES = 8
"""How many of the newest lines of the jobs a terminal shows."""
_INTERRUPTED = (
    "Interrupted. What the engine has begun is finished first, also the wait for a job. Ctrl-C "
    "again ends it at once."
)
_LAST_LINES = 20
"""How many lines of the engine are printed where a failure has no section of its own."""


@dataclass(frozen=True)
class Typed:
    """What a person types in a checkout, which the program's texts can't know."""

    before_aws: str
    """What comes before the `aws` commands that a failure names."""
    update: str
    """The command that runs `pulumi up`."""
    pause: str = ""
    """The command that stops the jobs for which the engine waits, if it waits for any."""


@dataclass
class Branch:
    """A component of the platform, or a resource of the stack, with what is below it."""

    title: str
    seen: set[str] = field(default_factory=set)
    running: dict[str, float] = field(default_factory=dict)
    """The names of the resources that the engine works on, with when it began."""
    done: set[str] = field(default_factory=set)
    failed: bool = False

    def line(self) -> Text:
        """Its state in one line."""
        style, mark = ("red", "✗") if self.failed else ("cyan", "·")
        if not self.failed and self.done == self.seen:
            style, mark = "green", "✓"
        text = Text.assemble((f"{mark} ", style), self.title)
        if len(self.seen) > 1 or self.running:
            text.append(f"  {len(self.done)} of {len(self.seen)}", "dim")
        for name, began in list(self.running.items())[-1:]:
            text.append(f"  {name} ({time.monotonic() - began:.0f} s)", "dim")
        return text


class EngineDisplay:
    """What one command shows of its engine operations and jobs.

    Engine lines, events and job lines may come from several threads.
    """

    def __init__(self, console: Console, file: Path, title: str, typed: Typed) -> None:
        self.file = file
        self._typed = typed
        on = f" A job that was launched runs on; `{typed.pause}` stops it." if typed.pause else ""
        self._interruption = f"{_INTERRUPTED}{on}"
        self._failure = Failure.OTHER
        self._failed: set[str] = set()
        self._interrupted = False
        self._planning = False
        self._doing = ""
        self._console = console
        self._title = title
        self._live = _is_live(console)
        self._lock = threading.Lock()
        self._lines: list[str] = []
        self._jobs: deque[Text] = deque(maxlen=_JOB_LINES)
        self._warnings: list[str] = []
        self._summary: dict[str, Any] = {}
        self._status = ""
        self._parents: dict[str, str] = {}
        self._branches: dict[str, Branch] = {}

    def __enter__(self) -> Self:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        stream = self.file.open("w", encoding="utf-8")
        self.log = Console(file=stream, color_system=None, highlight=False, soft_wrap=True)
        """Prints into the log file."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.log.file.close()

    @contextmanager
    def running(self, doing: str) -> Iterator[None]:
        """Shows on a terminal what the engine does while the body runs."""
        self._doing = doing
        if self._live:
            with Live(
                console=self._console,
                get_renderable=self._render,
                transient=True,
                refresh_per_second=4,
            ):
                yield
        else:
            yield

    @property
    def failure(self) -> Failure:
        """Where the newest operation failed, if it did."""
        return Failure.INTERRUPTED if self._interrupted else self._failure

    def interrupted(self) -> None:
        """Hears of Ctrl-C; a handler of signals must take no lock, and print nothing into files."""
        if not self._live and not self._interrupted:
            os.write(2, f"{self._interruption}\n".encode())
        self._interrupted = True

    def engine_line(self, line: str) -> None:
        """Takes a line of the engine."""
        with self._lock:
            self._lines.append(line)
            self.log.print(Text.from_ansi(line))

    def job_line(self, line: LogLine) -> None:
        """Takes a line of a job; without a live tree it is printed."""
        text = log_line(line)
        with self._lock:
            self._jobs.append(text)
            self.log.print(text)
            if not self._live:
                self._console.print(text, soft_wrap=True)

    def event(self, event: Event) -> None:
        """Takes an event of the engine."""
        with self._lock:
            if "preludeEvent" in event:
                self._begin()
            elif started := event.get("resourcePreEvent"):
                self._started(started)
            elif ended := event.get("resOutputsEvent"):
                self._ended(ended["metadata"], failed=False)
            elif failure := event.get("resOpFailedEvent"):
                self._ended(failure["metadata"], failed=True)
            elif diagnostic := event.get("diagnosticEvent"):
                self._diagnosed(diagnostic)
            elif summary := event.get("summaryEvent"):
                self._summary = dict(summary)

    def print_failure(self) -> None:
        """Prints how the newest operation ended, as the engine says it.

        Nothing after Ctrl-C: what the engine and the policies then say is of half a program.
        """
        if self._interrupted:
            return
        begin = next((n for n, each in enumerate(self._plain()) if _SECTION.match(each)), None)
        shown = self._lines[begin:] if begin is not None else self._lines[-_LAST_LINES:]
        texts = [_as_it_was_said(Text.from_ansi(each)) for each in shown]
        texts = [text for text in texts if not _EXIT.match(text.plain)]
        for text in texts:
            self._console.print(text, soft_wrap=True)
        if any(_AWS_COMMAND.search(text.plain) for text in texts):
            before = "Before an `aws` command, which `make setup` installs, run:"
            self._console.print(Text(f"{before}\n  {self._typed.before_aws}"), soft_wrap=True)
        if any(_UPDATE in text.plain for text in texts):
            self._console.print(f"Here, `{self._typed.update}` runs {_UPDATE}.", soft_wrap=True)

    def print_success(self) -> None:
        """Prints in two lines or more what the newest operation has done, with its warnings."""
        if not self._summary:  # an engine without an event log, perhaps a later version
            self.print_failure()
            return
        seconds = self._summary.get("durationSeconds", 0)
        packs = self._summary.get("policyPacks") or self._summary.get("PolicyPacks") or {}
        judged = f" Policies: {', '.join(map(_pack, packs.items()))}." if packs else ""
        changes = _changes(self._summary.get("resourceChanges", {}))
        self._console.print(f"{self._title}: {changes}, in {seconds} s.{judged}", soft_wrap=True)
        for warning in self._warnings:
            here = (
                " The local cloud sends no mail, so here it stays so." if _MAIL in warning else ""
            )
            text = Text.assemble(("  warning: ", "yellow"), warning, here and f".{here}")
            self._console.print(text, soft_wrap=True)

    def _plain(self) -> Iterator[str]:
        return (Text.from_ansi(line).plain for line in self._lines)

    def _begin(self) -> None:
        if self._planning and self._summary and not self._live:
            changes = _changes(self._summary.get("resourceChanges", {}), planned=True)
            self._console.print(f"{self._title}: previewed, {changes}.")
        self._lines.clear()
        self._branches.clear()
        self._warnings.clear()
        self._failed.clear()
        self._summary = {}
        self._failure = Failure.OTHER
        self._planning = False

    def _started(self, event: Event) -> None:
        metadata = event["metadata"]
        self._planning = bool(event.get("planning"))
        if self._planning:
            self._failure = Failure.PREVIEW
        urn = metadata["urn"]
        state = metadata.get("new") or metadata.get("old") or {}
        self._parents[urn] = state.get("parent") or ""
        if metadata["op"] not in _UNCHANGED and "::pulumi:" not in urn:
            branch = self._branch_of(urn)
            branch.seen.add(urn)
            if not _is_component(urn):
                branch.running[_name(urn)] = time.monotonic()

    def _ended(self, metadata: Event, *, failed: bool) -> None:
        urn = metadata["urn"]
        if failed and not self._planning:
            self._failed.add(_kind(urn))
            self._failure = Failure.JOB if self._failed == {_WAITS} else Failure.OTHER
        branch = self._branches.get(self._top(urn))
        if branch is not None and urn in branch.seen:
            branch.failed |= failed
            branch.running.pop(_name(urn), None)
            branch.done |= set() if failed else {urn}

    def _branch_of(self, urn: str) -> Branch:
        top = self._top(urn)
        return self._branches.setdefault(top, Branch(f"{_kind(top)} {_name(top)}"))

    def _top(self, urn: str) -> str:
        """The component that is nearest to the platform, above a resource or the resource."""
        while (above := self._parents.get(urn)) and not _is_root(above):
            urn = above
        return urn

    def _diagnosed(self, event: Event) -> None:
        message = Text.from_ansi(str(event.get("message", ""))).plain.strip()
        message = re.sub(r"<\{%.*?%\}>", "", message).strip()
        text = message.removeprefix(_WARNING)
        # A dynamic provider can't warn, so it prints, which the engine takes for information.
        if event.get("severity") == "warning" or text != message:
            if text not in self._warnings:
                self._warnings.append(text)
        elif event.get("severity") == "info":
            self._status = message

    def _render(self) -> RenderableType:
        with self._lock:
            doing = "Previewing" if self._planning else self._doing
            tree = Tree(Text(f"{doing} {self._title}", "bold"), guide_style="dim")
            for branch in self._branches.values():
                tree.add(branch.line())
            rows: list[RenderableType] = [tree]
            if self._interrupted:
                rows.append(Text(self._interruption, "yellow"))
            if self._status:
                rows.append(Text(self._status, "cyan", no_wrap=True, overflow="ellipsis"))
            for line in self._jobs:
                shown = line.copy()
                shown.no_wrap, shown.overflow = True, "ellipsis"
                rows.append(shown)
            return Group(*rows)


def _is_live(console: Console) -> bool:
    """Whether a person looks at a terminal that can be redrawn."""
    return console.is_interactive and not console.is_dumb_terminal and not os.environ.get("CI")


def _changes(counts: Mapping[str, int], *, planned: bool = False) -> str:
    """How many resources of each kind of change, in words."""
    changed = {op: count for op, count in counts.items() if op != "same"} or counts
    words = (
        f"{count} to {op}" if planned and op != "same" else f"{count} {_DONE.get(op, op)}"
        for op, count in sorted(changed.items())
    )
    return ", ".join(words) or "nothing to do"


def _pack(pack: tuple[str, str]) -> str:
    name, version = pack
    # The engine adds where a pack comes from: sagemaker-training|local|policies.
    return f"{name.partition('|')[0]}@v{version.removeprefix('v')}"


def _kind(urn: str) -> str:
    """The last part of a resource's type."""
    return urn.rsplit("::", 2)[1].rpartition("$")[2].rpartition(":")[2]


def _name(urn: str) -> str:
    return urn.rpartition("::")[2]


def _is_component(urn: str) -> bool:
    return ":index:" in urn.rsplit("::", 2)[1].rpartition("$")[2]


def _as_it_was_said(text: Text) -> Text:
    """A line of the engine, without the property that it puts before one that names it."""
    found = _PROPERTY.search(text.plain)
    return text if found is None else text[: found.start()] + text[found.end() :]


def _is_root(urn: str) -> bool:
    return _kind(urn) in (_PLATFORM, "Stack")
