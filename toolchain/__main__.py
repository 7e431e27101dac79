"""`python -m toolchain`: creates .venv and .local; under a second if they are complete.

`python -m toolchain commands` leaves out what only tests and checks need. `python -m toolchain
clients` does the same, and creates the environments of the clients in tests/clients, or only those
that are named after it.
"""

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
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import partial
from threading import Timer

from toolchain import aws_plugin, client_environments, go, pulumi_cli, python_packages
from toolchain.layout import Layout
from toolchain.progress import Progress
from toolchain.python_packages import ALL, COMMANDS, PackageSet
from toolchain.runner import Running, SetupError

_QUIET_SECONDS = 2.0
_PACKAGES = {"all": ALL, "commands": COMMANDS, "clients": COMMANDS}
"""The packages that are installed for each of the words after `python -m toolchain`."""


def main(arguments: list[str]) -> int:
    """Sets up the checkout, also for the clients if asked to, and returns the exit code."""
    layout = Layout()
    known = client_environments.clients(layout)
    first, *named = arguments or ["all"]
    if first not in _PACKAGES or set(named) - set(known if first == "clients" else ()):
        return _fail(f"usage: python -m toolchain [commands | clients [{'] ['.join(known)}]]", 2)
    if platform.system() != "Linux":
        return _fail(f"The local cloud runs on Linux only; this is {platform.system()}.")
    # SIGTERM ends the set-up's processes, as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with _only_one(layout), Progress() as progress:
            set_up(layout, progress, _PACKAGES[first])
            if first == "clients":
                set_up_clients(layout, progress, named or known)
    except SetupError as error:
        return _fail(f"Set-up failed at {error.step}: {error.reason}\n  What to do: {error.remedy}")
    except KeyboardInterrupt:
        return _fail("Interrupted. The same command continues where it stopped.", code=130)
    return 0


def set_up(layout: Layout, progress: Progress, packages: PackageSet) -> None:
    """Runs the steps that are not complete yet, the two long ones at the same time.

    Raises:
        SetupError: a step failed; the others were ended.

    """
    started = time.monotonic()
    running = Running()
    _remove_links(layout)
    installed = pulumi_cli.find_cli(layout, _say)
    tasks = [partial(_install_python, layout, packages, progress, running)]
    if installed:
        pulumi_cli.link_cli(layout, installed, _say)
    else:
        if pulumi_cli.must_fetch_go(layout):  # which is done with uv
            python_packages.create_environment(layout, progress, running)
        tasks.append(partial(pulumi_cli.build_all, layout, progress, running))
    _run_together(tasks, running)
    python_packages.remove_downloads(layout)  # not earlier: Go is fetched with uv, too
    aws_plugin.install_plugin(layout, progress, Running())
    if (seconds := time.monotonic() - started) > 2:
        print(f"Set up in {seconds:.0f} s.", file=sys.stderr)


def set_up_clients(layout: Layout, progress: Progress, clients: Sequence[str]) -> None:
    """Creates those of these clients' environments that are not complete yet, all at the same time.

    Raises:
        SetupError: one of them failed; the others were ended.

    """
    running = Running()
    create = client_environments.create_client_environment
    _run_together([partial(create, layout, each, progress, running) for each in clients], running)
    python_packages.remove_downloads(layout)


def _install_python(
    layout: Layout, packages: PackageSet, progress: Progress, running: Running
) -> None:
    python_packages.create_environment(layout, progress, running)
    python_packages.install_packages(layout, packages, progress, running)


def _run_together(tasks: Sequence[Callable[[], None]], running: Running) -> None:
    """Runs tasks at the same time; if one fails, ends what they run, and raises its error."""
    with ThreadPoolExecutor() as pool:
        futures = [pool.submit(task) for task in tasks]
        try:
            done, _ = wait(futures, return_when=FIRST_EXCEPTION)
        finally:
            running.terminate()
    for future in done:
        future.result()


def _remove_links(layout: Layout) -> None:
    """Removes links in place of folders, through which the user's own files would be changed."""
    folders = (
        *(layout.pulumi_bin.parent, layout.pulumi_bin),
        *(layout.pulumi_home, layout.pulumi_home / "plugins"),
        *(layout.stamps, layout.logs, layout.clients, go.build_folder(layout)),
    )
    for folder in folders:
        if folder.is_symlink():
            folder.unlink()


@contextmanager
def _only_one(layout: Layout) -> Iterator[None]:
    """Waits for a set-up of the same checkout that another process runs."""
    layout.local.mkdir(exist_ok=True)
    with (layout.local / "setup.lock").open("w") as lock:
        # Where all is set up, the other one ends at once.
        notice = "Another set-up of this checkout runs; waiting for it."
        waits = Timer(_QUIET_SECONDS, _say, [notice])
        waits.start()
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
        finally:
            waits.cancel()
        yield


def _fail(message: str, code: int = 1) -> int:
    _say(message)
    return code


def _say(message: str) -> None:
    print(message, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
