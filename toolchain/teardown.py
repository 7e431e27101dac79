"""`python -m toolchain.teardown down|clean`: undoes `make up`, and the set-up as well.

`down --stack NAME` destroys only one stack.

Both work on a checkout that was never used, and on one whose set-up is broken: what needs an
installed package is done by another program, which runs only if the package is installed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from toolchain.layout import CHECKOUT, Layout
from toolchain.python_packages import packages_stamp

FOLDERS = (
    *("acceptance", "bench", "components", "development", "examples", "localcloud", "policies"),
    *("tests", "toolchain", "tracking"),
)
"""The folders of the checkout that have Python modules: all others are the user's own."""

_BYTECODE = "__pycache__"
# The program packs the sources of jobs into .source; the others are from tests and from Python.
_CACHES = (".source", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", _BYTECODE)


def main(arguments: list[str]) -> int:
    """Runs `down` or `clean` and returns the exit code."""
    layout = Layout()
    match arguments:
        case ["down", *options]:
            return down(layout, *options)
        case ["clean"]:
            return clean(layout)
    print("usage: python -m toolchain.teardown down [--stack NAME] | clean", file=sys.stderr)
    return 2


def down(layout: Layout, *options: str) -> int:
    """Destroys the stacks and stops the local cloud; without a set-up, ends what still runs.

    The options are those of the command that does it.
    """
    if not packages_stamp(layout).path.exists():
        stop_local_cloud(layout)
        print("Nothing is set up here, so there is nothing to destroy.")
        return 0
    return subprocess.run(
        [layout.python, "-m", "development", "down", *options], cwd=layout.checkout, check=False
    ).returncode


def clean(layout: Layout) -> int:
    """Removes all that the set-up and the commands created, with the caches of Python and of tests.

    The stack's resources are in the local cloud, whose data are removed too. So `clean` goes on
    after a failed `down`. What an acceptance knows of a real account is kept, if something may be
    left there.
    """
    if (layout.local / "state").exists() and down(layout) != 0:
        print(
            "`make down` failed; the stack's data are removed all the same.",
            flush=True,
        )
    stop_local_cloud(layout)
    for folder in (layout.virtual_environment, *_parts_of_local(layout)):
        _remove(folder, layout.checkout)
    caches = list(_caches_in(layout.checkout))
    for folder in caches:
        _remove(folder, layout.checkout, in_silence=folder.name == _BYTECODE)
    if bytecode := sum(folder.name == _BYTECODE for folder in caches):
        print(f"Removed {bytecode} folders {_BYTECODE}")
    return 0


def _parts_of_local(layout: Layout) -> list[Path]:
    """The folder of all that the commands wrote; its parts, where something in it is kept."""
    kept = layout.local / "acceptance"
    if layout.local.is_symlink() or not kept.exists():
        return [layout.local]
    command = [sys.executable, "-m", "acceptance.diary", str(kept)]
    asked = subprocess.run(command, cwd=CHECKOUT, stderr=subprocess.DEVNULL, check=False)
    if asked.returncode == 0:
        return [layout.local]
    print(
        f"{kept.relative_to(layout.checkout)} is kept: an acceptance in it may have left "
        "something in your account. `make acceptance OPTIONS=--clean-up` deletes that."
    )
    return [each for each in layout.local.iterdir() if each != kept]


def _caches_in(checkout: Path) -> Iterator[Path]:
    """The caches beside the modules of the project, not those of the user's own folders."""
    yield from (each for each in map(checkout.joinpath, _CACHES) if os.path.lexists(each))
    for top in FOLDERS:
        for parent, folders, files in os.walk(checkout / top):
            own = [] if "pyvenv.cfg" in files else folders
            yield from (Path(parent, each) for each in own if each in _CACHES)
            folders[:] = [each for each in own if each not in _CACHES]


def _remove(path: Path, checkout: Path, *, in_silence: bool = False) -> None:
    """Removes a folder, a file or a link, but not what a link leads to."""
    shown = path.relative_to(checkout)
    if path.is_symlink():
        print(f"{shown} was a link to {path.readlink()}, which is not removed")
        path.unlink()
    elif path.exists():
        if not in_silence:
            print(f"Removing {shown}", flush=True)  # before: many files can take minutes
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def stop_local_cloud(layout: Layout) -> None:
    """Stops a local cloud without any installed package."""
    command = [sys.executable, "-m", "development.leftovers", str(layout.cloud)]
    done = subprocess.run(command, cwd=CHECKOUT, check=False)
    if done.returncode != 0:
        print("It could not be found out whether a local cloud of this checkout still runs.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
