"""What can be said of the fine-tuning example where there is no PyTorch."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from hyperparameters import RefusalError, check_course, sequences_of_a_rank

EXAMPLES = Path(__file__).parents[3] / "examples"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(EXAMPLES / "finetune" / "train.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_its_help_needs_no_pytorch() -> None:
    done = run("--help")
    assert done.returncode == 0, done.stderr
    assert "--sequences-per-step" in done.stdout


@pytest.mark.skipif(importlib.util.find_spec("torch") is not None, reason="PyTorch is installed")
def test_it_says_what_the_image_lacks() -> None:
    done = run()
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "torch, transformers is missing" in done.stderr


def test_several_hosts_that_do_not_know_each_other_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SM_HOSTS", '["algo-1", "algo-2"]')
    done = run()
    assert (done.returncode, done.stderr) == (
        1,
        "each of the 2 hosts would train a model of its own: set distribution: torchrun for all of "
        "them, or instanceCount: 1\n",
    )


HERE = {"sequences-per-step": 32, "sequence-length": 1024, "seed": 0}
NAME = "the checkpoint of step 120"


def test_a_checkpoint_of_the_same_course_goes_on() -> None:
    check_course(NAME, dict(HERE), HERE)


def test_a_checkpoint_of_other_hyperparameters_is_refused_with_all_that_differs() -> None:
    with pytest.raises(RefusalError) as refused:
        check_course(NAME, HERE | {"seed": 7, "sequences-per-step": 64}, HERE)
    assert str(refused.value) == (
        f"{NAME} was made with sequences-per-step 64, seed 7 and can't be continued with "
        "sequences-per-step 32, seed 0: go back to those values, or set fresh, which begins "
        "another lineage without a checkpoint"
    )


@pytest.mark.parametrize(("ranks", "own"), [(1, 32), (2, 16), (8, 4), (32, 1)])
def test_any_number_of_ranks_that_divides_a_step_shares_it(ranks: int, own: int) -> None:
    assert sequences_of_a_rank(32, ranks) == own


@pytest.mark.parametrize("ranks", [3, 64])
def test_a_step_that_the_ranks_cant_share_equally_is_refused(ranks: int) -> None:
    with pytest.raises(
        RefusalError, match=f"which {ranks} ranks, one a GPU, can't share equally: run"
    ):
        sequences_of_a_rank(32, ranks)
