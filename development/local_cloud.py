"""The local cloud that the commands work with: one that runs the checkout's own code."""

from __future__ import annotations

from development.terminal import CommandError, console
from localcloud.server import daemon
from toolchain.layout import Layout


def find_current(layout: Layout) -> daemon.Server | None:
    """The local cloud; None if none runs. One with older code is stopped, and None is returned.

    Its data stay in its folder. Running jobs resume from their checkpoints at its next start.
    """
    server = daemon.find(layout.cloud)
    if server is None or daemon.is_current(server):
        return server
    console.print("The local cloud runs the code of an earlier version, so it is started again.")
    daemon.stop(layout.cloud)
    return None


def start(layout: Layout) -> daemon.Server:
    """The local cloud; it is started if it does not run.

    Raises:
        CommandError: it did not start.

    """
    try:
        return daemon.start(layout.cloud)
    except daemon.StartError as error:
        raise CommandError(str(error)) from error
