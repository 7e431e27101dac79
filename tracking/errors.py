"""What stops a command."""

from __future__ import annotations


class TrackingError(Exception):
    """A command can't go on; the message, without a traceback, says why and what to do."""
