"""One run: from the newest checkpoint, or from the start, to the last step or to a stop."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.distributed as dist
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
    get_state_dict,
    set_state_dict,
)
from transformers import AutoTokenizer

from hyperparameters import (
    RefusalError,
    Settings,
    check_course,
    check_form,
    sequences_of_a_rank,
    unreadable,
)
from ranks import complain, join_the_other_ranks, say, shard
from sequences import load_sequences
from sharded_checkpoints import Save, ShardedCheckpoints
from training_checkpoints import StopSignal

LONGEST_GRADIENT = 1.0
OPTIMIZER: dict[str, Any] = {"betas": (0.9, 0.95), "weight_decay": 0.1}


def fine_tune(settings: Settings) -> bool:
    """Fine-tunes and saves the model; a run that is asked to stop leaves a checkpoint instead.

    Returns whether it could start: why it can't is printed, not raised, as each rank would write a
    traceback of its own.
    """
    device = join_the_other_ranks()
    try:
        finetuning = Finetuning(settings, device, StopSignal())
        finetuning.go_on_from_the_newest_checkpoint()
    except RefusalError as refusal:
        complain(str(refusal))
        dist.destroy_process_group()
        return False
    if finetuning.run():
        finetuning.save_model()
    finetuning.checkpoints.finish()
    dist.destroy_process_group()
    return True


class Finetuning:
    """A model that is fine-tuned, and how far that has come; the same on every rank."""

    def __init__(self, settings: Settings, device: Any, stop: StopSignal) -> None:
        self.settings = settings
        self.device = device
        self.stop = stop
        self.step = self.saved_step = 0
        self.rank, self.ranks = dist.get_rank(), dist.get_world_size()
        self.own_sequences = sequences_of_a_rank(settings.sequences_per_step, self.ranks)
        self.checkpoints = ShardedCheckpoints(settings.checkpoints)
        self.newest = newest_checkpoint(self.checkpoints, settings)
        self.tokenizer = AutoTokenizer.from_pretrained(settings.model, local_files_only=True)
        self.sequences = load_sequences(settings.data, self.tokenizer, settings.sequence_length)
        self.steps_an_epoch = len(self.sequences) // settings.sequences_per_step
        self.last_step = settings.epochs * self.steps_an_epoch
        if not self.steps_an_epoch:
            few, step = len(self.sequences), settings.sequences_per_step
            raise RefusalError(f"{few} sequences of text are fewer than the {step} of one step")
        self.model = shard(settings.model, device)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), **OPTIMIZER)

    def run(self) -> bool:
        """Trains; returns whether it came to the last step rather than to a stop."""
        stopping = False
        while self.step < self.last_step and not stopping:
            loss, stopping = self.take_step()
            say(f"epoch={self.step / self.steps_an_epoch:.3f} step={self.step} loss={loss:.4f}")
            if stopping or self.step % self.settings.checkpoint_every == 0:
                self.save_checkpoint()
        if self.step < self.last_step:
            self.checkpoints.finish()
            say(f"asked to stop: step {self.step} of {self.last_step} is saved")
        return bool(self.step >= self.last_step)

    def take_step(self) -> tuple[float, bool]:
        """Does one step; the mean loss of all ranks, and whether any of them was asked to stop."""
        total = torch.zeros((), device=self.device)
        batches = self.batches()
        for i, batch in enumerate(batches, start=1):
            self.model.set_requires_gradient_sync(i == len(batches))
            loss = self.model(input_ids=batch, labels=batch).loss * len(batch) / self.own_sequences
            loss.backward()
            total += loss.detach()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), LONGEST_GRADIENT)
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate()
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.step += 1
        summed = torch.stack([total, total.new_tensor(float(self.stop.received))])
        dist.all_reduce(summed)
        return float(summed[0]) / self.ranks, float(summed[1]) > 0

    def batches(self) -> list[Any]:
        """The rank's share of the step's sequences.

        The sequences of a step follow from the seed and the step only: on any number of ranks, a
        step has the same.
        """
        epoch, step = divmod(self.step, self.steps_an_epoch)
        random = torch.Generator().manual_seed(self.settings.seed * 1_000_003 + epoch)
        order = torch.randperm(len(self.sequences), generator=random)
        rows = order[step * self.settings.sequences_per_step :][: self.settings.sequences_per_step]
        own = self.sequences[rows[self.rank :: self.ranks]].to(self.device)
        return list(own.split(self.settings.batch_size))

    def learning_rate(self) -> float:
        """Rises to its highest over the first steps, and falls to a tenth of it along a cosine."""
        risen = min(1.0, (self.step + 1) / self.settings.warm_up_steps)
        fallen = 0.55 + 0.45 * math.cos(math.pi * self.step / self.last_step)
        return self.settings.learning_rate * risen * fallen

    def save_checkpoint(self) -> None:
        """Begins to save parameters and moments, unless those of this step are saved."""
        if self.saved_step != self.step:
            self.checkpoints.begin(self.step, self.state(), self.settings.course)
            self.saved_step = self.step

    def state(self) -> dict[str, Any]:
        """What a step changes, by names that don't depend on the ranks."""
        model, optimizer = get_state_dict(self.model, self.optimizer)
        return {"model": model, "optimizer": optimizer}

    def go_on_from_the_newest_checkpoint(self) -> None:
        """Takes up the newest whole checkpoint, if there is one.

        Raises:
            RefusalError: if it is one of another model.
        """
        if self.newest is None:
            return
        state = self.state()
        try:
            self.checkpoints.load(self.newest, state)
        except CheckpointException as error:
            [(why, _), *_] = error.failures.values()
            raise unreadable(checkpoint_of(self.newest.step), str(why)) from error
        set_state_dict(
            self.model,
            self.optimizer,
            model_state_dict=state["model"],
            optim_state_dict=state["optimizer"],
        )
        self.step = self.saved_step = self.newest.step
        if self.step >= self.last_step:
            say(f"step {self.step} is saved, of {self.last_step}: nothing is left to train")
        else:
            say(f"goes on after step {self.step} of {self.last_step}; ranks: {self.ranks}")

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


def newest_checkpoint(checkpoints: ShardedCheckpoints, settings: Settings) -> Save | None:
    """The newest whole checkpoint; None if there is none.

    Raises:
        RefusalError: if it can't be continued.
    """
    newest = checkpoints.newest()
    if newest:
        check_course(checkpoint_of(newest.step), newest.made_with, settings.course)
    else:
        check_form(settings.checkpoints)
    return newest


def checkpoint_of(step: int) -> str:
    """What a message calls the checkpoint of a step."""
    return f"the checkpoint of step {step}"
