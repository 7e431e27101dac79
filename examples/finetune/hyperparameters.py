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
    sequences_per_step: int
    batch_size: int
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
            "sequences-per-step": self.sequences_per_step,
            "sequence-length": self.sequence_length,
            "seed": self.seed,
        }


class RefusalError(Exception):
    """Why the job can't run and what to do, in one sentence: the failure reason of the job."""


def check_course(checkpoint: str, made_with: Mapping[str, int], here: Mapping[str, int]) -> None:
    """Checks that a checkpoint can be continued with the values that the job has here.

    Raises:
        RefusalError: if it can't be.
    """
    different = [name for name, value in here.items() if made_with.get(name) != value]
    if different:
        there = ", ".join(f"{name} {made_with.get(name)}" for name in different)
        now = ", ".join(f"{name} {here[name]}" for name in different)
        raise RefusalError(
            f"{checkpoint} was made with {there} and can't be continued with {now}: go back to "
            "those values, or set fresh, which begins another lineage without a checkpoint"
        )


def check_form(checkpoints: Path) -> None:
    """Checks that a folder without a save has no checkpoints of the script's earlier form.

    Raises:
        RefusalError: if it has.
    """
    if any(checkpoints.glob("step-*.rank-*.sha256-*")):
        raise RefusalError(
            "the checkpoints are of an earlier form of this script, which this one can't read: "
            "finish with that one, or set fresh, which begins another lineage without a checkpoint"
        )


def unreadable(checkpoint: str, why: str) -> RefusalError:
    """The refusal of a checkpoint that doesn't fit into the model, by what PyTorch says of it."""
    first_line = why.partition("\n")[0]
    return RefusalError(
        f"{checkpoint} can't be read into this model ({first_line}): go back to the model that it "
        "was made with, or set fresh, which begins another lineage without a checkpoint"
    )


def sequences_of_a_rank(sequences_per_step: int, ranks: int) -> int:
    """How many of a step's sequences each rank computes.

    Raises:
        RefusalError: if they can't be shared equally.
    """
    if sequences_per_step % ranks:
        raise RefusalError(
            f"sequences-per-step is {sequences_per_step}, which {ranks} ranks, one a GPU, can't "
            f"share equally: run on a number of GPUs that divides it, or set a multiple of {ranks}"
        )
    return sequences_per_step // ranks


def parse_settings(description: str) -> Settings:
    """Reads the command line; wrong values end the program with a message."""
    base = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
    parser = argparse.ArgumentParser(description=description)
    for option, kind, default, meaning in (
        ("--epochs", positive, 1, "passes over the text"),
        ("--sequences-per-step", positive, 32, "sequences of a step, of all ranks together"),
        ("--batch-size", positive, 1, "sequences that a rank computes at once"),
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
