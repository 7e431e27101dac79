"""MLflow's client over an experiment in memory, as strict as a real server, that may be killed."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, NamedTuple


class Killed(BaseException):
    """The process was killed in a call: before it reached the server, or after."""


class Metric(NamedTuple):
    key: str
    value: float
    timestamp: int
    step: int


class Pair(NamedTuple):
    key: str
    value: str


ENTITIES = SimpleNamespace(Metric=Metric, Param=Pair, RunTag=Pair)


class Page(list[Any]):
    token = None


@dataclass
class Kept:
    """A run on the server."""

    id: str
    name: str
    start_time: int
    tags: dict[str, str]
    status: str = "RUNNING"
    end_time: int | None = None
    params: dict[str, str] = field(default_factory=dict)
    metrics: set[Metric] = field(default_factory=set)
    is_deleted: bool = False

    def seen(self) -> Any:
        """The run as the client sees it: it doesn't change when the server's does."""
        info = SimpleNamespace(
            run_id=self.id, run_name=self.name, status=self.status,
            start_time=self.start_time, end_time=self.end_time,
        )  # fmt: skip
        latest = {metric.key: metric.value for metric in self.metrics}
        data = SimpleNamespace(tags=dict(self.tags), params=dict(self.params), metrics=latest)
        return SimpleNamespace(info=info, data=data)


@dataclass
class FakeServer:
    """The experiment, and how many calls may still reach it."""

    runs: dict[str, Kept] = field(default_factory=dict)
    has_experiment: bool = False
    calls: int = 0
    kill_in: int | None = None

    def shown(self) -> list[Kept]:
        return [run for run in self.runs.values() if not run.is_deleted]


class FakeMlflowClient:
    """What tracking uses of MlflowClient."""

    def __init__(self, server: FakeServer) -> None:
        self._server = server

    def __getattribute__(self, name: str) -> Any:
        found = object.__getattribute__(self, name)
        return found if name.startswith("_") else self._counted(found)

    def _counted(self, method: Any) -> Any:
        def call(*values: Any, **named: Any) -> Any:
            server = self._server
            server.calls += 1
            if server.kill_in == 2 * server.calls - 1:
                raise Killed
            answer = method(*values, **named)
            if server.kill_in == 2 * server.calls:
                raise Killed
            return answer

        return call

    def get_experiment_by_name(self, _name: str) -> Any:
        found = SimpleNamespace(experiment_id="1", lifecycle_stage="active")
        return found if self._server.has_experiment else None

    def create_experiment(self, _name: str) -> str:
        assert not self._server.has_experiment
        self._server.has_experiment = True
        return "1"

    def create_run(
        self, experiment: str, *, start_time: int, tags: dict[str, str], run_name: str
    ) -> Any:
        assert experiment == "1"
        run_id = f"{(7919 * (len(self._server.runs) + 1)) % 100_003:05}"  # not in their order
        run = Kept(run_id, run_name, start_time, dict(tags))
        self._server.runs[run_id] = run
        return run.seen()

    def search_runs(
        self, _experiments: list[str], *, filter_string: str, max_results: int, page_token: None
    ) -> Page:
        _, _, lineage = filter_string.partition(" = ")
        assert max_results
        assert page_token is None
        return Page(
            run.seen()
            for run in self._server.shown()
            if f"'{run.tags['sagemaker.lineage']}'" == lineage
        )

    def get_metric_history(self, run_id: str, metric: str) -> list[Metric]:
        return [each for each in self._active(run_id).metrics if each.key == metric]

    def log_batch(
        self,
        run_id: str,
        metrics: tuple[Metric, ...] | list[Metric] = (),
        params: tuple[Pair, ...] | list[Pair] = (),
        tags: tuple[Pair, ...] | list[Pair] = (),
    ) -> None:
        run = self._active(run_id)
        assert len(metrics) <= 1000
        assert len(params) <= 100
        assert len(tags) <= 100
        for name, value in params:
            assert run.params.setdefault(name, value) == value, "a parameter can't change"
        run.metrics.update(metrics)
        run.tags.update(tags)

    def update_run(self, run_id: str, status: str | None = None, name: str | None = None) -> None:
        run = self._active(run_id)
        run.status, run.name = status or run.status, name or run.name

    def set_terminated(self, run_id: str, status: str, end_time: int) -> None:
        run = self._active(run_id)
        run.status, run.end_time = status, end_time

    def delete_run(self, run_id: str) -> None:
        """Deletes a run, and those below it, which not every server does."""
        self._active(run_id).is_deleted = True
        for run in self._server.runs.values():
            run.is_deleted |= run.tags.get("mlflow.parentRunId") == run_id

    def _active(self, run_id: str) -> Kept:
        run = self._server.runs[run_id]
        assert not run.is_deleted
        return run
