"""The script of the soak's jobs: it counts steps, and behaves as its argument says.

It prints an identifier of its own with each step, so that the log shows whether a job ran twice at
once. A job with a network also holds a socket's name that only one process of a machine can have.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

STEP_SECONDS = 0.05
FAILED, TWICE, WRONG_INPUT = 3, 77, 78
CONTENT = b"0123456789" * 2_000
"""The only object of the input."""

_ML = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
_LONG_LINE = 300_000
_SLEEP = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"


def main(plan: dict[str, Any]) -> None:
    """Counts from the checkpoint's step to the last one."""
    resources = json.loads((_ML / "input/config/resourceconfig.json").read_text())
    host = resources["current_host"]
    held = _hold_name(f"{os.environ['TRAINING_JOB_NAME']}/{host}")
    own = uuid.uuid4().hex[:8]
    stubborn = plan["behaviour"] == "stubborn"
    signal.signal(signal.SIGTERM, signal.SIG_IGN if stubborn else lambda *_: sys.exit(0))
    checkpoint = _ML / "checkpoints" / host
    step = int(checkpoint.read_text()) if checkpoint.exists() else 0
    print(f"{own} begins after {step}", flush=True)
    _read(plan["mode"])
    _misbehave(plan["behaviour"])
    while step < plan["steps"]:
        time.sleep(STEP_SECONDS)
        step += 1
        _save(checkpoint, step)
        print(f"{own} step {step} loss={1 / step:.4f}", flush=True)
    _end(plan["behaviour"])
    (_ML / "model" / f"steps-{host}").write_text(str(step))
    held.close()


def _hold_name(name: str) -> socket.socket:
    """Holds a name while this process lives; ends the process if another one holds it."""
    held = socket.socket(socket.AF_UNIX)
    try:
        held.bind(f"\0{name}")
    except OSError:
        print("twice at once", flush=True)
        sys.exit(TWICE)
    return held


def _read(mode: str) -> None:
    """Ends the process unless the input is what was put into the bucket."""
    data = _ML / "input/data"
    if mode:
        path = data / "numbers_0" if mode == "Pipe" else data / "numbers" / "part"
        if path.read_bytes() != CONTENT:
            print("wrong input", flush=True)
            sys.exit(WRONG_INPUT)


def _misbehave(behaviour: str) -> None:
    if behaviour == "forks":
        for _ in range(3):
            command = [sys.executable, "-S", "-c", _SLEEP]
            subprocess.Popen(command, start_new_session=True, env={})
    if behaviour == "prints":
        sys.stdout.write("x" * _LONG_LINE)
        sys.stdout.write("".join(f"\rprogress {number}" for number in range(5_000)))
        sys.stdout.write("\n".join(f"line {number}" for number in range(500)) + "\n")


def _save(checkpoint: Path, step: int) -> None:
    new = checkpoint.with_name(f"{checkpoint.name}.sagemaker-ignore")
    new.write_text(str(step))
    new.replace(checkpoint)


def _end(behaviour: str) -> None:
    """Ends the process, if its job is to fail."""
    if behaviour == "fails":
        (_ML / "output/failure").write_text("failed as planned")
        sys.exit(FAILED)
    if behaviour == "crashes":
        ctypes.string_at(0)  # a signal that process 1 sends to itself would be ignored


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
