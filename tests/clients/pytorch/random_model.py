"""Makes a small Llama model of random weights, its tokenizer and a text, in the given folder."""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

WORDS = [f"word{number}" for number in range(200)]
STRIDES = (1, 3, 7)  # from a word to the next one in a text, which the model can learn
TEXTS, LENGTH = 600, 20


def make_model(folder: Path, hidden_size: int) -> None:
    vocabulary = {word: number for number, word in enumerate(["<unknown>", "<end>", *WORDS])}
    tokens = Tokenizer(models.WordLevel(vocabulary, unk_token="<unknown>"))
    tokens.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=tokens, unk_token="<unknown>", eos_token="<end>"
    )
    config = LlamaConfig(
        vocab_size=len(vocabulary),
        hidden_size=hidden_size,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        tie_word_embeddings=True,
    )
    torch.manual_seed(0)
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def write_texts(folder: Path) -> None:
    chosen = random.Random(0)  # noqa: S311 - the same text each time
    folder.mkdir()
    with (folder / "texts.jsonl").open("w") as file:
        for _ in range(TEXTS):
            first, stride = chosen.randrange(len(WORDS)), chosen.choice(STRIDES)
            words = (WORDS[(first + stride * i) % len(WORDS)] for i in range(LENGTH))
            file.write(json.dumps({"text": " ".join(words)}) + "\n")


if __name__ == "__main__":
    make_model(Path(sys.argv[1]) / "model", 64)
    make_model(Path(sys.argv[1]) / "wider-model", 128)
    write_texts(Path(sys.argv[1]) / "train")
