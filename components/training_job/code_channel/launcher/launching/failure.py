"""Why the script failed, in the words that the service shows."""

from __future__ import annotations

import contextlib
import re
import signal
from pathlib import Path

TORCHRUN = re.compile(r"torch[./]distributed[./]elastic")  # where its lines of log come from
TRACEBACK = re.compile(r"^(?!\s+\|).*(?<!Group )Traceback \(most recent call last\):$")
SIGNALS = {128 + each: each.name for each in signal.Signals}
FAILURE_LENGTH = 1000  # the service shows 1024 characters, its own words included


def reason(entry_point: str, code: int, lines: list[str], stopped: bool) -> str:
    """Why the script failed, in one line: its last exception, or the last thing it said.

    What torchrun reports after it, of the processes that it started, says nothing of why. An
    exception that ends a script does so with code 1, and nothing else is said after it: otherwise
    the script may have caught it, and what it said last is named too. Empty if the script was
    stopped and said nothing about it: that is no failure of its own.
    """
    exceptions = {
        i: next((i for i in range(i + 1, len(lines)) if not lines[i].startswith(" ")), i)
        for i, line in enumerate(lines)
        if TRACEBACK.search(line)
    }
    reports = [i for i, end in exceptions.items() if "ChildFailedError" in lines[end]]
    report = min(reports, default=len(lines))
    own = [end for i, end in exceptions.items() if end > i and end < report and code == 1]
    if stopped and not own:
        return ""
    if code == 128 + signal.SIGKILL:
        return f"{entry_point} was ended by SIGKILL; most often the instance is out of memory"
    after = [shown(line) for line in lines[own[-1] + 1 if own else 0 : report]]
    words = [line for line in after if re.search(r"\w", line) and not TORCHRUN.search(line)]
    if own:
        exception = lines[own[-1]].replace("\r", " ")
        words = [f"{exception} … {words[-1]}" if words else exception]
    # The service itself adds the exit code.
    if code in SIGNALS:
        return ": ".join([f"{entry_point} was ended by {SIGNALS[code]}", *words[-1:]])
    return f"{entry_point}: {words[-1]}" if words else f"{entry_point} gave no reason"


def shown(line: str) -> str:
    """A line as a terminal leaves it: the last update of a progress bar."""
    return line.rstrip().rpartition("\r")[2]


def write_failure(base: Path, text: str) -> None:
    """Writes what the service shows as the failure's reason, unless the script has done so."""
    failure = base / "output" / "failure"
    with contextlib.suppress(OSError):
        failure.parent.mkdir(parents=True, exist_ok=True)
        if text and (not failure.exists() or not failure.stat().st_size):
            failure.write_text(text[:FAILURE_LENGTH], "utf-8", "replace")
