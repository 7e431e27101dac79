"""A training script in script mode: its hyperparameters are arguments, its folders variables."""

import argparse
import os
from pathlib import Path

from neighbour import NAME  # type: ignore[import-not-found]

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, required=True)
parser.add_argument("--name", required=True)
parser.add_argument("--model-dir", default=os.environ["SM_MODEL_DIR"])
parser.add_argument("--train", default=os.environ["SM_CHANNEL_TRAIN"])
arguments, _ = parser.parse_known_args()

rows = [path.read_text() for path in sorted(Path(arguments.train).rglob("*.csv"))]
print(f"{arguments.name} and {NAME} read {rows}")
print(f"SM_USER_ARGS={os.environ['SM_USER_ARGS']}")
for epoch in range(1, arguments.epochs + 1):
    print(f"epoch={epoch} loss={1 / epoch:.2f}")
if arguments.epochs > 3:
    raise ValueError("more than three epochs")
(Path(os.environ["SM_MODEL_DIR"]) / "model.txt").write_text(f"epoch {arguments.epochs}")
