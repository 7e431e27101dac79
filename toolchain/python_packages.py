"""The virtual environment with the pinned Python dependencies, which uv installs."""

from __future__ import annotations

import ast
import os
import re
import shutil
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from toolchain.layout import Layout
from toolchain.progress import Progress
from toolchain.runner import Runner, Running
from toolchain.stamps import Stamp, fingerprint

CREATE_REMEDY = (
    "Python's venv module must work: on Debian and Ubuntu, `apt-get install python3-venv`."
)
_INSTALL_REMEDY = (
    "See whether the package index is reachable (`pip config list` shows which one is used), "
    "then run the command again: it continues where it stopped."
)
_PIP_SETTING = re.compile(r"(global|install|:env:)\.([\w-]+)=(.+)")
_UV_VARIABLES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "no-index": "UV_NO_INDEX",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
    "proxy": "ALL_PROXY",
    "timeout": "UV_HTTP_TIMEOUT",
    "default-timeout": "UV_HTTP_TIMEOUT",
}
"""pip's settings that say where packages come from, and uv's names for them."""


@dataclass(frozen=True)
class PackageSet:
    """Python packages that are installed together; the last of its files includes the others."""

    name: str
    files: tuple[str, ...]


COMMANDS = PackageSet("commands", ("requirements.txt", "requirements-local.txt"))
"""What the program, the local cloud and the commands need."""
ALL = PackageSet("all", (*COMMANDS.files, "requirements-dev.txt"))
"""What the tests and checks need too."""
_SETS = (COMMANDS, ALL)


def environment_stamp(layout: Layout) -> Stamp:
    """The mark of a virtual environment that this interpreter made for this folder."""
    where = layout.virtual_environment
    return Stamp(where / ".complete", environment_inputs(where), (layout.python, uv(layout)))


def environment_inputs(where: Path) -> str:
    """The fingerprint of an empty environment in this folder, made by this interpreter."""
    # An environment holds absolute paths: a moved checkout needs a new one.
    return fingerprint([os.path.realpath(sys.executable), sys.version, str(where)])


def packages_stamp(layout: Layout, packages: PackageSet = COMMANDS) -> Stamp:
    """The mark of the installed packages of a set."""
    files = [layout.checkout / name for name in (*packages.files, "constraints.txt")]
    inputs = fingerprint([environment_stamp(layout).inputs, *files])
    path = layout.virtual_environment / f".packages-{packages.name}"
    return Stamp(path, inputs, (layout.python,))


def create_environment(layout: Layout, progress: Progress, running: Running) -> None:
    """Creates the virtual environment with uv in it, unless there is one of this interpreter."""
    stamp = environment_stamp(layout)
    if stamp.is_valid():
        return
    with progress.step("virtual environment") as step:
        step.say(f"with Python {sys.version.split()[0]}")
        runner = Runner(step.name, layout.logs / "venv.log", CREATE_REMEDY, running)
        create_empty(layout.virtual_environment, runner)
        step.say("installing uv, which installs the packages")
        runner = Runner(step.name, layout.logs / "uv.log", _INSTALL_REMEDY, running)
        constraints = layout.checkout / "constraints.txt"
        runner.run(
            [*pip(layout.python), "install", "--no-compile", "--constraint", constraints, "uv"],
            environment=pip_environment(layout),
        )
        stamp.write()


def create_empty(where: Path, runner: Runner) -> None:
    """Creates a virtual environment in place of what is in the folder."""
    if where.is_symlink():
        # With a link, --clear would empty the folder that it leads to.
        where.unlink()
    runner.run([sys.executable, "-m", "venv", "--clear", where])


def install_packages(
    layout: Layout, packages: PackageSet, progress: Progress, running: Running
) -> None:
    """Installs the pinned packages of a set, unless they are."""
    if packages_stamp(layout, packages).is_valid():
        return
    with progress.step("Python packages") as step:
        log = layout.logs / "packages.log"
        runner = Runner(step.name, log, _INSTALL_REMEDY, running, step.say)
        constraints = layout.checkout / "constraints.txt"
        # The engine lists the packages with pip at the beginning of each operation. Python 3.11's
        # own pip takes twice as long as the pinned one.
        uv_install(
            layout,
            runner,
            *("--requirement", layout.checkout / packages.files[-1]),
            *("--constraint", constraints, "pip"),
        )
        for each in _SETS[: _SETS.index(packages) + 1]:
            packages_stamp(layout, each).write()


def remove_downloads(layout: Layout) -> None:
    """Removes what pip and uv have downloaded, when nothing is installed any more.

    It is kept until then, so that an interrupted download can continue.
    """
    for name in ("pip-cache", "uv-cache"):
        shutil.rmtree(layout.local / name, ignore_errors=True)


def uv(layout: Layout) -> Path:
    """The program that installs packages."""
    return layout.virtual_environment / "bin" / "uv"


def uv_install(
    layout: Layout, runner: Runner, *arguments: str | Path, python: Path | None = None
) -> None:
    """Installs packages with uv into the virtual environment, or where the arguments say."""
    settings = pip_settings(runner.run([*pip(layout.python), "config", "list"]))
    runner.run(
        [uv(layout), "pip", "install", "--python", python or layout.python, *arguments],
        environment=uv_environment(layout, settings, os.environ),
    )


def uv_environment(
    layout: Layout, settings: Mapping[str, str], inherited: Mapping[str, str]
) -> dict[str, str]:
    """The user's environment, with the index and proxy settings of pip, but another cache.

    What the user has set for uv itself goes before pip's settings.
    """
    kept = {
        name: value
        for name, value in inherited.items()
        # They name another place to install into, which uv refuses beside --python.
        if name not in ("UV_SYSTEM_PYTHON", "UV_PYTHON")
    }
    ours = {"UV_CACHE_DIR": str(layout.local / "uv-cache"), "UV_NO_PROGRESS": "1"}
    # As pip does, it trusts the certificates of the machine.
    return {"UV_SYSTEM_CERTS": "true", **settings, **kept, **ours}


def pip_settings(lines: Iterable[str]) -> dict[str, str]:
    """The variables for uv that say what `pip config list` has printed."""
    order = ("global", "install", ":env:")
    found = [match.groups() for line in lines if (match := _PIP_SETTING.fullmatch(line))]
    variables = {}
    for _, name, value in sorted(found, key=lambda each: order.index(each[0])):
        if variable := _UV_VARIABLES.get(name):
            values = str(ast.literal_eval(value)).split()
            variables[variable] = ("," if variable == "UV_FIND_LINKS" else " ").join(values)
    return variables


def pip(python: Path) -> list[str | Path]:
    """The beginning of a pip command line for the environment of an interpreter."""
    return [python, "-m", "pip", "--disable-pip-version-check", "--no-input"]


def pip_environment(layout: Layout) -> dict[str, str]:
    """The user's environment, with its index and proxy settings, but another cache."""
    ours = {"PIP_CACHE_DIR": str(layout.local / "pip-cache"), "PIP_PROGRESS_BAR": "off"}
    return {**os.environ, **ours}
