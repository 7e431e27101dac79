"""Why the script failed, in the words that the service shows."""

from __future__ import annotations

import contextlib
import re
import signal
from pathlib import Path

TORCHRUN = re.compile(r"torch[./]distributed[./]elastic")  # where its lines of log come from
FAILURE_LENGTH = 1000  # the service shows 1024 characters, its own words included


def reason(entry_point: str, code: int, lines: list[str], stopped: bool) -> str:
    """Why the script failed, in one line: its last exception, or the last thing it said.

    What torchrun reports after it, of the processes that it started, says nothing of why. Nothing
    if the script was stopped and said nothing about it: that is no failure of its own.
    """
    exceptions = {
        i: next((line for line in lines[i + 1 :] if not line.startswith(" ")), "")
        for i, line in enumerate(lines)
        if line.startswith("Traceback (most recent call last)")
    }
    own = [line for line in exceptions.values() if line and "ChildFailedError" not in line]
    if stopped and not own:
        return ""
    if code == 128 + signal.SIGKILL:
        return f"{entry_point} was ended by SIGKILL; most often the instance is out of memory"
    reports = [i for i, line in exceptions.items() if "ChildFailedError" in line]
    said = [line for line in lines[: min(reports, default=None)] if not TORCHRUN.search(line)]
    words = [line for line in said if re.search(r"\w", line)]
    return f"{entry_point}: {(own or words or [f'exit code {code}'])[-1]}"


def write_failure(base: Path, text: str) -> None:
    """Writes what the service shows as the failure's reason, unless the script has done so."""
    failure = base / "output" / "failure"
    with contextlib.suppress(OSError):
        failure.parent.mkdir(parents=True, exist_ok=True)
        if text and (not failure.exists() or not failure.stat().st_size):
            failure.write_text(text[:FAILURE_LENGTH], "utf-8", "replace")
