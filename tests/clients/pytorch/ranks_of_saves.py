"""Writes and reads saves on the ranks that torchrun starts, each of which is a host of its own.

    ranks_of_saves.py write FOLDER …    saves steps 1 to 3 in each folder
    ranks_of_saves.py keep FOLDER       saves steps, of which the service uploads some
    ranks_of_saves.py read FOLDER …     prints which step was read from each folder, as JSON

A folder's name may have {rank} in it, where each host has its own.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ.update(LOCAL_RANK="0", LOCAL_WORLD_SIZE="1")

import torch
import torch.distributed as dist
from torch.distributed.tensor import Shard, distribute_tensor

from saves import UPLOADED
from sharded_checkpoints import ShardedCheckpoints

ROWS = 7  # not a multiple of any number of ranks


def state(step: int) -> dict[str, Any]:
    """What is saved after a step: a tensor that is spread over the ranks, and one that is not."""
    mesh = dist.device_mesh.init_device_mesh("cpu", (dist.get_world_size(),))
    whole = torch.arange(ROWS * 3, dtype=torch.float32).view(ROWS, 3) + 100 * step
    return {"weights": distribute_tensor(whole, mesh, [Shard(0)]), "count": torch.tensor(step)}


def save(checkpoints: ShardedCheckpoints, step: int) -> None:
    """Saves a step, and overwrites the tensors while they are written, as training does."""
    content = state(step)
    checkpoints.begin(step, content, {"seed": 0})
    content["weights"].to_local().zero_()
    content["count"].zero_()
    checkpoints.finish()


def upload(folder: Path, step: int) -> None:
    """Marks this host's files of a save as the service does after it has uploaded them."""
    [saved] = folder.glob(f"step-{step:09d}.*")
    for path in list(saved.iterdir()):
        path.with_name(path.name + UPLOADED).touch()


def keep(folder: Path) -> list[list[int]]:
    """The steps that are kept: at first, after an upload by one host, and after one by all."""
    checkpoints, kept = ShardedCheckpoints(folder), []
    for uploaded_by_one, uploaded_by_all, steps in (
        (0, 0, (1, 2, 3)),
        (2, 0, (4,)),
        (0, 3, (5, 6)),
    ):
        if uploaded_by_one and dist.get_rank() == 0:
            upload(folder, uploaded_by_one)
        if uploaded_by_all:
            upload(folder, uploaded_by_all)
        for step in steps:
            save(checkpoints, step)
        kept.append(sorted(int(path.name[5:14]) for path in folder.glob("step-*")))
    return kept


def read(folder: Path) -> int:
    """The step that all ranks read, whole; 0 if there is none."""
    checkpoints, content = ShardedCheckpoints(folder), state(0)
    newest = checkpoints.newest()
    if newest is None:
        return 0
    checkpoints.load(newest, content)
    expected = state(newest.step)
    assert torch.equal(content["weights"].full_tensor(), expected["weights"].full_tensor())
    assert torch.equal(content["count"], expected["count"])
    return newest.step


def main(what: str, *folders: str) -> None:
    dist.init_process_group("gloo")
    rank = dist.get_rank()
    own = {folder: Path(folder.format(rank=rank)) for folder in folders}
    if what == "write":
        for folder in own.values():
            checkpoints = ShardedCheckpoints(folder)
            for step in (1, 2, 3):
                save(checkpoints, step)
    else:
        found = {name: (keep if what == "keep" else read)(folder) for name, folder in own.items()}
        if rank == 0:
            print(json.dumps(found), flush=True)
    dist.destroy_process_group()


if __name__ == "__main__":
    main(*sys.argv[1:])
