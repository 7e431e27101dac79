"""The pauses in which Python looks for garbage."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import gc
from localcloud.server import heap
loaded = [[] for _ in range(100_000)]
heap.leave_alone()
print(gc.get_freeze_count() > 100_000, any(each is loaded for each in gc.get_objects()))
"""


def test_what_is_loaded_when_the_server_is_ready_is_not_searched_for_garbage():
    """In a process of its own, because it is for ever."""
    asked = [sys.executable, "-c", SCRIPT]
    assert subprocess.run(asked, capture_output=True, text=True, check=True).stdout == (
        "True False\n"
    )
