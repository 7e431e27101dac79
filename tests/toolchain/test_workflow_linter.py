"""The linter of GitHub's workflows, with a Go that builds scripts."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import pytest

from tests.toolchain.conftest import write_go
from toolchain.layout import Layout
from toolchain.progress import Progress
from toolchain.pulumi_cli import build_missing, module_folder
from toolchain.runner import Running, SetupError
from toolchain.workflow_linter import ACTIONLINT


def build(layout: Layout) -> None:
    with Progress(io.StringIO()) as progress:
        build_missing(layout, [ACTIONLINT], progress, Running())


@pytest.fixture
def layout(layout: Layout) -> Layout:
    shutil.copytree(module_folder(Layout(), ACTIONLINT), module_folder(layout, ACTIONLINT))
    layout.local.mkdir()
    return layout


def test_it_is_built_once(layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", f"{write_go(tmp_path).parent}:/usr/bin:/bin")
    for _again in range(2):
        build(layout)
    assert (layout.pulumi_bin / "actionlint").read_text() == "#!/bin/sh\necho built\n"
    calls = (tmp_path / "go.calls").read_text().splitlines()
    assert sum(call.startswith("build ") for call in calls) == 1


def test_a_build_that_fails_says_to_check_again(
    layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    go = write_go(tmp_path)
    go.write_text("#!/bin/sh\n[ \"$*\" = 'env GOVERSION' ] && echo go1.99.0\n")
    monkeypatch.setenv("PATH", f"{go.parent}:/usr/bin:/bin")
    with pytest.raises(SetupError) as failed:
        build(layout)
    assert "`make check`" in failed.value.remedy
