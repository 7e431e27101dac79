"""Sharded checkpoints that are written while training goes on, and read by any number of ranks.

torch.distributed.checkpoint writes and reads the tensors; `saves` says which save is whole.
"""

from __future__ import annotations

import os
import secrets
import shutil
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch.distributed as dist
import torch.distributed.checkpoint as dcp

from saves import (
    MANIFEST,
    METADATA,
    describe,
    is_uploaded,
    manifests,
    matches,
    save_name,
    write_manifest,
)

LOCAL_RANK = int(os.environ.get("LOCAL_RANK", "0"))
LOCAL_RANKS = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))


@dataclass(frozen=True)
class Save:
    """A save that is whole on every host."""

    folder: Path
    step: int
    made_with: dict[str, Any]


class ShardedCheckpoints:
    """The saves of all ranks, in a folder on each host; all ranks call each method together."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rank, self.ranks = dist.get_rank(), dist.get_world_size()
        self.group = dist.new_group(backend="gloo")  # the GPUs' own is busy with training
        self.background = ThreadPoolExecutor(max_workers=1)
        self.pending: Future[None] | None = None
        self.own: dict[str, list[str]] = {}  # the files that this rank wrote, by save
        self.in_the_bucket = ""  # the newest save that is known to be there
        folder.mkdir(parents=True, exist_ok=True)

    def newest(self) -> Save | None:
        """The newest save whose every file matches its manifest on all hosts.

        A host may lack what another has. Its ranks share the work of reading the files.
        """
        own, *others = self._of_all_ranks(manifests(self.folder))
        for name in sorted(own, reverse=True):
            manifest = own[name]
            if all(other.get(name) == manifest for other in others):
                share = dict(list(manifest["files"].items())[LOCAL_RANK::LOCAL_RANKS])
                if all(self._of_all_ranks(matches(self.folder / name, share))):
                    return Save(self.folder / name, manifest["step"], manifest["made_with"])
        return None

    def load(self, save: Save, state: dict[str, Any]) -> None:
        """Fills a state's tensors from a save, whatever number of ranks wrote it."""
        own = save.folder / f".metadata.{self.rank}.sagemaker-ignore"
        shutil.copyfile(save.folder / METADATA, own)
        own.replace(save.folder / ".metadata")
        reader = dcp.FileSystemReader(save.folder)
        dcp.load(state, storage_reader=reader, process_group=self.group)
        self.in_the_bucket = save.folder.name

    def begin(self, step: int, state: dict[str, Any], made_with: dict[str, Any]) -> None:
        """Copies the state, and writes the copy while training goes on.

        Waits for the last save before.
        """
        self.finish()
        name = save_name(step, self._of_all_ranks(secrets.token_hex(4))[0])
        manifest = {"step": step, "ranks": self.ranks, "made_with": made_with}
        writer = dcp.FileSystemWriter(self.folder / name)
        written = dcp.async_save(state, storage_writer=writer, process_group=self.group)
        self.pending = self.background.submit(self._complete, written, name, manifest)

    def finish(self) -> None:
        """Waits until the last save is whole.

        Raises:
            CheckpointException: if it can't be written, as on a full disk.
        """
        pending, self.pending = self.pending, None
        if pending:
            pending.result()

    def _complete(self, written: Future[Any], name: str, manifest: dict[str, Any]) -> None:
        """Writes the manifest once all ranks have written their files; removes older saves."""
        written.result()
        save = self.folder / name
        own = [path.name for path in save.glob(f"__{self.rank}_*.distcp")]
        if self.rank == 0:
            (save / ".metadata").replace(save / METADATA)
            own.append(METADATA)
        files = self._of_all_ranks(describe(save, own))
        if self.rank == 0:
            merged = {name: file for each in files for name, file in each.items()}
            write_manifest(save, {**manifest, "files": merged})
            own.append(MANIFEST)
        self.own[name] = own
        self._remove_older()

    def _remove_older(self) -> None:
        """Removes saves but the newest two, and the newest that all ranks see in the bucket.

        What a host removes, the service removes from the bucket.
        """
        uploaded = {name for name, own in self.own.items() if is_uploaded(self.folder / name, own)}
        everywhere = set.intersection(*self._of_all_ranks(uploaded))
        self.in_the_bucket = max(everywhere, default=self.in_the_bucket)
        newest_two = sorted(self.own)[-2:]
        keep = {self.in_the_bucket, *newest_two}
        self.own = {name: own for name, own in self.own.items() if name in keep}
        if LOCAL_RANK == 0:
            for old in self.folder.glob("step-*"):
                if old.is_dir() and old.name not in keep:
                    shutil.rmtree(old, ignore_errors=True)  # the service may be at its markers

    def _of_all_ranks(self, own: Any) -> list[Any]:
        """The values that all ranks pass, in the order of the ranks."""
        values: list[Any] = [None] * self.ranks
        dist.all_gather_object(values, own, group=self.group)
        return values
