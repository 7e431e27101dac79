"""`python -m toolchain.teardown down|clean`: undoes `make up`, and the set-up as well.

`down --stack NAME` destroys only one stack.

Both work on a checkout that was never used, and on one whose set-up is broken: what needs an
installed package is done by another program, which runs only if the package is installed.
"""

from __future__ import annotations

import shutil
import subprocess
import sys

from toolchain.layout import CHECKOUT, Layout
from toolchain.python_packages import packages_stamp

# The program packs the sources of jobs into .source; the others are from tests.
_CACHES = (".source", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis")


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
    """Removes all that the set-up and the commands created.

    The stack's resources are in the local cloud, whose data are removed too. So `clean` goes on
    after a failed `down`.
    """
    if (layout.local / "state").exists() and down(layout) != 0:
        print(
            "`make down` failed; the stack's data are removed all the same.",
            flush=True,
        )
    stop_local_cloud(layout)
    for folder in (
        layout.virtual_environment,
        layout.local,
        *map(layout.checkout.joinpath, _CACHES),
    ):
        if folder.is_symlink():
            # This checkout must not remove what a link leads to.
            print(f"{folder.name} was a link to {folder.readlink()}, which is not removed")
            folder.unlink()
        elif folder.exists():
            shutil.rmtree(folder)
            print(f"Removed {folder.relative_to(layout.checkout)}")
    return 0


def stop_local_cloud(layout: Layout) -> None:
    """Stops a local cloud without any installed package."""
    command = [sys.executable, "-m", "development.leftovers", str(layout.cloud)]
    done = subprocess.run(command, cwd=CHECKOUT, check=False)
    if done.returncode != 0:
        print("It could not be found out whether a local cloud of this checkout still runs.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
