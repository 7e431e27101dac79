"""Fine-tunes a causal language model on all GPUs of all hosts of the job.

One process a GPU, started by torchrun. PyTorch's fully sharded data parallelism spreads
parameters, gradients and optimizer state over them; each computes in bfloat16 and keeps its share
of the parameters in single precision. Every rank saves its own share in a checkpoint, while
training goes on. Any number of ranks goes on from the newest one that is whole.

Channels: `model` holds a model and its tokenizer as Hugging Face's `save_pretrained` writes them,
`train` holds *.jsonl files of {"text": …}. The container needs no network.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys

from hyperparameters import parse_settings

NEEDED = ("torch", "transformers")


def main() -> int:
    """Fine-tunes, and returns the exit code."""
    settings = parse_settings(__doc__.partition("\n")[0])
    hosts = json.loads(os.environ.get("SM_HOSTS", "[]"))
    if len(hosts) > 1 and "RANK" not in os.environ:
        sys.exit(
            f"each of the {len(hosts)} hosts would train a model of its own: set distribution: "
            "torchrun for all of them, or instanceCount: 1"
        )
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        sys.exit(f"train.py runs in a PyTorch training image; here {', '.join(missing)} is missing")
    from finetuning import fine_tune  # --help works without them

    return 0 if fine_tune(settings) else 1


if __name__ == "__main__":
    sys.exit(main())
