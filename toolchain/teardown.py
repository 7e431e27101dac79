"""`python -m toolchain.teardown down|clean`: undoes `make up`, and the set-up as well.

Both work on a checkout that was never used, and on one whose set-up is broken: whatever needs an
installed package is another program's work, which runs only where there is one.
"""

from __future__ import annotations

import shutil
import subprocess
import sys

from toolchain.layout import CHECKOUT, Layout
from toolchain.python_packages import packages_stamp

# The program packs the sources of jobs into .source; the rest is the tests'.
_CACHES = (".source", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis")


def main(arguments: list[str]) -> int:
    """Runs `down` or `clean` and returns the exit code."""
    layout = Layout()
    match arguments:
        case ["down"]:
            return down(layout)
        case ["clean"]:
            return clean(layout)
    print("usage: python -m toolchain.teardown down|clean", file=sys.stderr)
    return 2


def down(layout: Layout) -> int:
    """Destroys the stacks and stops the local cloud; without a set-up, only what may still run."""
    if not packages_stamp(layout).path.exists():
        stop_local_cloud(layout)
        print("Nothing is set up here, so there is nothing to destroy.")
        return 0
    return subprocess.run(
        [layout.python, "-m", "development", "down"], cwd=layout.checkout, check=False
    ).returncode


def clean(layout: Layout) -> int:
    """Removes all that the set-up and the commands made.

    The stack lived in the local cloud, whose data go with it; so a failed `down` is no obstacle.
    """
    if (layout.local / "state").exists() and down(layout) != 0:
        print(
            "The stack was not destroyed in good order; its data are removed all the same.",
            flush=True,
        )
    stop_local_cloud(layout)
    for folder in (
        layout.virtual_environment,
        layout.local,
        *map(layout.checkout.joinpath, _CACHES),
    ):
        if folder.is_symlink():
            # What it leads to is not for this checkout to remove.
            print(f"{folder.name} was a link to {folder.readlink()}, which is left as it is")
            folder.unlink()
        elif folder.exists():
            shutil.rmtree(folder)
            print(f"Removed {folder.relative_to(layout.checkout)}")
    return 0


def stop_local_cloud(layout: Layout) -> None:
    """Stops a local cloud that no command was there to stop; no package is needed for that."""
    command = [sys.executable, "-m", "development.leftovers", str(layout.cloud)]
    done = subprocess.run(command, cwd=CHECKOUT, check=False)
    if done.returncode != 0:
        print("Whether a local cloud of this checkout still runs could not be found out.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
