"""Fine-tunes a causal language model on all GPUs of all hosts of the job.

One process a GPU, started by torchrun. PyTorch's fully sharded data parallelism spreads
parameters, gradients and optimizer state over them; each computes in bfloat16 and keeps its share
of the parameters in single precision. Every rank saves its own share in a checkpoint, and all go
on from the newest step that each of them has whole.

Channels: `model` holds a model and its tokenizer as Hugging Face's `save_pretrained` writes them,
`train` holds *.jsonl files of {"text": …}. The container needs no network.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import json
import math
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checkpoints import Checkpoint, Checkpoints, StopSignal

with contextlib.suppress(ModuleNotFoundError):  # --help works without them; main looks again
    import torch
    import torch.distributed as dist
    from torch.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict
    from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard
    from transformers import AutoModelForCausalLM, AutoTokenizer

NEEDED = ("torch", "transformers")
LONGEST_GRADIENT = 1.0
OPTIMIZER: dict[str, Any] = {"betas": (0.9, 0.95), "weight_decay": 0.1}
MOMENTS = ("exp_avg", "exp_avg_sq")  # where it keeps the gradient's running mean and square


def main() -> int:
    """Fine-tunes, and returns the exit code."""
    settings = parse_settings()
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        sys.exit(f"train.py runs in a PyTorch training image; here {', '.join(missing)} is missing")
    device = join_the_other_ranks()
    finetuning = Finetuning(settings, device, StopSignal())
    finetuning.go_on_from_the_newest_checkpoint()
    if finetuning.run():
        finetuning.save_model()
    dist.destroy_process_group()
    return 0


# --- settings -------------------------------------------------------------------------------


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


def parse_settings() -> Settings:
    """Reads the command line; wrong values end the program with a message."""
    base = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
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


# --- ranks ----------------------------------------------------------------------------------


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


# --- text -----------------------------------------------------------------------------------


def load_sequences(folder: Path, tokenizer: Any, length: int) -> Any:
    """All texts as one row of tokens, cut into sequences of one length.

    Raises:
        ValueError: if there is not one sequence.
    """
    tokens: list[int] = []
    for text in texts(folder):
        tokens += [*tokenizer(text)["input_ids"], tokenizer.eos_token_id]
    whole = len(tokens) // length * length
    if not whole:
        raise ValueError(f"{folder} holds {len(tokens)} tokens, less than a sequence of {length}")
    return torch.tensor(tokens[:whole]).view(-1, length)


def texts(folder: Path) -> Iterator[str]:
    """The texts in a channel's *.jsonl files, in order."""
    for path in sorted(folder.rglob("*.jsonl")):
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)["text"]


# --- training -------------------------------------------------------------------------------


class Finetuning:
    """One run: from the newest checkpoint, or from the start, to the last step or to a stop."""

    def __init__(self, settings: Settings, device: Any, stop: StopSignal) -> None:
        self.settings = settings
        self.device = device
        self.stop = stop
        self.step = 0
        self.rank, self.ranks = dist.get_rank(), dist.get_world_size()
        self.checkpoints = Checkpoints(settings.checkpoints, rank=self.rank)
        self.tokenizer = AutoTokenizer.from_pretrained(settings.model, local_files_only=True)
        self.sequences = load_sequences(settings.data, self.tokenizer, settings.sequence_length)
        self.sequences_a_step = settings.batch_size * settings.gradient_accumulation * self.ranks
        self.steps_an_epoch = len(self.sequences) // self.sequences_a_step
        self.last_step = settings.epochs * self.steps_an_epoch
        self.model = shard(settings.model, device)
        self.parameters = dict(self.model.named_parameters())
        self.optimizer = torch.optim.AdamW(self.parameters.values(), **OPTIMIZER)
        if not self.steps_an_epoch:
            few, step = len(self.sequences), self.sequences_a_step
            raise ValueError(f"{few} sequences of text are fewer than the {step} of one step")

    def run(self) -> bool:
        """Trains; returns whether it came to the last step rather than to a stop."""
        stopping = False
        while self.step < self.last_step and not stopping:
            loss, stopping = self.take_step()
            say(f"epoch={self.step / self.steps_an_epoch:.3f} step={self.step} loss={loss:.4f}")
            if stopping or self.step % self.settings.checkpoint_every == 0:
                self.save_checkpoint()
        if self.step < self.last_step:
            say(f"told to stop: step {self.step} of {self.last_step} is saved")
        return bool(self.step >= self.last_step)

    def take_step(self) -> tuple[float, bool]:
        """Does one step; the mean loss of all ranks, and whether any of them was told to stop."""
        total = torch.zeros((), device=self.device)
        batches = self.batches()
        for i, batch in enumerate(batches, start=1):
            self.model.set_requires_gradient_sync(i == len(batches))
            loss = self.model(input_ids=batch, labels=batch).loss / len(batches)
            loss.backward()
            total += loss.detach()
        torch.nn.utils.clip_grad_norm_(self.parameters.values(), LONGEST_GRADIENT)
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate()
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.step += 1
        summed = torch.stack([total, total.new_tensor(float(self.stop.received))])
        dist.all_reduce(summed)
        return float(summed[0]) / self.ranks, float(summed[1]) > 0

    def batches(self) -> list[Any]:
        """The rank's share of the step's sequences, which follow from the seed and the step."""
        epoch, step = divmod(self.step, self.steps_an_epoch)
        random = torch.Generator().manual_seed(self.settings.seed * 1_000_003 + epoch)
        order = torch.randperm(len(self.sequences), generator=random)
        rows = order[step * self.sequences_a_step :][: self.sequences_a_step]
        own = self.sequences[rows[self.rank :: self.ranks]].to(self.device)
        return list(own.split(self.settings.batch_size))

    def learning_rate(self) -> float:
        """Rises to its highest over the first steps, and falls to a tenth of it along a cosine."""
        risen = min(1.0, (self.step + 1) / self.settings.warm_up_steps)
        fallen = 0.55 + 0.45 * math.cos(math.pi * self.step / self.last_step)
        return self.settings.learning_rate * risen * fallen

    def save_checkpoint(self) -> None:
        """Saves this rank's share of parameters and moments; no rank goes on before all have."""
        course = {**self.settings.course, "ranks": self.ranks}
        content = {"course": course, "state": self.shares()}
        self.checkpoints.save(self.step, lambda file: torch.save(content, file))
        dist.barrier()

    def shares(self) -> dict[str, dict[str, Any]]:
        """The tensors that a step changes, by what they are and by parameter: this rank's parts."""
        own = {name: parameter.detach().to_local() for name, parameter in self.parameters.items()}
        state = {name: self.optimizer.state[self.parameters[name]] for name in self.parameters}
        moments = {
            moment: {name: state[name][moment].to_local() for name in state} for moment in MOMENTS
        }
        return {"parameters": own, **moments}

    def go_on_from_the_newest_checkpoint(self) -> None:
        """Takes up the newest step of which every rank has its share, if there is one."""
        own_newest = self.checkpoints.newest()
        if own_newest:  # of another number of ranks, perhaps, which have no step in common
            self.read(own_newest)
        steps: list[list[int]] = [[]] * self.ranks
        dist.all_gather_object(steps, self.checkpoints.valid_steps())
        common = set.intersection(*map(set, steps))
        newest = self.checkpoints.at(max(common)) if common else None
        if newest is None:
            return
        self.step = newest.step
        for parameter in self.parameters.values():  # as the optimizer does at its first step
            moments = {moment: torch.zeros_like(parameter) for moment in MOMENTS}
            self.optimizer.state[parameter] = {"step": torch.tensor(float(self.step)), **moments}
        saved = self.read(newest)
        for kind, tensors in self.shares().items():
            for name, tensor in tensors.items():
                tensor.copy_(saved[kind][name])
        say(f"goes on after step {self.step} of {self.last_step}")

    def read(self, checkpoint: Checkpoint) -> dict[str, dict[str, Any]]:
        """The tensors in a checkpoint, which stay on the disk until they are copied.

        Raises:
            ValueError: if it was made with other settings or another number of ranks.
        """
        content = torch.load(checkpoint.path, mmap=True, map_location="cpu", weights_only=True)
        here = {**self.settings.course, "ranks": self.ranks}
        if content["course"] != here:
            raise ValueError(
                f"{checkpoint.path.name} was made with {content['course']} and can't be continued "
                f"with {here}: go back to those values, or start a fresh lineage"
            )
        state: dict[str, dict[str, Any]] = content["state"]
        return state

    def save_model(self) -> None:
        """Saves the whole model and its tokenizer, by rank 0, as `save_pretrained` does."""
        self.save_checkpoint()
        options = StateDictOptions(full_state_dict=True, cpu_offload=True)
        whole = get_model_state_dict(self.model, options=options)
        if self.rank == 0:
            halves = {name: tensor.to(torch.bfloat16) for name, tensor in whole.items()}
            self.model.save_pretrained(self.settings.output, state_dict=halves)
            self.tokenizer.save_pretrained(self.settings.output)
        say(f"saved the model after step {self.step}")


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


if __name__ == "__main__":
    sys.exit(main())
