"""The handwritten digits: 1797 images of 8×8 pixels, and which of them are held out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

FILE_NAME = "digits.csv.gz"
SIDE = 8
CLASSES = 10
_INK = 16.0
_HELD_OUT_EVERY = 5


@dataclass(frozen=True)
class Digits:
    """Images, one a row of 64 pixels from 0 (paper) to 1 (ink), and the digits they show."""

    images: Any
    labels: Any

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, rows: Any) -> Digits:
        return Digits(self.images[rows], self.labels[rows])


def load(folder: Path) -> Digits:
    """Reads the images from the file in a folder.

    Raises:
        OSError: if the file isn't there.
        ValueError: if it doesn't hold what it should.
    """
    rows = np.loadtxt(folder / FILE_NAME, delimiter=",", dtype=np.float32, ndmin=2)
    if rows.shape[1] != SIDE * SIDE + 1:
        raise ValueError(f"{FILE_NAME} has {rows.shape[1]} columns instead of {SIDE * SIDE + 1}")
    return Digits(images=rows[:, :-1] / _INK, labels=rows[:, -1].astype(np.int32))


def split(digits: Digits) -> tuple[Digits, Digits]:
    """The images to train with, and every fifth, held out to judge by."""
    held_out = np.arange(len(digits)) % _HELD_OUT_EVERY == _HELD_OUT_EVERY - 1
    return digits[~held_out], digits[held_out]
