"""Checkpoints that survive a kill at any moment; for any training script.

The launcher brings this module along, so that a script can import it in any image:

    from training_checkpoints import Checkpoints, StopSignal

    checkpoints = Checkpoints(os.environ["SM_CHECKPOINT_DIR"])
    stop = StopSignal()
    newest = checkpoints.newest()
    step = load(newest.path) if newest else 0
    stopping = False
    while step < last_step and not stopping:
        step = train_one_step()
        stopping = stop.received  # asked once a step, so that no stop comes between two answers
        if step % 100 == 0 or stopping:
            checkpoints.save(step, lambda file: numpy.savez(file, **state))

A checkpoint is a plain file in whatever format the script writes. Its name carries its step, its
rank and the SHA-256 of its content. So file and checksum appear in one rename, and a file that
was torn, by a full disk or on its way to or from S3, gives itself away:

    step-000000120.rank-0.sha256-9f86d081…

SageMaker synchronises the folder with S3 while the script runs: it uploads what appears, mirrors
deletions and leaves marker files. All hosts share one prefix in the bucket, hence the rank.

Standard library only, Python 3.8 or later. Jobs go on from files that earlier versions wrote, so
names that are public here, and those of the files, must stay.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

__all__ = ["Checkpoint", "Checkpoints", "StopSignal"]

_NAME = re.compile(r"step-(\d{9,})\.rank-(\d+)\.sha256-([0-9a-f]{64})")
_UNFINISHED = ".sagemaker-ignore"  # an ending that the service doesn't upload
_PIECE_BYTES = 1 << 20


@dataclass(frozen=True)
class Checkpoint:
    """One rank's checkpoint file of one step."""

    path: Path
    step: int
    rank: int
    sha256: str

    def is_valid(self) -> bool:
        """Whether the file is there and holds what was once written to it."""
        try:
            with self.path.open("rb") as file:
                return _sha256(file) == self.sha256
        except OSError:
            return False


class Checkpoints:
    """One rank's checkpoints, in a folder that it may share with other ranks.

    Where every rank holds a share of the state, each saves its own, and they agree on the newest
    step that is in the `valid_steps` of all. Where the state is the same on all ranks, rank 0
    saves and loads it, and sends it to the others.
    """

    def __init__(self, folder: str | os.PathLike[str], rank: int = 0, keep: int = 3) -> None:
        """Makes the folder if it isn't there.

        Args:
            folder: where the files lie, as /opt/ml/checkpoints.
            rank: whose checkpoints these are.
            keep: how many are kept; at least 2, as the newest may not be in the bucket yet.

        Raises:
            ValueError: if fewer than 2 are to be kept.
        """
        if keep < 2:
            raise ValueError(f"keep is {keep}, but at least 2 checkpoints have to be kept")
        self.folder = Path(folder)
        self.rank = rank
        self.keep = keep
        self.folder.mkdir(parents=True, exist_ok=True)

    def newest(self) -> Checkpoint | None:
        """The valid checkpoint of the latest step; None if there is none."""
        return next(self._valid(), None)

    def valid_steps(self) -> list[int]:
        """The steps that have a valid checkpoint, the latest first."""
        return [checkpoint.step for checkpoint in self._valid()]

    def at(self, step: int) -> Checkpoint | None:
        """The valid checkpoint of one step; None if there is none."""
        return next((found for found in self._valid() if found.step == step), None)

    def save(self, step: int, write: Callable[[BinaryIO], object]) -> Checkpoint:
        """Saves what `write` writes as the state after a step: whole, or not at all.

        Removes the checkpoints of later steps, which a run left that has been gone back on, and
        the oldest beyond those that are kept.

        Raises:
            OSError: if the disk is full or refuses; the other checkpoints are untouched then.
        """
        unfinished = self.folder / f"step-{step:09d}.rank-{self.rank}{_UNFINISHED}"
        try:
            with unfinished.open("w+b") as file:
                write(file)
                file.flush()
                os.fsync(file.fileno())
                file.seek(0)
                sha256 = _sha256(file)
            path = unfinished.with_name(f"step-{step:09d}.rank-{self.rank}.sha256-{sha256}")
            unfinished.replace(path)
        finally:
            _remove(unfinished)
        _flush_folder(self.folder)
        saved = Checkpoint(path, step, self.rank, sha256)
        self._prune(saved)
        return saved

    def _valid(self) -> Iterator[Checkpoint]:
        return (checkpoint for checkpoint in self._all() if checkpoint.is_valid())

    def _all(self) -> list[Checkpoint]:
        """All of this rank's checkpoints, valid or not, the latest first."""
        matches = ((path, _NAME.fullmatch(path.name)) for path in self.folder.iterdir())
        found = [Checkpoint(path, int(m[1]), int(m[2]), m[3]) for path, m in matches if m]
        own = [checkpoint for checkpoint in found if checkpoint.rank == self.rank]
        return sorted(own, key=lambda checkpoint: checkpoint.step, reverse=True)

    def _prune(self, saved: Checkpoint) -> None:
        others = [checkpoint for checkpoint in self._all() if checkpoint.path != saved.path]
        older = [checkpoint for checkpoint in others if checkpoint.step < saved.step]
        for checkpoint in others:
            if checkpoint not in older[: self.keep - 1]:
                _remove(checkpoint.path)
        for unfinished in self.folder.glob(f"step-*.rank-{self.rank}{_UNFINISHED}"):
            _remove(unfinished)


class StopSignal:
    """Remembers that SIGTERM has come: the service wants the job to stop, within 120 seconds.

    To be made in the main thread, and after anything that handles SIGTERM itself. The script
    looks at `received` once after each step, saves a checkpoint and ends with exit code 0. With
    several processes, let all of them look at whether any has received it, so that all stop after
    the same step.
    """

    def __init__(self) -> None:
        self.received = False
        signal.signal(signal.SIGTERM, self._receive)

    def _receive(self, _number: int, _frame: object) -> None:
        self.received = True


def _sha256(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    for piece in iter(lambda: file.read(_PIECE_BYTES), b""):
        digest.update(piece)
    return digest.hexdigest()


def _remove(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        path.unlink()


def _flush_folder(folder: Path) -> None:
    """Makes a rename survive a power cut."""
    descriptor = os.open(str(folder), os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
