"""Trains a small network on handwritten digits, data-parallel over all hosts of the job.

Every host computes the gradient of its share of each batch, and one all-reduce a step adds the
shares up. Rank 0 writes the checkpoints and the model. The same settings on as many hosts give the
same model to the last bit, whether or not the run was interrupted: a batch follows from seed and
step only. So a run can also go on with another number of hosts: they share the same batches.

The launcher says where the other hosts are: JAX itself reads JAX_COORDINATOR_ADDRESS, this script
JAX_NUM_PROCESSES and JAX_PROCESS_ID. Without them there is no other host.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# The last bits of a sum depend on how many threads share the work, and by default that is the
# machine's number of cores. A network this small is fastest with one. Read when JAX is imported.
os.environ.setdefault("PJRT_NPROC", "1")

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental.multihost_utils import broadcast_one_to_all
from jax.sharding import Mesh, NamedSharding, PartitionSpec

import digits
import network
from digits import Digits
from training_checkpoints import Checkpoint, Checkpoints, StopSignal

SECONDS_UNTIL_A_SILENT_HOST_IS_GIVEN_UP = 20
MEAN_DECAY, SQUARE_DECAY, SMALLEST_SQUARE_ROOT = 0.9, 0.999, 1e-8  # of the optimizer, Adam

UNUSABLE = -1  # what rank 0 sends as the step if the others have to give up with it

place = jax.make_array_from_process_local_data

State = dict[str, Any]
"""What a step changes: the parameters and the gradient's running mean and square, as vectors."""


def main() -> int:
    """Trains, and returns the exit code."""
    settings = parse_settings()
    training, held_out = digits.split(digits.load(settings.data))
    join_the_other_hosts()
    trainer = Trainer(settings, training, held_out, StopSignal())
    usable = trainer.start()
    if usable and trainer.run():
        trainer.save_model()
    leave_the_other_hosts()
    return 0 if usable else 1


# --- settings and hosts ---------------------------------------------------------------------


@dataclass(frozen=True)
class Settings:
    """The job's hyperparameters, and where its files are."""

    epochs: int
    batch_size: int
    learning_rate: float
    hidden: int
    seed: int
    checkpoint_every: int
    data: Path
    checkpoints: Path
    model: Path

    @property
    def course(self) -> dict[str, int]:
        """What a checkpoint can't be continued without: it fixes the shapes and the batches."""
        return {"hidden": self.hidden, "batch-size": self.batch_size, "seed": self.seed}


def parse_settings() -> Settings:
    """Reads the command line; wrong values end the program with a message."""
    here, base = Path(__file__).parent, os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml")
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--epochs", type=_positive, default=40, help="passes over the images")
    parser.add_argument("--batch-size", type=_positive, default=32, help="images a step, all hosts")
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--hidden", type=_positive, default=256, help="width of the hidden layers")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--checkpoint-every", type=_positive, default=200, help="steps")
    folders = parser.add_argument_group("folders, which the container's variables name")
    for option, variable, otherwise in (
        ("--data", "SM_CHANNEL_TRAIN", here / "data"),
        ("--checkpoints", "SM_CHECKPOINT_DIR", Path(base, "checkpoints")),
        ("--model", "SM_MODEL_DIR", Path(base, "model")),
    ):
        folders.add_argument(
            option, type=Path, metavar="FOLDER", default=os.environ.get(variable, otherwise)
        )
    return Settings(**vars(parser.parse_args()))


def _positive(text: str) -> int:
    if int(text) < 1:
        raise ValueError
    return int(text)


def join_the_other_hosts() -> None:
    """Meets the other hosts' processes, if there are any."""
    hosts = int(os.environ.get("JAX_NUM_PROCESSES", "1"))
    if hosts == 1:
        return
    # JAX's own handling of SIGTERM would replace this script's.
    jax.config.update("jax_enable_preemption_service", False)
    jax.distributed.initialize(
        num_processes=hosts,
        process_id=int(os.environ["JAX_PROCESS_ID"]),
        cluster_detection_method="deactivate",
        heartbeat_timeout_seconds=SECONDS_UNTIL_A_SILENT_HOST_IS_GIVEN_UP,
    )


def leave_the_other_hosts() -> None:
    """Waits until all have come here, so that none misses another."""
    if jax.distributed.is_initialized():
        jax.distributed.shutdown()


def is_first_host() -> bool:
    """Whether this process writes the files and the log lines."""
    return bool(jax.process_index() == 0)


def say(line: str) -> None:
    """Writes a line to the log, once for all hosts."""
    if is_first_host():
        print(line, flush=True)


def complain(line: str) -> None:
    """Says why the job can't run; the service shows the last such line as the job's failure."""
    if is_first_host():
        print(line, file=sys.stderr, flush=True)


class Trainer:
    """One run: from the newest checkpoint, or from the start, to the last step or to a stop."""

    def __init__(
        self, settings: Settings, training: Digits, held_out: Digits, stop: StopSignal
    ) -> None:
        self.settings = settings
        self.training = training
        self.held_out = held_out
        self.stop = stop
        self.steps_an_epoch = len(training) // settings.batch_size
        self.last_step = settings.epochs * self.steps_an_epoch
        self.architecture = network.Architecture.with_hidden(settings.hidden)
        self.checkpoints = Checkpoints(settings.checkpoints)
        mesh = Mesh(np.array(jax.devices()), ("devices",))
        self.shared = NamedSharding(mesh, PartitionSpec("devices"))
        self.replicated = NamedSharding(mesh, PartitionSpec())
        vector = network.flatten(network.initial(self.architecture, settings.seed))
        self.step = 0
        self.state: State = {
            "parameters": vector,
            "mean": np.zeros_like(vector),
            "square": np.zeros_like(vector),
        }
        self.update = make_update(
            mesh, self.architecture, settings.batch_size, settings.learning_rate
        )

    def start(self) -> bool:
        """Gives all hosts the newest checkpoint that rank 0 finds; says so if they can't start."""
        size, images = self.settings.batch_size, len(self.training)
        if size > images:
            complain(f"batch-size is {size}; it has to be at most {images}, the number of images")
            return False
        newest = self.checkpoints.newest() if is_first_host() else None
        if newest:
            self.step, self.state = read_checkpoint(newest, self.settings, self.state)
        # As whole numbers: the broadcast adds zeros, which would turn a -0.0 into 0.0.
        bits = {name: vector.view(np.int32) for name, vector in self.state.items()}
        step, bits = broadcast_one_to_all((np.int32(self.step), bits))
        self.step = int(step)
        vectors = {name: vector.view(np.float32) for name, vector in bits.items()}
        self.state = {name: place(self.replicated, vector) for name, vector in vectors.items()}
        if self.step >= self.last_step:
            say(f"step {self.step} is saved, of {self.last_step}: nothing is left to train")
        elif self.step > 0:
            say(f"goes on after step {self.step} of {self.last_step}")
        return self.step != UNUSABLE

    def run(self) -> bool:
        """Trains; returns whether it came to the last step rather than to a stop."""
        stopping = False
        while self.step < self.last_step and not stopping:
            self.state, loss, stops = self.update(self.state, self.step, *self._inputs(self.step))
            self.step += 1
            stopping = float(stops) > 0
            if self.step % self.steps_an_epoch == 0:
                self.report(float(loss))
            if stopping or self.step % self.settings.checkpoint_every == 0:
                self.save_checkpoint()
        if self.step < self.last_step:
            say(f"asked to stop: step {self.step} of {self.last_step} is saved")
        return bool(self.step >= self.last_step)

    def _inputs(self, step: int) -> list[Any]:
        """The host's share of a step's images and labels, and whether it was asked to stop.

        All devices get as many images. Where the batch can't be divided like that, its first
        images come again at its end, with the weight 0: the batch is the same on any number.
        """
        epoch, batch = divmod(step, self.steps_an_epoch)
        order = np.random.default_rng([self.settings.seed, epoch]).permutation(len(self.training))
        size, devices = self.settings.batch_size, jax.device_count()
        rows = order[batch * size :][:size]
        places = np.arange(-(-size // devices) * devices)
        own = np.array_split(places, jax.process_count())[jax.process_index()]
        share, weights = self.training[rows[own % size]], (own < size).astype(np.float32)
        stops = np.full(jax.local_device_count(), self.stop.received, np.float32)
        return [place(self.shared, part) for part in (share.images, share.labels, weights, stops)]

    def _parameters(self) -> network.Parameters:
        return network.unflatten(self.architecture, np.asarray(self.state["parameters"]))

    def report(self, loss: float) -> None:
        """Prints the epoch's last loss, and the accuracy on the held-out images."""
        if is_first_host():
            accuracy = network.accuracy(self._parameters(), self.held_out)
            epoch = self.step // self.steps_an_epoch
            say(f"epoch={epoch} step={self.step} loss={loss:.4f} accuracy={accuracy:.4f}")

    def save_checkpoint(self) -> None:
        """Saves the state, which is the same on all hosts, once."""
        if is_first_host():
            vectors = {name: np.asarray(vector) for name, vector in self.state.items()}
            content = vectors | self.settings.course
            self.checkpoints.save(self.step, lambda file: np.savez(file, **content))

    def save_model(self) -> None:
        """Saves what was learned, once, and prints how well it does on the held-out images."""
        self.save_checkpoint()
        if is_first_host():
            parameters = self._parameters()
            network.save(self.settings.model, self.architecture, parameters)
            accuracy = network.accuracy(parameters, self.held_out)
            say(f"test_accuracy={accuracy:.4f} on {len(self.held_out)} held-out images")


def make_update(
    mesh: Mesh, architecture: network.Architecture, batch_size: int, learning_rate: float
) -> Any:
    """The compiled function that does one step of Adam with a batch that all devices share."""

    def loss(parameters: Any, images: Any, labels: Any, weights: Any) -> Any:
        named = network.unflatten(architecture, parameters)
        scores = jax.nn.log_softmax(network.scores(named, images, jnp))
        return -(jnp.take_along_axis(scores, labels[:, None], axis=1)[:, 0] * weights).sum()

    def update(state: State, step: Any, images: Any, labels: Any, weights: Any, stops: Any) -> Any:
        own_loss, own_gradient = jax.value_and_grad(loss)(
            state["parameters"], images, labels, weights
        )
        own = jnp.concatenate([own_gradient, own_loss[None], stops])
        total = jax.lax.psum(own, "devices")
        gradient, mean_loss, stop = total[:-2] / batch_size, total[-2] / batch_size, total[-1]
        mean = MEAN_DECAY * state["mean"] + (1 - MEAN_DECAY) * gradient
        square = SQUARE_DECAY * state["square"] + (1 - SQUARE_DECAY) * gradient**2
        steps = step + 1.0
        size = jnp.sqrt(square / (1 - SQUARE_DECAY**steps)) + SMALLEST_SQUARE_ROOT
        change = learning_rate * mean / (1 - MEAN_DECAY**steps) / size
        new_state = {"parameters": state["parameters"] - change, "mean": mean, "square": square}
        return new_state, mean_loss, stop

    everywhere, shared = PartitionSpec(), PartitionSpec("devices")
    # Without the check, gradients stay each device's own until the sum above adds them up.
    on_all_devices = jax.shard_map(
        update,
        mesh=mesh,
        in_specs=(everywhere, everywhere, shared, shared, shared, shared),
        out_specs=everywhere,
        check_vma=False,
    )
    return jax.jit(on_all_devices)


def read_checkpoint(
    checkpoint: Checkpoint, settings: Settings, otherwise: State
) -> tuple[int, State]:
    """The step and the state in a checkpoint; says so if these settings can't go on from it."""
    with np.load(checkpoint.path, allow_pickle=False) as arrays:
        state = {name: arrays[name] for name in arrays.files}
    made_with = {name: int(state.pop(name)) for name in settings.course}
    if made_with == settings.course:
        return checkpoint.step, state
    complain(
        f"{checkpoint.path.name} was made with {made_with} and can't be continued with "
        f"{settings.course}: go back to those values, or start a fresh lineage"
    )
    return UNUSABLE, otherwise


if __name__ == "__main__":
    sys.exit(main())
