"""Runs programs that only read, and print what they find."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def run_reader(command: Sequence[str | Path], **options: Any) -> subprocess.CompletedProcess[str]:
    """Runs a program to its end; the options are those of `subprocess.Popen`.

    It is outside the terminal's process group, so Ctrl-C reaches only this process, which ends it.
    Otherwise Python would print where the program was interrupted.
    """
    with subprocess.Popen(command, text=True, process_group=0, **options) as process:
        try:
            output, _ = process.communicate()
        except KeyboardInterrupt:
            process.kill()
            process.wait()
            raise
    return subprocess.CompletedProcess(command, process.returncode, output)
