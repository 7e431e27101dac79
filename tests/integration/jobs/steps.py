"""A job that counts: resumes from its checkpoint, works a while on each step, may fail."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

ROOT = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
CHECKPOINT = ROOT / "checkpoints" / "step.txt"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.05)
    parser.add_argument("--fail-at", type=int, default=-1)
    arguments = parser.parse_args()
    done = int(CHECKPOINT.read_text()) if CHECKPOINT.exists() else 0
    print(f"resumed at {done}", flush=True)
    for step in range(done + 1, arguments.steps + 1):
        time.sleep(arguments.seconds)
        if step == arguments.fail_at:
            sys.exit(f"step {step} can't be done")
        unfinished = CHECKPOINT.with_suffix(".unfinished")
        unfinished.write_text(str(step))
        unfinished.replace(CHECKPOINT)
        print(f"step={step}", flush=True)
    (ROOT / "model" / "steps.txt").write_text(str(arguments.steps))


main()
