"""`python -m toolchain.teardown down|clean`: undoes `make up`, and the set-up as well.

Both work on a checkout that was never used, and on one whose set-up is broken: the virtual
environment may be gone, so this is standard library only.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from development.layout import Layout
from toolchain.python_packages import packages_stamp

# The program packs the sources of jobs into .source; the rest is the tests'.
_CACHES = (".source", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis")
_GRACE_SECONDS = 10.0


def main(arguments: list[str]) -> int:
    """Run `down` or `clean` and return the exit code."""
    layout = Layout()
    match arguments:
        case ["down"]:
            return down(layout)
        case ["clean"]:
            return clean(layout)
    print("usage: python -m toolchain.teardown down|clean", file=sys.stderr)
    return 2


def down(layout: Layout) -> int:
    """Destroy the stack and stop the local cloud; without a set-up, only what may still run."""
    if not packages_stamp(layout).path.exists():
        stop_leftover(layout)
        print("Nothing is set up here, so there is nothing to destroy.")
        return 0
    return subprocess.run(
        [layout.python, "-m", "development", "down"], cwd=layout.checkout, check=False
    ).returncode


def clean(layout: Layout) -> int:
    """Remove all that the set-up and the commands made.

    The stack lived in the local cloud, whose data go with it; so a failed `down` is no obstacle.
    """
    if (layout.local / "state").exists() and down(layout) != 0:
        print("The stack was not destroyed in good order; its data are removed all the same.")
    stop_leftover(layout)
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


def stop_leftover(layout: Layout) -> None:
    """Stop a local cloud that no command was there to stop."""
    try:
        process = int(json.loads((layout.cloud / "server.json").read_text())["pid"])
    except (FileNotFoundError, ValueError, KeyError):
        return
    if not _serves(process, layout.cloud):
        return
    os.kill(process, signal.SIGTERM)
    until = time.monotonic() + _GRACE_SECONDS
    while _serves(process, layout.cloud) and time.monotonic() < until:
        time.sleep(0.1)
    if _serves(process, layout.cloud):
        os.kill(process, signal.SIGKILL)
    print(f"Stopped the local cloud, process {process}")


def _serves(process: int, data: Path) -> bool:
    """Tell whether a process is the local cloud of a data folder: it has the lock's file open.

    Numbers of ended processes are used again, by the local cloud of another checkout too.
    """
    try:
        files = list(Path(f"/proc/{process}/fd").iterdir())
    except OSError:  # it has ended, or is another user's
        return False
    return any(file.resolve() == data.resolve() / "server.lock" for file in files)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
