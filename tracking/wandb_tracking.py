"""Runs in Weights & Biases, made and changed until they are as they should be. Client: `wandb`.

W&B numbers the rows of a run's history itself, takes none back, and ignores one with a number that
was there. So a row says its step of training as a value, by which the charts are drawn, and new
rows only follow. Where a run has a point that it should not have, the run is made again, and the
earlier one is deleted only when the new one is complete. Until then the new one is incomplete: the
run that it replaces still exists. A crash leaves such a run at most, and the next synchronization
removes it.

A run says in its configuration which points it is to have, and in how many rows. The server counts
the rows that it has. So what a crash left out is found, and sent by the next synchronization. Only
one should run at a time.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from components.training_job.reader.points import Point
from tracking.errors import TrackingError
from tracking.tracked_runs import Status, TrackedRun

STEP = "step"
"""The value in a row that says its step of training: the x-axis of all charts."""
OURS = "sagemaker"
"""The part of a run's configuration that the reader writes, beside the hyperparameters."""

_EXIT_CODES: Mapping[Status, int] = {"FINISHED": 0, "FAILED": 1, "KILLED": 255}
"""What decides a run's state. W&B has no code for a run that was stopped; 255 is its own client's
after Ctrl-C."""
_STATES: Mapping[Status, Sequence[str]] = {
    "RUNNING": ("running",),
    "FINISHED": ("finished",),
    "FAILED": ("failed",),
    "KILLED": ("failed", "killed"),
}
_PAGE = 100
_LONGEST_PARAMETER = 6000
_LARGEST = 2**53
"""W&B's numbers are floating-point ones, which have no larger exact whole number."""
_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?")
_LOOKS, _POLL_SECONDS = 20, 1.0
"""How often, and after how many seconds, it is asked whether the server has all rows."""
_KEYS = {"run", "replaces", "points", "first_ms", "rows", "parameters"}
_NO_PROJECT = "Could not find project"
_MEANS_SOMETHING = re.compile(r"[*\\]")

_Config = Mapping[str, Any]

_NOTHING_OF_THIS_MACHINE = {
    "console": "off",
    "disable_code": True,
    "disable_git": True,
    "program": "tracking",
    "silent": True,
    "x_disable_machine_info": True,
    "x_disable_meta": True,
    "x_disable_stats": True,
    "x_save_requirements": False,
}


@dataclass(frozen=True)
class _Entry:
    """A point as W&B has it. What is one point is not decided by its value."""

    time_ms: int
    step: int
    metric: str
    value: float = field(compare=False)

    @property
    def row(self) -> tuple[int, int]:
        """What the points of one row have in common."""
        return self.time_ms, self.step


@dataclass
class _History:
    """The points of a run on the server."""

    entries: list[_Entry]
    rows: int
    """How many rows there are, with those of other people."""
    next_row: int
    """The number that the server gives the next row."""


class WandbTracking:
    """A project of a W&B server, in which runs are as they should be."""

    def __init__(
        self, wandb: Any, entity: str, project: str, pause: Callable[[float], None] = time.sleep
    ) -> None:
        """Connects to the server that W&B's own variables name.

        Args:
            wandb: the module `wandb`.
            entity: the team or the person that has the project.
            project: the project's name; it is made with its first run.
            pause: waits for some seconds.
        """
        self._wandb = wandb
        self._api = wandb.Api()
        self._place = {"entity": entity, "project": project}
        self._path = f"{entity}/{project}"
        self._pause = pause
        self._runs: dict[str, Any] = {}
        self._histories: dict[str, _History] = {}

    def find(self, lineage: str) -> None:
        """Finds the runs of a lineage, and removes what a crash left of them."""
        found = {run.id: run for run in self._search(lineage)}
        self._runs = {}
        for run_id in sorted(found):
            own = found[run_id].config[OURS]
            if own["replaces"] not in found:
                self._runs.setdefault(own["run"], found[run_id])
        for run in found.values():
            kept = self._runs.get(run.config[OURS]["run"])
            if kept is not None and kept is not run:
                run.delete()

    def known(self, key: str, before_ms: int) -> list[Point]:
        """The points from before a time of a run that was found, in the order of their times."""
        run = self._runs.get(key)
        if run is None or run.config[OURS]["first_ms"] >= before_ms:
            return []
        entries = (each for each in self._history(run).entries if each.time_ms < before_ms)
        return [
            Point(each.metric, each.step, each.value, each.time_ms) for each in _in_order(entries)
        ]

    def write(self, run: TrackedRun) -> None:
        """Makes or changes a run until it is as it should be; its parent must have been written."""
        old, wanted = self._runs.get(run.key), _entries(run.points)
        config = _config(run, wanted)
        if old is not None and self._is_as(old, run, config, wanted):
            return
        if old is not None and self._can_become(old, config, wanted):
            self._send(old.id, run, wanted, config, self._history(old), resume="must")
        else:
            self._make(run, wanted, config, old)

    def _is_as(self, there: Any, run: TrackedRun, config: _Config, wanted: set[_Entry]) -> bool:
        """Whether a run is as it should be. Its summary and its state are sent last."""
        kept = there.config[OURS]
        ours = {**config[OURS], "replaces": kept["replaces"], "rows": self._rows(there)}
        return (
            there.state in _STATES[run.status]
            and (there.name, there.notes or "") == (run.name, run.note)
            and kept.items() >= ours.items()
            and there.config.items() >= {**config, OURS: kept}.items()
            and there.summary_metrics.items() >= _summary(wanted).items()
        )

    def _can_become(self, old: Any, config: _Config, wanted: set[_Entry]) -> bool:
        """Whether nothing has to be taken away from a run; metrics that people added may stay."""
        if not set(old.config[OURS]["parameters"]) <= set(config):
            return False
        metrics = {entry.metric for entry in wanted}
        entries = [each for each in self._history(old).entries if each.metric in metrics]
        return len(set(entries)) == len(entries) and set(entries) <= wanted

    def _make(self, run: TrackedRun, wanted: set[_Entry], config: _Config, old: Any = None) -> None:
        """Makes a run, in the place of `old` if there is one, whose tags people gave it."""
        run_id, history = secrets.token_hex(8), _History([], 0, 0)
        if old is None:
            self._send(run_id, run, wanted, config, history, resume="never")
            return
        ours = {**config[OURS], "replaces": old.id}
        tags = {"tags": list(old.tags)} if old.tags else {}
        self._send(run_id, run, wanted, {**config, OURS: ours}, history, resume="never", **tags)
        self._wait_for(run, run_id, history.rows)
        # The new one becomes complete by that.
        old.delete()

    def _send(
        self,
        run_id: str,
        run: TrackedRun,
        wanted: set[_Entry],
        config: _Config,
        history: _History,
        **options: Any,
    ) -> None:
        """Writes what a run is, and adds the rows that are missing.

        The configuration says first how many rows there are to be.
        """
        missing = _in_order(wanted - set(history.entries))
        rows = [list(row) for _, row in groupby(missing, key=lambda each: each.row)]
        ours = {**config[OURS], "rows": history.rows + len(rows)}
        with self._session(run_id, run, {**config, OURS: ours}, options) as session:
            if session.starting_step != history.next_row:
                raise TrackingError(_late(run))
            session.define_metric(STEP, hidden=True)
            for metric in sorted({each.metric for each in wanted}):
                session.define_metric(metric.replace(".", r"\."), step_metric=STEP)
            for row in rows:
                values = {each.metric: each.value for each in row}
                session.log({STEP: row[0].step, "_timestamp": row[0].time_ms / 1000, **values})
            session.summary.update(_summary(wanted))
        history.entries += missing
        history.rows += len(rows)
        history.next_row += len(rows)
        self._histories[run_id] = history

    @contextmanager
    def _session(
        self, run_id: str, run: TrackedRun, config: _Config, options: Mapping[str, Any]
    ) -> Iterator[Any]:
        """A run to which rows can be added. At the end all is sent, and the run has its state."""
        settings = self._wandb.Settings(
            **_NOTHING_OF_THIS_MACHINE,
            x_start_time=run.started.timestamp(),
            x_update_finish_state=run.status != "RUNNING",
        )
        session = self._wandb.init(
            **self._place,
            **options,
            id=run_id,
            name=run.name,
            group=run.lineage,
            job_type=run.kind,
            notes=run.note or None,
            config=config,
            mode="online",
            reinit="create_new",
            settings=settings,
        )
        try:
            yield session
        finally:
            session.finish(exit_code=_EXIT_CODES.get(run.status, 0))

    def _rows(self, run: Any) -> int:
        """How many rows a run has. The server may count late those that it got from here."""
        counted: int = run.historyLineCount
        known = self._histories.get(run.id)
        return max(counted, known.rows if known else 0)

    def _history(self, run: Any) -> _History:
        """The points of a run; they are read once, unless something else has written to it."""
        known = self._histories.get(run.id)
        if known is not None and known.rows == self._rows(run):
            return known
        rows = list(run.scan_history(use_cache=False))
        entries = [entry for row in rows for entry in _entries_in(row)]
        next_row = max((row["_step"] for row in rows), default=-1) + 1
        self._histories[run.id] = _History(entries, len(rows), next_row)
        return self._histories[run.id]

    def _wait_for(self, run: TrackedRun, run_id: str, rows: int) -> None:
        """Waits until the server has all rows of a new run.

        Raises:
            TrackingError: it does not have them in time.
        """
        for _ in range(_LOOKS):
            made = (each for each in self._search(run.lineage) if each.id == run_id)
            if any(each.historyLineCount >= rows for each in made):
                return
            self._pause(_POLL_SECONDS)
        raise TrackingError(_late(run))

    def _search(self, lineage: str) -> list[Any]:
        # The client keeps what it has found.
        self._api.flush()
        found = self._api.runs(self._path, filters={"group": lineage}, per_page=_PAGE, lazy=False)
        try:
            return [run for run in found if set(run.config.get(OURS, {})) >= _KEYS]
        except ValueError as error:
            if _NO_PROJECT not in str(error):
                raise
            return []


def _config(run: TrackedRun, wanted: set[_Entry]) -> _Config:
    """The configuration of a run: its hyperparameters, and what the reader says of it."""
    parameters = {name: _value(text) for name, text in run.parameters.items()}
    ours = {
        **run.tags,
        "run": run.key,
        "lineage": run.lineage,
        "parent": run.parent.rpartition("/")[2],
        "status": run.status,
        "started": run.started.isoformat(),
        "ended": run.ended.isoformat() if run.ended else "",
        "parameters": sorted(parameters),
        "points": _hash(wanted),
        "first_ms": min((each.time_ms for each in wanted), default=_LARGEST),
        "replaces": "",
    }
    return {**parameters, OURS: ours}


def _value(text: str) -> str | int | float:
    """A hyperparameter as charts can show it: a number where it is one."""
    if not _NUMBER.fullmatch(text):
        return text[:_LONGEST_PARAMETER]
    number = json.loads(text)
    return number if abs(number) <= _LARGEST else text


def _in_order(entries: Iterable[_Entry]) -> list[_Entry]:
    """Points in the order of their times."""
    return sorted(entries, key=lambda each: (each.time_ms, each.step, each.metric))


def _entries(points: Sequence[Point]) -> set[_Entry]:
    """The points as W&B can keep them."""
    return {
        _Entry(each.time_ms, each.step, tracked_name(each.metric), each.value)
        for each in points
        if each.step is not None and abs(each.step) <= _LARGEST
    }


def _entries_in(row: Mapping[str, Any]) -> Iterator[_Entry]:
    """The points in a row of a run's history; none in one of other people."""
    step, seconds = row.get(STEP), row.get("_timestamp")
    if step is None or seconds is None:
        return
    for name, value in row.items():
        if tracked_name(name) == name and isinstance(value, int | float):
            yield _Entry(round(seconds * 1000), int(step), name, value)


def _summary(entries: set[_Entry]) -> dict[str, float]:
    """The value of each metric at its last step."""
    in_order = sorted(entries, key=lambda each: (each.step, each.time_ms))
    return {each.metric: each.value for each in in_order}


def _hash(entries: set[_Entry]) -> str:
    text = "\n".join(map(repr, _in_order(entries)))
    return hashlib.sha256(text.encode()).hexdigest()


def tracked_name(name: str) -> str:
    """A name that W&B takes; one that means something to it is changed, and ends with a hash.

    Names that begin with _ are its own. A star and a backslash mean something where it defines
    a metric.
    """
    if name and name != STEP and not name.startswith("_") and not _MEANS_SOMETHING.search(name):
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:6]
    return _MEANS_SOMETHING.sub("_", name).lstrip("_") + f"-{digest}"


def _late(run: TrackedRun) -> str:
    return (
        f"Weights & Biases has not taken in all points of {run.name} yet, and what is there stays. "
        f"Run the command again in a minute."
    )
