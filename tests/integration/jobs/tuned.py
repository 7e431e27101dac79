"""A trial of a tuning job: works a while, and prints how far its values are from the best ones."""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--layers", type=int, required=True)
    parser.add_argument("--seconds", type=float, default=0.1)
    arguments = parser.parse_args()
    checkpoints = Path(os.environ["SM_CHECKPOINT_DIR"])
    (checkpoints / "begun.txt").write_text(os.environ["TRAINING_JOB_NAME"])
    time.sleep(arguments.seconds)
    loss = abs(arguments.rate - 0.3) + abs(arguments.layers - 4)
    print(f"loss={loss:.6f}", flush=True)
    (Path(os.environ["SM_MODEL_DIR"]) / "loss.txt").write_text(f"{loss}")


main()
