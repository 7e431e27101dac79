"""The job's processes, one a GPU: how they meet, speak with one voice and share a model."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard
from transformers import AutoModelForCausalLM


def join_the_other_ranks() -> Any:
    """Meets the other processes, which torchrun's variables describe; returns this one's device."""
    if not torch.cuda.is_available():  # for trying the script out
        dist.init_process_group("gloo")
        return torch.device("cpu")
    device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
    torch.cuda.set_device(device)
    dist.init_process_group("nccl", device_id=device)
    return device


def say(line: str) -> None:
    """Writes a line to the log, once for all ranks."""
    if dist.get_rank() == 0:
        print(line, flush=True)


def complain(line: str) -> None:
    """Says why the job can't run; the service shows the last such line as the job's failure.

    Once for each host, as each reports its own failure.
    """
    if os.environ.get("LOCAL_RANK", "0") == "0":
        print(line, file=sys.stderr, flush=True)


def shard(folder: Path, device: Any) -> Any:
    """Loads a model and spreads it over the ranks, layer by layer."""
    model = AutoModelForCausalLM.from_pretrained(
        folder, local_files_only=True, torch_dtype=torch.float32, use_safetensors=True
    )
    model.config.use_cache = False
    model.gradient_checkpointing_enable({"use_reentrant": False})
    policy = MixedPrecisionPolicy(param_dtype=torch.bfloat16, reduce_dtype=torch.float32)
    mesh = dist.device_mesh.init_device_mesh(device.type, (dist.get_world_size(),))
    for layer in model.get_decoder().layers:
        fully_shard(layer, mesh=mesh, mp_policy=policy)
    fully_shard(model, mesh=mesh, mp_policy=policy)
    return model.train()
