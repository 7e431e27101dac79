"""The virtual environment with the pinned Python dependencies."""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path

from toolchain.layout import Layout
from toolchain.progress import Progress, Step
from toolchain.runner import Runner, Running
from toolchain.stamps import Stamp, fingerprint

CREATE_REMEDY = (
    "Python's venv module must work: on Debian and Ubuntu, `apt-get install python3-venv`."
)
_INSTALL_REMEDY = (
    "See whether the package index is reachable (`pip config list` shows which one is used), "
    "then run `make setup` again: it continues where it stopped."
)
_LOOKED_UP = re.compile(r"(?:Collecting|Requirement already satisfied:) ([\w.-]+)")
_REQUIREMENTS = ("requirements.txt", "requirements-dev.txt", "constraints.txt")


def environment_stamp(layout: Layout) -> Stamp:
    """The mark of a virtual environment that this interpreter made for this folder."""
    where = layout.virtual_environment
    return Stamp(where / ".complete", environment_inputs(where), (layout.python,))


def environment_inputs(where: Path) -> str:
    """The fingerprint of an empty environment in this folder, made by this interpreter."""
    # An environment holds absolute paths: a moved checkout needs a new one.
    return fingerprint([os.path.realpath(sys.executable), sys.version, str(where)])


def packages_stamp(layout: Layout) -> Stamp:
    """The mark of the installed dependencies."""
    inputs = fingerprint(
        [environment_stamp(layout).inputs, *(layout.checkout / name for name in _REQUIREMENTS)]
    )
    return Stamp(layout.virtual_environment / ".packages", inputs, (layout.python,))


def create_environment(layout: Layout, progress: Progress, running: Running) -> None:
    """Creates the virtual environment, unless there is one of this interpreter."""
    stamp = environment_stamp(layout)
    if stamp.is_valid():
        return
    with progress.step("virtual environment") as step:
        step.say(f"with Python {sys.version.split()[0]}")
        runner = Runner(step.name, layout.logs / "venv.log", CREATE_REMEDY, running)
        create_empty(layout.virtual_environment, runner)
        _update_pip(layout, step, running)
        stamp.write()


def create_empty(where: Path, runner: Runner) -> None:
    """Creates a virtual environment in place of what is in the folder."""
    if where.is_symlink():
        # With a link, --clear would empty the folder that it leads to.
        where.unlink()
    runner.run([sys.executable, "-m", "venv", "--clear", where])


def install_packages(layout: Layout, progress: Progress, running: Running) -> None:
    """Installs the pinned dependencies."""
    stamp = packages_stamp(layout)
    if stamp.is_valid():
        return
    requirements = layout.checkout / "requirements-dev.txt"
    with progress.step("Python packages") as step:
        watch = PipWatcher(step, count_pins(layout.checkout / "constraints.txt"))
        runner = Runner(
            step.name, layout.logs / "packages.log", _INSTALL_REMEDY, running, watch.read
        )
        runner.run(
            [*pip(layout.python), "install", "--no-compile", "--requirement", requirements],
            environment=pip_environment(layout),
        )
        stamp.write()
        # Kept until here, so that an interrupted download can continue.
        shutil.rmtree(layout.local / "pip-cache", ignore_errors=True)


def _update_pip(layout: Layout, step: Step, running: Running) -> None:
    """Installs the pinned pip, before two steps use it at the same time.

    The engine lists the packages with pip at the beginning of each operation. Python 3.11's own pip
    takes twice as long.
    """
    step.say("updating pip")
    runner = Runner(step.name, layout.logs / "pip.log", _INSTALL_REMEDY, running)
    constraints = layout.checkout / "constraints.txt"
    runner.run(
        [*pip(layout.python), "install", "--upgrade", "--constraint", constraints, "pip"],
        environment=pip_environment(layout),
    )


def pip(python: Path) -> list[str | Path]:
    """The beginning of a pip command line for the environment of an interpreter."""
    return [python, "-m", "pip", "--disable-pip-version-check", "--no-input"]


def pip_environment(layout: Layout) -> dict[str, str]:
    """The user's environment, with its index and proxy settings, but another cache."""
    ours = {"PIP_CACHE_DIR": str(layout.local / "pip-cache"), "PIP_PROGRESS_BAR": "off"}
    return {**os.environ, **ours}


def count_pins(constraints: Path) -> int:
    """How many packages a constraints file pins."""
    return sum("==" in line for line in constraints.read_text().splitlines())


class PipWatcher:
    """Shows pip's progress as "12 of 113 packages looked up"."""

    def __init__(self, step: Step, total: int) -> None:
        self._step = step
        self._total = total
        self._seen: set[str] = set()

    def read(self, line: str) -> None:
        """Takes a line of pip's output."""
        if found := _LOOKED_UP.match(line):
            # pip names a package again for each package that requires it.
            self._seen.add(found[1])
            self._step.say(f"{len(self._seen)} of {self._total} packages looked up, {found[1]}")
        elif line.startswith("Installing collected packages: "):
            self._step.say(f"unpacking {line.count(',') + 1} packages")
        elif line.startswith("ERROR"):
            self._step.say(line)
