"""How a place in W&B is named, and what is said where its client is missing."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.tracking.fake_wandb import FakeProject, FakeWandb
from tests.tracking.lineages import LINEAGE, at, trained
from tracking.errors import TrackingError
from tracking.shown_lineages import show
from tracking.wandb_server import connect


@pytest.fixture
def project(monkeypatch: pytest.MonkeyPatch) -> FakeProject:
    """A project, and W&B's client for it."""
    project = FakeProject()
    fake = FakeWandb(project)
    module = SimpleNamespace(
        Api=fake.Api, init=fake.init, Settings=fake.Settings, Error=OSError, __spec__=object()
    )
    service = SimpleNamespace(WandbApiFailedError=OSError)
    monkeypatch.setitem(sys.modules, "wandb", module)
    monkeypatch.setitem(sys.modules, "wandb.apis.public.service_api", service)
    monkeypatch.setenv("WANDB_DIR", "elsewhere")
    monkeypatch.setenv("WANDB_ERROR_REPORTING", "")
    monkeypatch.setenv("WANDB_INIT_TIMEOUT", "")
    return project


@pytest.mark.parametrize(
    ("uri", "experiment"), [("wandb://research/digits", "other"), ("wandb://research", "digits")]
)
def test_the_project_is_that_of_the_address_or_else_the_experiment(
    project: FakeProject, uri: str, experiment: str
):
    server = connect(uri, experiment)
    world = trained()
    show(server.tracking, LINEAGE, world.found, at(world.seconds))
    assert server.page == "Weights & Biases at research/digits"
    assert len(project.shown()) == 3
    assert Path(os.environ["WANDB_DIR"]).is_dir()


@pytest.mark.parametrize("uri", ["wandb://", "wandb:/research", "wandb://research/digits/1"])
def test_another_address_is_refused(uri: str):
    with pytest.raises(TrackingError, match="write wandb://entity/project"):
        connect(uri, "digits")


def test_without_the_client_the_remedy_is_said(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(TrackingError, match=r"pip install -r requirements-wandb\.txt"):
        connect("wandb://research", "digits")
