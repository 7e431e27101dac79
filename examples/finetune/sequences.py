"""The text of a channel, as sequences of tokens."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from hyperparameters import RefusalError


def load_sequences(folder: Path, tokenizer: Any, length: int) -> Any:
    """All texts as one row of tokens, cut into sequences of one length.

    Raises:
        RefusalError: if there is not one sequence.
    """
    tokens: list[int] = []
    for text in texts(folder):
        tokens += [*tokenizer(text)["input_ids"], tokenizer.eos_token_id]
    whole = len(tokens) // length * length
    if not whole:
        raise RefusalError(f"{folder} holds {len(tokens)} tokens, less than a sequence of {length}")
    return torch.tensor(tokens[:whole]).view(-1, length)


def texts(folder: Path) -> Iterator[str]:
    """The texts in a channel's *.jsonl files, in order."""
    for path in sorted(folder.rglob("*.jsonl")):
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)["text"]
