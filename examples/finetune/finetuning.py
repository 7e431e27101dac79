"""One run: from the newest checkpoint, or from the start, to the last step or to a stop."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.distributed as dist
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict
from transformers import AutoTokenizer

from hyperparameters import Settings, obstacle
from ranks import complain, join_the_other_ranks, say, shard
from sequences import load_sequences
from training_checkpoints import Checkpoint, Checkpoints, StopSignal

LONGEST_GRADIENT = 1.0
OPTIMIZER: dict[str, Any] = {"betas": (0.9, 0.95), "weight_decay": 0.1}
MOMENTS = ("exp_avg", "exp_avg_sq")  # where it keeps the gradient's running mean and square


def fine_tune(settings: Settings) -> bool:
    """Fine-tunes and saves the model; a run that is asked to stop leaves a checkpoint instead.

    Returns whether it could start: a checkpoint that can't be continued is printed, not raised, as
    each rank would write a traceback of its own.
    """
    device = join_the_other_ranks()
    finetuning = Finetuning(settings, device, StopSignal())
    usable = finetuning.go_on_from_the_newest_checkpoint()
    if usable and finetuning.run():
        finetuning.save_model()
    dist.destroy_process_group()
    return usable


class Finetuning:
    """A model that is fine-tuned, and how far that has come; the same on every rank."""

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
            say(f"asked to stop: step {self.step} of {self.last_step} is saved")
        return bool(self.step >= self.last_step)

    def take_step(self) -> tuple[float, bool]:
        """Does one step; the mean loss of all ranks, and whether any of them was asked to stop."""
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

    @property
    def course(self) -> dict[str, int]:
        """What a checkpoint can't be continued without."""
        return {**self.settings.course, "ranks": self.ranks}

    def save_checkpoint(self) -> None:
        """Saves this rank's share of parameters and moments; no rank goes on before all have."""
        content = {"course": self.course, "state": self.shares()}
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

    def go_on_from_the_newest_checkpoint(self) -> bool:
        """Takes up the newest step of which every rank has its share, if there is one.

        Returns whether the job can run; says why if it can't go on from what is there.
        """
        own_newest = self.checkpoints.newest()
        # Of another number of ranks, perhaps: then there is no step in common, and some have none.
        own_obstacle = self.obstacle(own_newest) if own_newest else ""
        all_ranks: list[tuple[str, list[int]]] = [("", [])] * self.ranks
        dist.all_gather_object(all_ranks, (own_obstacle, self.checkpoints.valid_steps()))
        if obstacles := [each for each, _ in all_ranks if each]:
            complain(obstacles[0])
            return False
        common = set.intersection(*(set(steps) for _, steps in all_ranks))
        newest = self.checkpoints.at(max(common)) if common else None
        if newest is None:
            return True
        if why := self.obstacle(newest):  # the newest of each rank can be continued, this can't
            raise ValueError(why)
        self.step = newest.step
        for parameter in self.parameters.values():  # as the optimizer does at its first step
            moments = {moment: torch.zeros_like(parameter) for moment in MOMENTS}
            self.optimizer.state[parameter] = {"step": torch.tensor(float(self.step)), **moments}
        saved = self.read(newest)["state"]
        for kind, tensors in self.shares().items():
            for name, tensor in tensors.items():
                tensor.copy_(saved[kind][name])
        if self.step >= self.last_step:
            say(f"step {self.step} is saved, of {self.last_step}: nothing is left to train")
        else:
            say(f"goes on after step {self.step} of {self.last_step}")
        return True

    def obstacle(self, checkpoint: Checkpoint) -> str:
        """Why a checkpoint can't be continued, in one sentence; "" if it can be."""
        made_with = self.read(checkpoint)["course"]
        return obstacle(f"the checkpoint of step {checkpoint.step}", made_with, self.course)

    def read(self, checkpoint: Checkpoint) -> dict[str, Any]:
        """What is in a checkpoint; the tensors stay on the disk until they are copied."""
        content: dict[str, Any] = torch.load(
            checkpoint.path, mmap=True, map_location="cpu", weights_only=True
        )
        return content

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
