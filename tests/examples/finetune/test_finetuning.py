"""What can be said of the fine-tuning example where there is no PyTorch."""

from __future__ import annotations

import importlib
import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest

from hyperparameters import obstacle
from training_checkpoints import Checkpoints

EXAMPLES = Path(__file__).parents[3] / "examples"


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


HERE = {"batch-size": 1, "gradient-accumulation": 8, "sequence-length": 1024, "seed": 0, "ranks": 4}
NAME = "the checkpoint of step 120"


def test_a_checkpoint_of_the_same_course_and_number_of_gpus_goes_on() -> None:
    assert obstacle(NAME, dict(HERE), HERE) == ""


@pytest.mark.parametrize("ranks", [1, 2, 8])
def test_a_checkpoint_of_another_number_of_gpus_is_refused_in_one_sentence(ranks: int) -> None:
    assert obstacle(NAME, HERE | {"ranks": ranks}, HERE) == (
        f"{NAME} was written by {ranks} ranks, one a GPU, and can't be read by 4: run on as many "
        f"GPUs as before, or set fresh, which begins another lineage without a checkpoint"
    ).replace("1 ranks", "1 rank")


@pytest.mark.parametrize(("ranks", "more"), [(4, ("", "")), (2, (", ranks 2", ", ranks 4"))])
def test_a_checkpoint_of_other_hyperparameters_is_refused_with_all_that_differs(
    ranks: int, more: tuple[str, str]
) -> None:
    why = obstacle(NAME, HERE | {"seed": 7, "batch-size": 2, "ranks": ranks}, HERE)
    assert why == (
        f"{NAME} was made with batch-size 2, seed 7{more[0]} and can't be continued with "
        f"batch-size 1, seed 0{more[1]}: go back to those values, or set fresh, which begins "
        "another lineage without a checkpoint"
    )


@pytest.fixture
def finetuning(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The module of the run itself, over a PyTorch that can only read files of JSON."""
    torch = MagicMock()
    torch.load = lambda path, **_: json.loads(path.read_text())
    for name in ("", ".distributed", ".distributed.checkpoint.state_dict", ".distributed.fsdp"):
        monkeypatch.setitem(sys.modules, f"torch{name}", torch.distributed if name else torch)
    monkeypatch.setitem(sys.modules, "torch.distributed.checkpoint", torch.distributed)
    monkeypatch.setitem(sys.modules, "transformers", MagicMock())
    yield importlib.import_module("finetuning")
    for own in ("finetuning", "ranks", "sequences"):
        sys.modules.pop(own, None)


@pytest.mark.parametrize(("before", "ranks"), [(1, 2), (2, 1)])
def test_each_rank_ends_without_a_traceback_and_each_host_says_why_once(
    finetuning: Any,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    before: int,
    ranks: int,
) -> None:
    written = json.dumps({"course": {"seed": 0, "ranks": before}}).encode()
    for rank in range(before):
        Checkpoints(tmp_path, rank=rank).save(7, lambda file: file.write(written))

    def run(rank: int) -> Any:
        run = finetuning.Finetuning.__new__(finetuning.Finetuning)
        run.settings = SimpleNamespace(course={"seed": 0})
        run.rank, run.ranks, run.checkpoints = rank, ranks, Checkpoints(tmp_path, rank=rank)
        return run

    def gather(gathered: list[Any], _own: Any) -> None:
        for rank in range(ranks):
            newest = run(rank).checkpoints.newest()
            gathered[rank] = (run(rank).obstacle(newest) if newest else "", [7] if newest else [])

    monkeypatch.setattr(finetuning.dist, "all_gather_object", gather)
    for rank in range(ranks):
        monkeypatch.setenv("LOCAL_RANK", str(rank))
        assert run(rank).go_on_from_the_newest_checkpoint() is False
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"the checkpoint of step 7 was written by {before} rank")
    assert f"can't be read by {ranks}: run on as many GPUs as before" in line
