"""The client of W&B over a project in memory, that may be killed, and whose points come late."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from tests.tracking.fake_mlflow import Killed

Row = dict[str, Any]


@dataclass
class Kept:
    """A run on the server."""

    id: str
    name: str
    group: str
    job_type: str
    config: dict[str, Any] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    state: str = "running"
    notes: str = ""
    tags: list[str] = field(default_factory=list)
    is_deleted: bool = False


@dataclass
class FakeProject:
    """The project, and how many calls may still reach it."""

    all: list[Kept] = field(default_factory=list)
    calls: int = 0
    kill_in: int | None = None
    unread: int = 0
    """How many rows of each run the server has, and does not show yet."""

    def shown(self) -> list[Kept]:
        return [run for run in self.all if not run.is_deleted]

    def called(self) -> None:
        """Counts a call, and kills it before or after it has an effect."""
        self.calls += 1
        if self.calls == self.kill_in:
            raise Killed


class FakeWandb:
    """What tracking uses of the module `wandb`."""

    Settings = staticmethod(lambda **settings: SimpleNamespace(**settings))

    def __init__(self, project: FakeProject) -> None:
        self._project = project

    def Api(self) -> Any:  # noqa: N802 - as the client names it
        return FakeApi(self._project)

    def init(self, *, id: str, resume: str, **given: Any) -> Any:  # noqa: A002
        """Begins to write to a run: all that it is reaches the server at once."""
        assert given["mode"] == "online"
        self._project.called()
        run = next((run for run in self._project.all if run.id == id), None)
        assert (run is None) == (resume == "never")
        if run is None:
            run = Kept(id, "", given["group"], given["job_type"])
            self._project.all.append(run)
        assert not run.is_deleted
        assert (run.group, run.job_type) == (given["group"], given["job_type"])
        run.name, run.state = given["name"], "running"
        run.notes = given["notes"] or run.notes
        run.tags = given.get("tags") or run.tags
        _merge(run.config, given["config"])
        self._project.called()
        return Session(self._project, run, given["settings"])


class Session:
    """A run that is written to: its rows reach the server some at a time, and late."""

    def __init__(self, project: FakeProject, run: Kept, settings: Any) -> None:
        self._project, self._run, self._settings = project, run, settings
        self._rows: list[Row] = []
        self.starting_step = len(run.rows)
        self.name = run.name
        self.summary: dict[str, Any] = {}
        self.defined: set[str] = set()

    def define_metric(self, name: str, **_how: Any) -> None:
        self.defined.add(name.replace("\\.", "."))

    def log(self, row: Row) -> None:
        assert {name for name in row if not name.startswith("_")} <= self.defined
        self._rows.append(row)

    def finish(self, exit_code: int) -> None:
        while self._rows:
            self._project.called()
            for row in self._rows[:3]:
                self._run.rows.append({**row, "_step": len(self._run.rows)})
            del self._rows[:3]
        self._project.called()
        self._run.name = self.name
        self._run.summary |= self.summary
        if self._settings.x_update_finish_state:
            self._run.state = "failed" if exit_code else "finished"
        self._project.called()


class FakeApi:
    """What tracking uses of the client's public API."""

    def __init__(self, project: FakeProject) -> None:
        self._project = project
        self._found: list[Any] | None = None

    def flush(self) -> None:
        self._found = None

    def runs(self, path: str, *, filters: dict[str, str], per_page: int, lazy: bool) -> Any:
        assert (path, per_page > 0, lazy) == ("research/digits", True, False)
        return self._pages(filters["group"])

    def _pages(self, group: str) -> Iterator[Any]:
        self._project.called()
        if not self._project.all:
            message = "Could not find project digits"
            raise ValueError(message)
        if self._found is None:
            shown = self._project.shown()
            self._found = [FoundRun(self._project, run) for run in shown if run.group == group]
        yield from self._found


class FoundRun:
    """A run as the public API shows it: it doesn't change when the server's does."""

    def __init__(self, project: FakeProject, run: Kept) -> None:
        self._project, self._run = project, run
        self.id, self.name, self.state = run.id, run.name, run.state
        self.notes, self.tags = run.notes, list(run.tags)
        self.config: dict[str, Any] = {}
        _merge(self.config, run.config)
        self.summary_metrics = dict(run.summary)
        self.historyLineCount = len(self._shown())

    def scan_history(self, *, use_cache: bool) -> list[Row]:
        assert not use_cache
        self._project.called()
        return self._shown()

    def delete(self) -> None:
        self._project.called()
        self._run.is_deleted = True
        self._project.called()

    def _shown(self) -> list[Row]:
        return self._run.rows[: len(self._run.rows) - self._project.unread]


def _merge(into: dict[str, Any], given: dict[str, Any]) -> None:
    """Merges configurations as the client does: what is not given stays."""
    for name, value in given.items():
        if isinstance(value, dict):
            _merge(into.setdefault(name, {}), value)
        else:
            into[name] = value
