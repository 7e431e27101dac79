"""A trial: it prints what it got, and how far its values are from the best ones.

In a lineage's first tuning job, the third trial and those after it wait to be stopped. So a pause
always comes while trials run. The third has printed its objective by then, the others have not. A
trial of a tuning job that is about its time limit waits, too.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import time
from pathlib import Path

CHECKPOINTS = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml")) / "checkpoints"
FIRST_THAT_WAITS = 3
SECONDS_OF_WORK = 3.0
MOST_SECONDS = 240.0


def main() -> None:
    """Prints the arguments and the checkpoints of other trials, then works or waits."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--layers", type=int, required=True)
    arguments = parser.parse_args()
    name = os.environ.get("TRAINING_JOB_NAME", "")
    own = Path(os.environ.get("SM_CHECKPOINT_DIR", CHECKPOINTS))
    print("trial=" + json.dumps(seen(name, own), sort_keys=True), flush=True)
    own.mkdir(parents=True, exist_ok=True)
    (own / "state.json").write_text(json.dumps({"trial": name}))
    loss = abs(arguments.rate - 0.3) + abs(arguments.layers - 4)
    number = number_that_waits(name)
    if number in {0, FIRST_THAT_WAITS}:
        time.sleep(SECONDS_OF_WORK)
        print(f"loss={loss:.6f}", flush=True)
    if number:
        time.sleep(MOST_SECONDS)
    model = {"rate": arguments.rate, "layers": arguments.layers}
    Path(os.environ["SM_MODEL_DIR"], "values.json").write_text(json.dumps(model))


def seen(name: str, own: Path) -> dict[str, object]:
    """The trial's name, its arguments, its folder, and what others have left beside that."""
    beside = CHECKPOINTS.iterdir() if CHECKPOINTS.is_dir() else ()
    return {
        "name": name,
        "arguments": sys.argv[1:],
        "folder": own.name,
        "others": sorted(each.name for each in beside if each != own and each.is_dir()),
    }


def number_that_waits(name: str) -> int:
    """The number of a trial that waits, by its name; 0 for one that does not."""
    found = re.fullmatch(r".*-(\d+)-(\d+)-[0-9a-f]+", name)
    if found is None:
        return 0
    attempt, number = int(found[1]), int(found[2])
    if "-limit-" in name:
        return FIRST_THAT_WAITS + number
    return number if attempt == 1 and number >= FIRST_THAT_WAITS else 0


if __name__ == "__main__":
    main()
