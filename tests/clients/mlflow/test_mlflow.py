"""A real MLflow server shows a lineage that really ran on the local cloud."""

from __future__ import annotations

import itertools
import json
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from components.deployer.deployer_documents import MLFLOW_ACTIONS
from components.deployer.deployer_reads import actions_of
from development.local_mlflow import mlflow_server
from localcloud.server import daemon
from tests.clients.clients import environment_of
from tests.clients.tracked_lineage import (
    LINEAGE,
    STEPS,
    SYNC_SECONDS,
    Reader,
    launch,
    wait_for_step,
)
from tests.localcloud.cloud import FAST, Cloud
from tests.localcloud.spot import interrupt, rows

pytestmark = pytest.mark.clients


class Server:
    """An MLflow server, read over its REST API."""

    def __init__(self, url: str) -> None:
        self.url = url

    def post(self, path: str, **body: Any) -> Any:
        return self._call(f"{path}", json.dumps(body).encode())

    def get(self, path: str) -> Any:
        return self._call(path, None)

    def runs(self, experiment: str) -> list[dict[str, Any]]:
        """The runs that are not deleted, by name, each with its tags and all of its points."""
        found = self.get(f"experiments/get-by-name?experiment_name={experiment}")
        number = found["experiment"]["experiment_id"]
        runs = self.post("runs/search", experiment_ids=[number], max_results=100)["runs"]
        return sorted(map(self._seen, runs), key=lambda run: str(run["name"]))

    def _seen(self, run: dict[str, Any]) -> dict[str, Any]:
        info, data = run["info"], run["data"]
        return {
            "id": info["run_id"],
            "name": info["run_name"],
            "status": info["status"],
            "times": (info["start_time"], info.get("end_time")),
            "tags": {tag["key"]: tag["value"] for tag in data["tags"]},
            "params": {each["key"]: each["value"] for each in data.get("params", [])},
            "points": {
                metric["key"]: sorted(
                    (each["step"], each["timestamp"], each["value"])
                    for each in self.get(
                        f"metrics/get-history?run_id={info['run_id']}&metric_key={metric['key']}"
                    )["metrics"]
                )
                for metric in data.get("metrics", [])
            },
        }

    def _call(self, path: str, body: bytes | None) -> Any:
        request = urllib.request.Request(  # noqa: S310
            f"{self.url}/api/2.0/mlflow/{path}", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return json.load(answer)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    program = environment_of("mlflow") / "bin" / "mlflow"
    with mlflow_server(program, tmp_path_factory.mktemp("mlflow"), port=0) as url:
        yield Server(url)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    data = tmp_path_factory.mktemp("tracked") / "cloud"
    yield Cloud(daemon.start(data, *FAST), data)
    daemon.stop(data)


@contextmanager
def proxied(
    server: Server, asked: Callable[[BaseHTTPRequestHandler], bool], answered: Callable[[], bool]
) -> Iterator[str]:
    """The address of a proxy of a server.

    Args:
        server: the server.
        asked: whether a request is passed on; otherwise it gets no answer.
        answered: whether an answer is passed on.
    """

    class Proxy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if not asked(self):
                return
            request = urllib.request.Request(  # noqa: S310
                server.url + self.path, body or None, {"Content-Type": "application/json"}
            )
            request.method = self.command
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
                    status, content = answer.status, answer.read()
            except urllib.error.HTTPError as error:
                with error:
                    status, content = error.code, error.read()
            if not answered():
                return
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_values: object) -> None:
            """Writes nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as proxy:
        Thread(target=proxy.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{proxy.server_address[1]}"
        proxy.shutdown()


def sync_killed_in(reader: Reader, server: Server, number: int) -> None:
    """A synchronization that is killed in its call of this number.

    Calls count twice. With an even number, the server has done what it was asked for.
    """
    victims: list[subprocess.Popen[str]] = []
    calls = itertools.count(1)

    def survives() -> bool:
        killed = next(calls) == number
        if killed:
            victims[0].kill()
        return not killed

    with proxied(server, lambda _: survives(), survives) as url:
        victims.append(reader.start(url, "often"))
        output, _ = victims[0].communicate(timeout=SYNC_SECONDS)
        assert victims[0].returncode == -9, output


def test_a_lineage_with_an_interruption_a_pause_and_a_failure_is_one_curve_and_three_attempts(
    cloud: Cloud, server: Server, tmp_path: Path
):
    reader = Reader("mlflow", cloud, tmp_path)
    first = launch(cloud, 1)
    wait_for_step(cloud, first, 15)
    sync_killed_in(reader, server, 7)  # in the middle of the first
    assert "1 job, " in reader.sync(server.url, "often")
    interrupt(cloud, first, "--abrupt")
    wait_for_step(cloud, first, 25)
    before = server.runs("often")
    for number in (12, 15, 18, 21):  # while the run is made again
        sync_killed_in(reader, server, number)
    assert cloud.stop(first)["TrainingJobStatus"] == "Stopped"
    reader.sync(server.url, "often")
    assert {run["name"]: run["id"] for run in before}[LINEAGE] not in {
        run["id"] for run in server.runs("often")
    }
    second = launch(cloud, 2, fail_at="45")
    assert cloud.ended(second)["TrainingJobStatus"] == "Failed"
    third = launch(cloud, 3)
    assert cloud.ended(third)["TrainingJobStatus"] == "Completed"
    assert "Interrupted" in rows(cloud.describe(first))

    for experiment in ("often", "once"):
        reader.sync(server.url, experiment)
    shown = server.runs("often")
    reader.sync(server.url, "often")
    assert server.runs("often") == shown
    assert [content(run) for run in shown] == [content(run) for run in server.runs("once")]

    lineage, *attempts = shown
    curve = lineage["points"]["loss"]
    assert [(step, value) for step, _, value in curve] == [
        (step, 1 / step) for step in range(1, STEPS + 1)
    ]
    assert [time for _, time, _ in curve] == sorted(time for _, time, _ in curve)
    assert [step for step, _, _ in lineage["points"]["speed"]] == [*range(1, STEPS + 1)]
    assert [run["name"] for run in attempts] == [first, second, third]
    assert [run["status"] for run in attempts] == ["KILLED", "FAILED", "FINISHED"]
    assert lineage["status"] == "FINISHED"
    assert {run["tags"]["mlflow.parentRunId"] for run in attempts} == {lineage["id"]}
    assert [run["tags"]["sagemaker.interruptions"] for run in attempts] == ["1", "0", "0"]
    assert [run["tags"]["sagemaker.outcome"] for run in attempts] == [
        "stopped", "script error", "completed",
    ]  # fmt: skip
    assert [run["params"]["fail_at"] for run in attempts] == ["0", "45", "0"]
    begun = [step for step, _, _ in attempts[0]["points"]["loss"]]
    assert len(begun) > len(set(begun))  # it did some steps twice
    for name, run in zip((first, second, third), attempts, strict=True):
        job = cloud.describe(name)
        times = (job["CreationTime"], job["TrainingEndTime"])
        assert run["times"] == tuple(round(time.timestamp() * 1000) for time in times)


def content(run: dict[str, Any]) -> dict[str, Any]:
    """A run without the numbers that the server gives it."""
    numbers = ("mlflow.parentRunId", "sagemaker.replaces")
    tags = {key: value for key, value in run["tags"].items() if key not in numbers}
    return {**run, "id": "", "tags": tags}


def test_a_managed_server_gets_signed_requests_and_only_those_that_a_deployer_may_make(
    cloud: Cloud, server: Server, tmp_path: Path
):
    arn = "arn:aws:sagemaker:us-east-1:123456789012:mlflow-tracking-server/research"
    called: set[str] = set()

    def asked(request: BaseHTTPRequestHandler) -> bool:
        assert "/sagemaker-mlflow/aws4_request" in request.headers["Authorization"]
        assert request.headers["X-Mlflow-SM-Tracking-Server-Arn"] == arn
        noun, verb = request.path.partition("?")[0].split("/")[-2:]
        called.add(_ACTIONS[f"{noun}/{verb}"])
        return True

    name = launch(cloud, 1, lineage="research-dev-managed")
    wait_for_step(cloud, name, 15)
    with proxied(server, asked, lambda: True) as url:
        variables = {"SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT": url}
        reader = Reader("mlflow", cloud, tmp_path, variables)
        reader.sync(arn, "managed", "research-dev-managed")
        interrupt(cloud, name, "--abrupt")
        wait_for_step(cloud, name, 25)
        cloud.stop(name)
        reader.sync(arn, "managed", "research-dev-managed")
    assert called == set(actions_of(*MLFLOW_ACTIONS))
    assert [run["status"] for run in server.runs("managed")] == ["KILLED", "KILLED"]


_ACTIONS = {
    "experiments/get-by-name": "sagemaker-mlflow:GetExperimentByName",
    "experiments/create": "sagemaker-mlflow:CreateExperiment",
    "runs/create": "sagemaker-mlflow:CreateRun",
    "runs/get": "sagemaker-mlflow:GetRun",
    "runs/search": "sagemaker-mlflow:SearchRuns",
    "runs/update": "sagemaker-mlflow:UpdateRun",
    "runs/delete": "sagemaker-mlflow:DeleteRun",
    "runs/log-batch": "sagemaker-mlflow:LogBatch",
    "metrics/get-history": "sagemaker-mlflow:GetMetricHistory",
}
"""The IAM actions of MLflow's calls, as the service authorization reference names them."""
