"""Reports which requests may change data, and lets a snapshot stop requests for a moment."""

from __future__ import annotations

import re
from collections.abc import Callable

from localcloud.protocol.requests import Answer, Request, Response
from localcloud.snapshots.gate import Gate

_READS = re.compile(
    r"(Describe|Get|List|Head|Lookup|Simulate|BatchGet|Filter)[A-Z]\w*|Search|Query|Scan"
)


class Watch:
    """The handler at the snapshots' gate, which reports each request that may have changed data."""

    def __init__(self, gate: Gate, changed: Callable[[], None]) -> None:
        self._gate = gate
        self._changed = changed

    def __call__(self, request: Request, rest: Answer) -> Response:
        """Passes a request on; waits while a snapshot is taken."""
        with self._gate.passing():
            reads = only_reads(request)
            try:
                return rest(request)
            finally:
                if not reads:
                    self._changed()


def only_reads(request: Request) -> bool:
    """Whether a request can't change anything, by its method or its operation's name."""
    if operation := request.operation:
        return _READS.fullmatch(operation) is not None
    return request.method in {"GET", "HEAD", "OPTIONS"}
