"""Runs in MLflow, made and changed until they are as they should be. The client is `mlflow-skinny`.

MLflow can neither delete a point nor change a parameter. Where a run has one that it should not
have, the run is made again, and the earlier one is deleted only when the new one is complete.
Until then the new one is incomplete: the run that it replaces still exists. A crash leaves such a
run at most, and the next synchronization removes it.

What is there is read before anything is written. So any number of synchronizations have the result
of one, and one that was killed is continued by the next. Only one should run at a time: two may
make the same run twice, and the next one removes one of them.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from components.training_job.reader.points import Point
from tracking.errors import TrackingError
from tracking.tracked_runs import Tag, TrackedRun

KEY_TAG = "sagemaker.run"
"""The tag with the key of a run."""
LINEAGE_TAG = "sagemaker.lineage"
"""The tag with the lineage of a run, and of the runs below it."""
REPLACES_TAG = "sagemaker.replaces"
"""The tag with the run in whose place another one was made. While that exists, it is incomplete."""
POINTS_TAG = "sagemaker.points"
"""The tag with the time of a run's first point and a hash of all of them; "" while some are added.

It saves reading them: for a hundred thousand points, that takes half a minute."""
PARENT_TAG = "mlflow.parentRunId"

_OURS = "sagemaker."
_OWN_TAGS = ("mlflow.", _OURS)
_MOST_METRICS, _MOST_OTHERS = 1000, 100
"""The most metrics, and the most parameters or tags, that MLflow takes in one batch."""
_PAGE = 1000
_LONGEST_NAME, _LONGEST_PARAMETER, _LONGEST_TAG = 250, 6000, 5000
"""In characters. MLflow takes longer tags since version 2.15."""
_LARGEST_STEP = 2**63
_NAME = re.compile(r"[\w\-. :/]+", re.ASCII)

Value = TypeVar("Value")


class _Entry(NamedTuple):
    """A point as MLflow keeps it: without two of the same step, value and time."""

    metric: str
    step: int
    value: float
    time_ms: int


class MlflowTracking:
    """An experiment of an MLflow server, in which runs are as they should be."""

    def __init__(self, client: Any, entities: Any, experiment: str) -> None:
        """Finds or makes the experiment.

        Args:
            client: an `mlflow.MlflowClient`.
            entities: the module `mlflow.entities`.
            experiment: the experiment's name.

        Raises:
            TrackingError: the experiment was deleted.
        """
        self._client = client
        self._entities = entities
        self.experiment_id = _experiment_id(client, experiment)
        self._runs: dict[str, Any] = {}
        self._entries: dict[str, set[_Entry]] = {}

    def find(self, lineage: str) -> None:
        """Finds the runs of a lineage, and removes what a crash left of them."""
        found = {run.info.run_id: run for run in self._search(lineage)}
        self._runs = {}
        for run_id in sorted(found):
            tags = found[run_id].data.tags
            if tags.get(REPLACES_TAG) not in found:
                self._runs.setdefault(tags[KEY_TAG], found[run_id])
        for run in found.values():
            kept = self._runs.get(run.data.tags[KEY_TAG])
            if kept is not None and kept is not run:
                self._replace(run, kept)

    def known(self, key: str, before_ms: int) -> list[Point]:
        """The points from before a time of a run that was found, in the order of their times."""
        run = self._runs.get(key)
        if run is None or _first(run) >= before_ms:
            return []
        points = [Point(*each) for each in self._entries_of(run) if each.time_ms < before_ms]
        return sorted(points, key=lambda point: (point.time_ms, point.metric, point.step))

    def write(self, run: TrackedRun) -> None:
        """Makes or changes a run until it is as it should be; its parent must have been written."""
        old, wanted = self._runs.get(run.key), _entries(run.points)
        if old is not None and old.data.tags.get(POINTS_TAG) == _summary(wanted):
            self._entries[old.info.run_id] = wanted
        there: Any = old
        if old is None or not self._can_become(old, run, wanted):
            there = self._make(run, old)
        self._log_points(there, wanted)
        self._log_parameters(there, _parameters(run.parameters))
        self._log_tags(there, self._tags(run) | {POINTS_TAG: _summary(wanted)})
        self._set_status(there, run)
        if old is not None and old is not there:
            # The new one becomes complete by that.
            self._replace(old, there)
        if there.info.run_name != run.name:
            self._client.update_run(there.info.run_id, name=run.name)
        self._runs[run.key] = there

    def _can_become(self, old: Any, run: TrackedRun, wanted: set[_Entry]) -> bool:
        """Whether nothing has to be taken away from a run; metrics that people added may stay."""
        if not old.data.params.items() <= _parameters(run.parameters).items():
            return False
        metrics = {entry.metric for entry in wanted}
        return all(each in wanted for each in self._entries_of(old) if each.metric in metrics)

    def _make(self, run: TrackedRun, old: Any) -> Any:
        """A new run; one that is made in the place of another one is marked as incomplete.

        It has the tags that people gave the other one.
        """
        tags = {KEY_TAG: run.key, LINEAGE_TAG: run.lineage}
        if old:
            given = old.data.tags.items()
            tags |= {key: value for key, value in given if not key.startswith(_OWN_TAGS)}
            tags[REPLACES_TAG] = old.info.run_id
        made = self._client.create_run(
            self.experiment_id,
            start_time=_milliseconds(run.started),
            tags=tags,
            run_name=f"{run.name} (incomplete)" if old else run.name,
        )
        self._entries[made.info.run_id] = set()
        return made

    def _replace(self, old: Any, new: Any) -> None:
        """Deletes a run. Those below it are moved before, so that no server deletes them too."""
        for run in self._runs.values():
            if run.data.tags.get(PARENT_TAG) == old.info.run_id:
                self._log_tags(run, {PARENT_TAG: new.info.run_id})
        self._client.delete_run(old.info.run_id)
        self._entries.pop(old.info.run_id, None)

    def _log_points(self, there: Any, wanted: set[_Entry]) -> None:
        entries = self._entries[there.info.run_id]
        missing = sorted(wanted - entries, key=lambda entry: (entry.time_ms, entry))
        if missing and there.data.tags.get(POINTS_TAG):
            self._log_tags(there, {POINTS_TAG: ""})
        for batch in _batches(missing, _MOST_METRICS):
            metrics = [self._entities.Metric(m, value, t, step) for m, step, value, t in batch]
            self._client.log_batch(there.info.run_id, metrics=metrics)
            entries.update(batch)

    def _log_parameters(self, there: Any, wanted: Mapping[str, str]) -> None:
        missing = [each for each in wanted.items() if each[0] not in there.data.params]
        for batch in _batches(missing, _MOST_OTHERS):
            parameters = [self._entities.Param(*each) for each in batch]
            self._client.log_batch(there.info.run_id, params=parameters)

    def _log_tags(self, there: Any, wanted: Mapping[str, str]) -> None:
        changed = [each for each in wanted.items() if there.data.tags.get(each[0]) != each[1]]
        for batch in _batches(changed, _MOST_OTHERS):
            tags = [self._entities.RunTag(*each) for each in batch]
            self._client.log_batch(there.info.run_id, tags=tags)
            there.data.tags.update(batch)

    def _tags(self, run: TrackedRun) -> dict[str, str]:
        parent = {PARENT_TAG: self._runs[run.parent].info.run_id} if run.parent else {}
        tags = {**{f"{_OURS}{name}": _text(tag) for name, tag in run.tags.items()}, **_shown(run)}
        return {key: value[:_LONGEST_TAG] for key, value in tags.items()} | parent

    def _set_status(self, there: Any, run: TrackedRun) -> None:
        """Sets status and end. MLflow keeps the end of a run that goes on: its status counts."""
        info, ended = there.info, run.ended and _milliseconds(run.ended)
        if ended is not None and (info.status, info.end_time) != (run.status, ended):
            self._client.set_terminated(info.run_id, status=run.status, end_time=ended)
        elif ended is None and info.status != run.status:
            self._client.update_run(info.run_id, status=run.status)

    def _entries_of(self, run: Any) -> set[_Entry]:
        """The points of a run; they are read once, as nothing else writes them."""
        run_id = run.info.run_id
        if run_id not in self._entries:
            self._entries[run_id] = {
                _Entry(metric, each.step, each.value, each.timestamp)
                for metric in run.data.metrics
                for each in self._client.get_metric_history(run_id, metric)
            }
        return self._entries[run_id]

    def _search(self, lineage: str) -> Iterator[Any]:
        token = None
        while True:
            page = self._client.search_runs(
                [self.experiment_id],
                filter_string=f"tags.`{LINEAGE_TAG}` = '{lineage}'",
                max_results=_PAGE,
                page_token=token,
            )
            yield from (run for run in page if KEY_TAG in run.data.tags)
            token = page.token
            if not token:
                return


def _experiment_id(client: Any, name: str) -> str:
    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        return str(client.create_experiment(name))
    if experiment.lifecycle_stage != "active":
        message = (
            f"The experiment {name!r} was deleted. Restore it with `mlflow experiments restore "
            f"--experiment-id {experiment.experiment_id}`, or name another one with --experiment."
        )
        raise TrackingError(message)
    return str(experiment.experiment_id)


def _entries(points: Sequence[Point]) -> set[_Entry]:
    """The points as MLflow can keep them; a step beyond its 64 bits is left out."""
    return {
        _Entry(tracked_name(each.metric), each.step, each.value, each.time_ms)
        for each in points
        if each.step is not None and -_LARGEST_STEP <= each.step < _LARGEST_STEP
    }


def _summary(entries: set[_Entry]) -> str:
    """The time of the first point, and a hash of all of them."""
    first = min((entry.time_ms for entry in entries), default=sys.maxsize)
    text = "\n".join(sorted(map(repr, entries)))
    return f"{first} {hashlib.sha256(text.encode()).hexdigest()}"


def _first(run: Any) -> int:
    """The time of a run's first point, or an earlier one where it must be read."""
    first, _, _ = run.data.tags.get(POINTS_TAG, "").partition(" ")
    return int(first) if first else 0


def _shown(run: TrackedRun) -> dict[str, str]:
    """MLflow's own tags: what it shows as source, version and description of a run."""
    source = {
        "mlflow.source.type": "JOB",
        "mlflow.source.name": run.job,
        "mlflow.source.git.commit": _text(run.tags["commit"]),
    }
    return (source if run.job else {}) | ({"mlflow.note.content": run.note} if run.note else {})


def _text(tag: Tag) -> str:
    return str(tag).lower() if isinstance(tag, bool) else str(tag)


def _parameters(parameters: Mapping[str, str]) -> dict[str, str]:
    return {tracked_name(key): value[:_LONGEST_PARAMETER] for key, value in parameters.items()}


def tracked_name(name: str) -> str:
    """A name that MLflow takes; one that it refuses is changed, and ends with a hash of its own.

    MLflow's names are paths of letters, digits, spaces and _ - . : /.
    """
    is_path = posixpath.normpath(name) == name and not name.startswith(("/", ".."))
    if is_path and name != "." and len(name) <= _LONGEST_NAME and _NAME.fullmatch(name):
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:6]
    return re.sub(r"[^\w\- ]", "_", name, flags=re.ASCII)[: _LONGEST_NAME - 7] + f"-{digest}"


def _batches(values: Sequence[Value], most: int) -> Iterator[Sequence[Value]]:
    for start in range(0, len(values), most):
        yield values[start : start + most]


def _milliseconds(time: datetime) -> int:
    return round(time.timestamp() * 1000)
