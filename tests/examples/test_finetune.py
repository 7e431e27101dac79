"""What can be said of the fine-tuning example where there is no PyTorch."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(EXAMPLES / "finetune" / "train.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_its_help_needs_no_pytorch() -> None:
    done = run("--help")
    assert done.returncode == 0, done.stderr
    assert "--gradient-accumulation" in done.stdout


@pytest.mark.skipif(importlib.util.find_spec("torch") is not None, reason="PyTorch is installed")
def test_it_says_what_the_image_lacks() -> None:
    done = run()
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "torch, transformers is missing" in done.stderr


def test_its_checkpoint_helper_is_the_tested_one() -> None:
    copies = [EXAMPLES / example / "checkpoints.py" for example in ("digits", "finetune")]
    assert copies[0].read_text() == copies[1].read_text()
