"""A job that counts: resumes from its newest checkpoint, works a while on each step, may fail."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from pathlib import Path

ROOT = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
CHECKPOINTS = ROOT / "checkpoints"
FAILED = CHECKPOINTS / "failed"
"""What a job that fails once leaves for the next attempt."""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.05)
    parser.add_argument("--fail-at", type=int, default=-1)
    parser.add_argument("--fail-once-at", type=int, default=-1, help="the first attempt fails here")
    parser.add_argument("--seed", type=int, help="given, and not used")
    parser.add_argument("--last-checkpoint", default="", help="a file to leave when it is stopped")
    arguments = parser.parse_args()
    if arguments.last_checkpoint:
        signal.signal(signal.SIGTERM, lambda *_: leave(arguments.last_checkpoint))
    done = max((int(path.stem) for path in CHECKPOINTS.glob("*.txt")), default=0)
    print(f"resumed at {done}", flush=True)
    for step in range(done + 1, arguments.steps + 1):
        time.sleep(arguments.seconds)
        if step == arguments.fail_at:
            sys.exit(f"step {step} can't be done")
        if step == arguments.fail_once_at and not FAILED.exists():
            FAILED.touch()
            sys.exit(f"step {step} can't be done yet")
        if step % 10 == 0:
            (CHECKPOINTS / f"{step}.txt").touch()
        print(f"step={step}", flush=True)
    (ROOT / "model" / "steps.txt").write_text(str(arguments.steps))


def leave(name: str) -> None:
    (CHECKPOINTS / name).write_text("stopped")
    sys.exit(0)


main()
