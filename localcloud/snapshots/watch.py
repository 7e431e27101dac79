"""Sees which requests may change data, and lets a snapshot keep requests out for a moment."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from localcloud.operations import operation_of
from localcloud.snapshots.gate import Gate
from localcloud.wsgi import Application, Environ, StartResponse

_READS = re.compile(r"(Describe|Get|List|Head|Lookup|Search|Simulate|BatchGet)[A-Z]\w*")


class Watched:
    """A WSGI application that tells of each request to another which may have changed data."""

    def __init__(self, application: Application, gate: Gate, changed: Callable[[], None]) -> None:
        self._application = application
        self._gate = gate
        self._changed = changed

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        with self._gate.passing():
            reads = only_reads(environ)
            try:
                return self._application(environ, start_response)
            finally:
                if not reads:
                    self._changed()


def only_reads(environ: Environ) -> bool:
    """Tell whether a request can't change anything, by its method or its operation's name."""
    if operation := operation_of(environ):
        return _READS.fullmatch(operation) is not None
    return environ["REQUEST_METHOD"] in {"GET", "HEAD", "OPTIONS"}
