"""How a command says that it can't go on."""

from __future__ import annotations


class CommandError(Exception):
    """A command can't go on; the message says why and what to do, without a traceback."""
