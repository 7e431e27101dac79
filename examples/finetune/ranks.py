"""The job's processes, one a GPU: how they meet, speak with one voice and share a model."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard
from transformers import AutoConfig, AutoModelForCausalLM


def join_the_other_ranks() -> Any:
    """Meets the other processes, which torchrun's variables describe; returns this one's device.

    Without torchrun, this process is the only one.
    """
    only_rank = {"store": dist.HashStore(), "rank": 0, "world_size": 1}
    others: dict[str, Any] = {} if "RANK" in os.environ else only_rank
    if not torch.cuda.is_available():  # for trying the script out
        dist.init_process_group("gloo", **others)
        return torch.device("cpu")
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    torch.cuda.set_device(device)
    dist.init_process_group("nccl", device_id=device, **others)
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
    """Spreads a model over the ranks, layer by layer; each reads only its own share of it."""
    with torch.device("meta"):  # shapes without memory
        config = AutoConfig.from_pretrained(folder, local_files_only=True)
        model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    model.config.use_cache = False
    model.gradient_checkpointing_enable({"use_reentrant": False})
    policy = MixedPrecisionPolicy(param_dtype=torch.bfloat16, reduce_dtype=torch.float32)
    mesh = dist.device_mesh.init_device_mesh(device.type, (dist.get_world_size(),))
    for layer in model.get_decoder().layers:
        fully_shard(layer, mesh=mesh, mp_policy=policy)
    fully_shard(model, mesh=mesh, mp_policy=policy)
    model.to_empty(device=device)
    model.init_weights()  # for what the files don't have, such as the frequencies of positions
    saved = {
        name: tensor
        for name, tensor in model.state_dict().items()
        if name not in model.all_tied_weights_keys
    }
    dcp.load(saved, storage_reader=dcp.HuggingFaceStorageReader(str(folder)))
    return model.train()
