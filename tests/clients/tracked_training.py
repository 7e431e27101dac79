"""Counts steps and reports each; goes on after its checkpoint, and may wait or fail at a step."""

import json
import signal
import sys
import time
from pathlib import Path

ml = Path("/opt/ml")
asked = json.loads((ml / "input" / "config" / "hyperparameters.json").read_text())
checkpoint = ml / "checkpoints" / "step"
step = int(checkpoint.read_text()) if checkpoint.exists() else 0
# Where it began decides where it waits for what the test does to it.
wait_at = {0: 15, 10: 25}.get(step)


def save() -> None:
    """Writes the checkpoint as a whole."""
    new = checkpoint.with_name(".new")
    new.write_text(str(step))
    new.replace(checkpoint)


def end(*_: object) -> None:
    """Saves before the grace is over."""
    save()
    sys.exit(0)


signal.signal(signal.SIGTERM, end)
while step < int(asked["steps"]):
    step += 1
    print(json.dumps({"metric": "loss", "step": step, "value": 1 / step}), flush=True)
    print(f"step={step} speed={step / 2}", flush=True)
    if step == int(asked["fail_at"]):
        sys.exit("broken")
    if step % 10 == 0:
        save()
    while step == wait_at:
        time.sleep(0.1)
