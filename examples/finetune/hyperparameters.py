"""The job's hyperparameters, and where its files are."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """The job's hyperparameters, and where its files are."""

    epochs: int
    batch_size: int
    gradient_accumulation: int
    sequence_length: int
    learning_rate: float
    warm_up_steps: int
    seed: int
    checkpoint_every: int
    model: Path
    data: Path
    checkpoints: Path
    output: Path

    @property
    def course(self) -> dict[str, int]:
        """What a checkpoint can't be continued without: it fixes which step sees which text."""
        return {
            "batch-size": self.batch_size,
            "gradient-accumulation": self.gradient_accumulation,
            "sequence-length": self.sequence_length,
            "seed": self.seed,
        }


def obstacle(checkpoint: str, made_with: Mapping[str, int], here: Mapping[str, int]) -> str:
    """Why a checkpoint can't be continued here and what to do, in one sentence; "" if it can be.

    Each rank holds its own share of the model, so that their number counts like a hyperparameter.
    """
    different = [name for name, value in here.items() if made_with.get(name) != value]
    fresh = "or set fresh, which begins another lineage without a checkpoint"
    if not different:
        return ""
    if different == ["ranks"]:
        ranks = f"{made_with['ranks']} rank{'s' if made_with['ranks'] > 1 else ''}"
        return (
            f"{checkpoint} was written by {ranks}, one a GPU, and can't be read by "
            f"{here['ranks']}: run on as many GPUs as before, {fresh}"
        )
    there = ", ".join(f"{name} {made_with.get(name)}" for name in different)
    now = ", ".join(f"{name} {here[name]}" for name in different)
    return (
        f"{checkpoint} was made with {there} and can't be continued with {now}: go back to those "
        f"values, {fresh}"
    )


def parse_settings(description: str) -> Settings:
    """Reads the command line; wrong values end the program with a message."""
    base = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
    parser = argparse.ArgumentParser(description=description)
    for option, kind, default, meaning in (
        ("--epochs", positive, 1, "passes over the text"),
        ("--batch-size", positive, 1, "sequences that a rank computes at once"),
        ("--gradient-accumulation", positive, 8, "batches a step"),
        ("--sequence-length", positive, 1024, "tokens"),
        ("--learning-rate", float, 2e-5, "the highest"),
        ("--warm-up-steps", positive, 50, "steps until it is reached"),
        ("--seed", int, 0, "fixes the order of the text"),
        ("--checkpoint-every", positive, 100, "steps"),
    ):
        parser.add_argument(option, type=kind, default=default, help=f"{meaning}; {default}")
    folders = parser.add_argument_group("folders, which the container's variables name")
    for option, variable, otherwise in (
        ("--model", "SM_CHANNEL_MODEL", "input/data/model"),
        ("--data", "SM_CHANNEL_TRAIN", "input/data/train"),
        ("--checkpoints", "SM_CHECKPOINT_DIR", "checkpoints"),
        ("--output", "SM_MODEL_DIR", "model"),
    ):
        default_folder = os.environ.get(variable, base / otherwise)
        folders.add_argument(option, type=Path, metavar="FOLDER", default=default_folder)
    return Settings(**vars(parser.parse_args()))


def positive(text: str) -> int:
    """A whole number of at least 1."""
    if int(text) < 1:
        raise ValueError
    return int(text)
