"""A tracking server that is connected, whichever product it is."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from tracking.errors import TrackingError
from tracking.shown_lineages import Tracking

INSTALL = "`pip install -r {file}`, best in a virtual environment of its own"
"""How an optional client is installed."""


@dataclass(frozen=True)
class Server:
    """A tracking server, and what is said of it."""

    name: str
    """Its product and its address."""
    page: str
    """Its product, and where people see the runs."""
    tracking: Tracking
    errors: tuple[type[Exception], ...]
    """What its client raises when it can't be reached, or refuses."""
    remedy: str

    def refusal(self, error: Exception) -> TrackingError:
        """What is said of an error of its client."""
        return refusal(self.name, error, self.remedy)


def refusal(name: str, error: Exception, remedy: str) -> TrackingError:
    """What is said of a server that can't be reached, or that refuses."""
    reason = textwrap.shorten(str(error).splitlines()[0], 300, placeholder=" …")
    return TrackingError(f"{name} can't be used: {reason}\n{remedy}")
