"""A checkout to set up, and the machine's own programs."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from tests.toolchain.fake_programs import POLICY_SCRIPT, write_script
from toolchain.layout import CHECKOUT, Layout
from toolchain.pulumi_cli import ENGINE, PROGRAMS, module_folder
from toolchain.python_packages import ALL, COMMANDS, environment_stamp, packages_stamp, uv


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    folder = tmp_path / "a checkout"
    folder.mkdir()
    for name in (*ALL.files, "constraints.txt"):
        (folder / name).write_text(f"# {name}\n")
    return Layout(checkout=folder, local=folder / ".local")


@pytest.fixture
def with_packages(layout: Layout) -> Layout:
    """A checkout whose Python packages are installed, so that only the rest is set up."""
    shutil.copy(CHECKOUT / "requirements.txt", layout.checkout)
    for program in PROGRAMS:
        source = module_folder(Layout(), program)
        shutil.copytree(source, module_folder(layout, program))
    layout.python.parent.mkdir(parents=True)
    layout.python.symlink_to(sys.executable)
    write_script(layout.python.parent, uv(layout).name, "")
    environment_stamp(layout).write()
    for packages in (COMMANDS, ALL):
        packages_stamp(layout, packages).write()
    layout.local.mkdir()
    return layout


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the user's own command line, the first on PATH, and a Go in another."""
    folder = tmp_path / "the user's"
    go = write_go(tmp_path)
    monkeypatch.setenv("PATH", f"{folder}:{go.parent}:/usr/bin:/bin")
    return folder


def write_go(folder: Path) -> Path:
    """A Go that builds scripts instead of programs, and writes down what it was asked for."""
    module = folder / "module"
    write_script(module / "python" / "cmd", "pulumi-language-python-exec", "echo built")
    for name in ("pulumi-resource-pulumi-python", POLICY_SCRIPT):
        write_script(module / "python" / "dist", name, "echo built")
    for name in ENGINE.left_out["gocloud.dev"]:
        (module / name).mkdir(parents=True)
    return write_script(
        folder / "go",
        "go",
        f"""echo "$*" >> '{folder}/go.calls'
case "$*" in
  "env GOVERSION") echo go1.99.0 ;;
  "list -m "*) echo '{module}' ;;
  "mod download -json "*) echo '{{"Dir": "{module}"}}' ;;
  "build "*) while [ "$1" != -o ]; do shift; done
    mkdir -p "$(dirname "$2")"; printf '#!/bin/sh\\necho built\\n' > "$2"; chmod +x "$2" ;;
esac""",
    )
