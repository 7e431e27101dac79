"""`python -m toolchain`: creates .venv and .local; under a second if they are complete."""

from __future__ import annotations

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - checked before newer syntax is parsed
    sys.exit(
        f"Python 3.11 or newer is needed; {sys.executable} is {sys.version.split()[0]}.\n"
        "Name another one: make PYTHON=python3.12 …"
    )

import fcntl
import platform
import signal
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager

from toolchain import aws_plugin, go, pulumi_cli, python_packages
from toolchain.layout import Layout
from toolchain.progress import Progress
from toolchain.runner import Running, SetupError


def main() -> int:
    """Sets up the checkout and returns the exit code."""
    if platform.system() != "Linux":
        return _fail(f"The local cloud runs on Linux only; this is {platform.system()}.")
    # SIGTERM ends the set-up's processes, as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    layout = Layout()
    try:
        with _only_one(layout), Progress() as progress:
            set_up(layout, progress)
    except SetupError as error:
        return _fail(f"Set-up failed at {error.step}: {error.reason}\n  What to do: {error.remedy}")
    except KeyboardInterrupt:
        return _fail("Interrupted. `make setup` continues where it stopped.", code=130)
    return 0


def set_up(layout: Layout, progress: Progress) -> None:
    """Runs the steps that are not complete yet, the two long ones at the same time.

    Raises:
        SetupError: a step failed; the others were ended.

    """
    started = time.monotonic()
    running = Running()
    _remove_links(layout)
    installed = pulumi_cli.find_cli(layout, lambda line: print(line, file=sys.stderr))
    python_packages.create_environment(layout, progress, running)
    tasks = [python_packages.install_packages]
    if installed:
        pulumi_cli.link_cli(layout, installed)
    else:
        tasks.append(pulumi_cli.build_all)
    with ThreadPoolExecutor() as pool:
        futures = [pool.submit(task, layout, progress, running) for task in tasks]
        try:
            done, _ = wait(futures, return_when=FIRST_EXCEPTION)
        finally:
            running.terminate()
    for future in done:
        future.result()
    aws_plugin.install_plugin(layout, progress, Running())
    if (seconds := time.monotonic() - started) > 2:
        print(f"Set up in {seconds:.0f} s.", file=sys.stderr)


def _remove_links(layout: Layout) -> None:
    """Removes links in place of folders, through which the user's own files would be changed."""
    folders = (
        *(layout.pulumi_bin.parent, layout.pulumi_bin),
        *(layout.pulumi_home, layout.pulumi_home / "plugins"),
        *(layout.stamps, layout.logs, go.build_folder(layout)),
    )
    for folder in folders:
        if folder.is_symlink():
            folder.unlink()


@contextmanager
def _only_one(layout: Layout) -> Iterator[None]:
    """Waits for a set-up of the same checkout that another process runs."""
    layout.local.mkdir(exist_ok=True)
    with (layout.local / "setup.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another set-up of this checkout runs; waiting for it.", file=sys.stderr)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fail(message: str, code: int = 1) -> int:
    print(message, file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
