"""Measures how long training stands still for a checkpoint of the fine-tuning example.

    export PYTHONPATH=examples/finetune:components/training_job/code_channel/launcher/modules
    .local/clients/pytorch/bin/torchrun --nproc_per_node 2 bench/standstill.py

`make test-clients` makes that environment. Each turn saves the same tensors twice: each rank's
share by `training_checkpoints`, for which training waits to the end, and by `ShardedCheckpoints`,
which writes a copy while training goes on. A ratio is the median of the ratios of each turn but the
first, in which the memory for the copy is new.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
import torch.distributed as dist
from torch.distributed.tensor import Shard, distribute_tensor

from sharded_checkpoints import ShardedCheckpoints
from training_checkpoints import Checkpoints

ROWS = 1024
TENSORS = 40  # of each kind, 4 MiB each
TURNS = 6


def seconds(work: Callable[[], object]) -> float:
    """The time that the slowest rank takes."""
    dist.barrier()
    begun = time.monotonic()
    work()
    dist.barrier()
    return time.monotonic() - begun


def main(folder: Path) -> None:
    """Measures and prints a line for each turn and one for all."""
    mesh = dist.device_mesh.init_device_mesh("cpu", (dist.get_world_size(),))
    state = {
        kind: {
            str(number): distribute_tensor(torch.randn(ROWS, ROWS), mesh, [Shard(0)])
            for number in range(TENSORS)
        }
        for kind in ("parameters", "exp_avg", "exp_avg_sq")
    }
    shares = {kind: [each.to_local() for each in state[kind].values()] for kind in state}
    waiting = Checkpoints(folder / "waiting", rank=dist.get_rank())
    going_on = ShardedCheckpoints(folder / "going on")
    lines, ratios = [], []
    for turn in range(TURNS):
        before = seconds(partial(waiting.save, turn, partial(torch.save, shares)))
        now = seconds(partial(going_on.begin, turn, state, {}))
        rest = seconds(going_on.finish)
        lines.append(f"waits {before:.2f} s; goes on after {now:.2f} s, whole {rest:.2f} s later")
        ratios.append(before / now)
    if dist.get_rank() == 0:
        print(f"{len(state) * TENSORS * ROWS * ROWS * 4 / 1e6:.0f} MB", *lines, sep="\n")
        print(f"stands still for 1/{statistics.median(ratios[1:]):.1f} of the time")


if __name__ == "__main__":
    dist.init_process_group("gloo")
    with tempfile.TemporaryDirectory(prefix="standstill-") as own:
        of_rank_0 = [own]
        dist.broadcast_object_list(of_rank_0)
        main(Path(of_rank_0[0]))
        dist.barrier()  # rank 0 removes the folder
    dist.destroy_process_group()
