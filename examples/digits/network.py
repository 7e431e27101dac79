"""A fully connected network that NumPy and JAX compute alike, and its two files.

`model.npz` holds the arrays and `model.json` the architecture; neither can hold code.
"""

from __future__ import annotations

import io
import json
import math
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from digits import CLASSES, SIDE, Digits

ARRAYS_FILE = "model.npz"
ARCHITECTURE_FILE = "model.json"
LARGEST_BYTES = 64 << 20

Parameters = dict[str, Any]


@dataclass(frozen=True)
class Architecture:
    """The widths of the network's layers, the first for the pixels and the last for the classes."""

    widths: tuple[int, ...]

    @staticmethod
    def with_hidden(hidden: int) -> Architecture:
        """Two hidden layers of the same width."""
        return Architecture((SIDE * SIDE, hidden, hidden, CLASSES))

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of each array of the parameters, by name, in order."""
        layers = list(zip(self.widths, self.widths[1:], strict=False))
        weights = {f"weights_{i}": layer for i, layer in enumerate(layers)}
        return weights | {f"biases_{i}": layer[1:] for i, layer in enumerate(layers)}


def initial(architecture: Architecture, seed: int) -> Parameters:
    """Random weights that keep the signal's size from layer to layer, and no biases."""
    random = np.random.default_rng(seed)
    return {
        name: random.normal(0, np.sqrt(2 / shape[0]), shape).astype(np.float32)
        if len(shape) == 2
        else np.zeros(shape, np.float32)
        for name, shape in architecture.shapes.items()
    }


def flatten(parameters: Parameters) -> Any:
    """All parameters as one vector."""
    return np.concatenate([array.ravel() for array in parameters.values()])


def unflatten(architecture: Architecture, vector: Any) -> Parameters:
    """The parameters in a vector, of NumPy or of JAX, that `flatten` made."""
    parameters, start = {}, 0
    for name, shape in architecture.shapes.items():
        end = start + math.prod(shape)
        parameters[name] = vector[start:end].reshape(shape)
        start = end
    return parameters


def scores(parameters: Parameters, images: Any, library: Any = np) -> Any:
    """How strongly each image looks like each digit; `library` is NumPy or jax.numpy."""
    last = len(parameters) // 2 - 1
    layer = images
    for i in range(last + 1):
        layer = layer @ parameters[f"weights_{i}"] + parameters[f"biases_{i}"]
        if i < last:
            layer = library.maximum(layer, 0)
    return layer


def accuracy(parameters: Parameters, digits: Digits) -> float:
    """The share of the images that the network recognises."""
    return float((scores(parameters, digits.images).argmax(axis=1) == digits.labels).mean())


def save(folder: Path, architecture: Architecture, parameters: Parameters) -> None:
    """Writes the two files."""
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / ARRAYS_FILE, **parameters)
    (folder / ARCHITECTURE_FILE).write_text(json.dumps(asdict(architecture)) + "\n")


def load(architecture_file: bytes, arrays_file: bytes) -> Parameters:
    """The parameters in the two files' contents.

    Raises:
        ValueError: if they aren't what `save` writes.
    """
    try:
        architecture = Architecture(tuple(json.loads(architecture_file)["widths"]))
        parameters = _arrays(arrays_file)
    except (AttributeError, EOFError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise ValueError(f"these are no model's files: {error!r}") from error
    found = {name: array.shape for name, array in parameters.items()}
    if found != architecture.shapes:
        raise ValueError(f"{ARRAYS_FILE} holds {found} instead of {architecture.shapes}")
    return parameters


def _arrays(file: bytes) -> Parameters:
    with np.load(io.BytesIO(file), allow_pickle=False) as arrays:
        if sum(member.file_size for member in arrays.zip.infolist()) > LARGEST_BYTES:
            raise ValueError(f"{ARRAYS_FILE} unpacks to more than {LARGEST_BYTES} bytes")
        return {name: arrays[name] for name in arrays.files}
