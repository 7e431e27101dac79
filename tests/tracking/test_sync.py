"""The command: where it connects to, and how it goes on after an error."""

from __future__ import annotations

import io
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from rich.console import Console

from tests.tracking.fake_mlflow import ENTITIES, FakeMlflowClient, FakeServer
from tests.tracking.lineages import LINEAGE, World, at
from tracking.errors import TrackingError
from tracking.mlflow_server import connect
from tracking.shown_lineages import show
from tracking.sync import follow, synchronize


class MlflowError(Exception):
    """MLflow's own error."""


class Interrupted(BaseException):
    """Ctrl-C."""


class Lineages:
    """A lineage that has two attempts; each look may fail."""

    def __init__(self, *failures: Exception | None) -> None:
        self.failures = list(failures)
        self.world = World()
        self.world.launch(epochs=1)
        self.world.train(2)

    def sync(self, tracking: Any) -> Any:
        if self.failures and (failure := self.failures.pop(0)):
            raise failure
        return {LINEAGE: show(tracking, LINEAGE, self.world.found, at(9)), "other": []}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> FakeServer:
    """A server, and MLflow's client for it."""
    server = FakeServer()
    modules = {
        "mlflow": SimpleNamespace(
            MlflowClient=lambda: FakeMlflowClient(server),
            set_tracking_uri=lambda _uri: None,
            MlflowException=MlflowError,
            __spec__=object(),
        ),
        "mlflow.entities": ENTITIES,
    }
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    return server


def test_a_lineage_is_shown_with_a_line_of_what_it_has(server: FakeServer):
    console = Console(file=io.StringIO(), width=200)
    synchronize(console, Lineages(), "http://127.0.0.1:5000/", "digits")  # type: ignore[arg-type]
    assert console.file.getvalue().splitlines() == [  # type: ignore[attr-defined]
        "MLflow at http://127.0.0.1:5000/#/experiments/1/runs",
        f"{LINEAGE}: 1 job, 4 points, RUNNING",
        "other: no job yet",
    ]
    assert len(server.shown()) == 2


def test_following_goes_on_after_errors_of_aws_and_of_mlflow(server: FakeServer):
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            raise Interrupted

    console = Console(file=io.StringIO(), width=200)
    lineages = Lineages(EndpointConnectionError(endpoint_url="http://x"), MlflowError("no\nway"))
    with pytest.raises(Interrupted):
        follow(console, lineages, "http://y", "digits", pause)  # type: ignore[arg-type]
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert 'Could not connect to the endpoint URL: "http://x"' in text
    assert "MLflow at http://y can't be used: no\nStart it, or correct its address." in text
    assert len(server.shown()) == 2


@pytest.mark.usefixtures("server")
def test_a_managed_server_needs_the_plugin():
    with pytest.raises(TrackingError, match="needs the plugin sagemaker-mlflow"):
        connect("arn:aws:sagemaker:us-east-1:123456789012:mlflow-app/app-1", "digits")


def test_without_the_client_the_remedy_is_said(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(TrackingError, match=r"pip install -r requirements-tracking\.txt"):
        connect("http://127.0.0.1:5000", "digits")
