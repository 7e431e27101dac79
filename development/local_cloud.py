"""The local cloud that the commands work with: one that runs the checkout's own code."""

from __future__ import annotations

from development.terminal import CommandError, console
from localcloud.server import daemon
from toolchain.layout import Layout


def find_current(layout: Layout) -> daemon.Server | None:
    """The local cloud; None where none runs, or only one of older code, which is stopped.

    What it has stays in its folder, and running jobs go on from their checkpoints once it is
    started again.
    """
    server = daemon.find(layout.cloud)
    if server is None or daemon.is_current(server):
        return server
    console.print("The local cloud runs the code of an earlier version, so it is started again.")
    daemon.stop(layout.cloud)
    return None


def start(layout: Layout) -> daemon.Server:
    """The local cloud, started if need be.

    Raises:
        CommandError: it did not start.

    """
    try:
        return daemon.start(layout.cloud)
    except daemon.StartError as error:
        raise CommandError(str(error)) from error
