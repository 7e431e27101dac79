from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.toolchain.fake_programs import write_program
from toolchain.go import find_go, go_environment, parse_version, required_version
from toolchain.layout import CHECKOUT, Layout
from toolchain.pulumi_cli import PROGRAMS, Program, module_folder
from toolchain.workflow_linter import ACTIONLINT


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(checkout=tmp_path, local=tmp_path / ".local")


@pytest.mark.parametrize(
    ("text", "version"),
    [("v3.220.0\n", (3, 220, 0)), ("go1.26.8", (1, 26, 8)), ("go 1.24", (1, 24)), ("devel", None)],
)
def test_a_version_is_the_first_dotted_number(text: str, version: tuple[int, ...] | None):
    assert parse_version(text) == version


@pytest.mark.parametrize(("version", "found"), [("go1.24.7", True), ("go1.24.6", False)])
def test_the_machines_go_is_used_where_it_is_new_enough(
    tmp_path: Path, layout: Layout, monkeypatch: pytest.MonkeyPatch, version: str, found: bool
):
    go = write_program(tmp_path / "bin", "go", version)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/bin:/usr/bin")
    assert find_go(layout, (1, 24, 7)) == (go if found else None)


def test_a_machine_without_go_has_none(
    tmp_path: Path, layout: Layout, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_go(layout, (1, 24)) is None


def test_gos_caches_are_inside_the_checkout_and_its_flags_our_own(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("GOFLAGS", "-mod=vendor")
    monkeypatch.setenv("GOPROXY", "https://proxy.example.org")
    environment = go_environment(layout)
    for name in ("GOPATH", "GOMODCACHE", "GOCACHE", "XDG_CONFIG_HOME"):
        assert Path(environment[name]).is_relative_to(layout.local)
    assert "-mod=readonly" in environment["GOFLAGS"]
    assert environment["GOPROXY"] == "https://proxy.example.org"


@pytest.mark.parametrize("program", [*PROGRAMS, ACTIONLINT], ids=lambda each: str(each.binary))
def test_the_module_lists_name_what_is_built(program: Program):
    go_mod = module_folder(Layout(checkout=CHECKOUT), program) / "go.mod"
    assert required_version(go_mod) >= (1, 24)
    [required] = re.findall(r"^require (\S+) (\S+)$", go_mod.read_text(), re.MULTILINE)
    assert program.package.startswith(f"{required[0]}/")
    assert program.version == required[1]
    assert program.left_out.keys() <= versions(program).keys()


def test_the_engine_and_the_language_host_share_what_is_compiled():
    engine, host = map(versions, PROGRAMS)
    differ = {name for name in engine.keys() & host.keys() if engine[name] != host[name]}
    assert differ == {"github.com/pulumi/pulumi/sdk/v3"}


def versions(program: Program) -> dict[str, str]:
    """The versions of the modules in a program's go.mod."""
    go_mod = module_folder(Layout(checkout=CHECKOUT), program) / "go.mod"
    lines = re.findall(r"^(?:require |\t)(\S+) (v\S+)", go_mod.read_text(), re.MULTILINE)
    return dict(lines)
