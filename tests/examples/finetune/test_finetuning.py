"""What can be said of the fine-tuning example where there is no PyTorch."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from hyperparameters import (
    RefusalError,
    check_course,
    check_form,
    sequences_of_a_rank,
    unreadable,
)

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


def test_checkpoints_of_the_scripts_earlier_form_are_refused(tmp_path: Path) -> None:
    (tmp_path / "step-000000120.5f0c9a1e").mkdir()  # an unfinished save of this form
    check_form(tmp_path)
    (tmp_path / f"step-000000120.rank-0.sha256-{'0' * 64}").touch()
    with pytest.raises(RefusalError, match="of an earlier form of this script") as refused:
        check_form(tmp_path)
    assert "set fresh" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_checkpoint_of_another_model_is_refused_with_the_first_line_that_pytorch_says() -> None:
    refusal = str(unreadable(NAME, "Size mismatch between saved [12, 8] and [16, 8]\nat a.py:7"))
    assert refusal == (
        f"{NAME} can't be read into this model (Size mismatch between saved [12, 8] and [16, 8]): "
        "go back to the model that it was made with, or set fresh, which begins another lineage "
        "without a checkpoint"
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
