"""The checkpoint helper: a checkpoint is whole or not there, also after a kill."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import training_checkpoints as module
from training_checkpoints import Checkpoint, Checkpoints, StopSignal


def save(checkpoints: Checkpoints, step: int, content: bytes = b"state") -> Checkpoint:
    return checkpoints.save(step, lambda file: file.write(content))


def steps_in(folder: Path) -> list[int]:
    return sorted(int(path.name[5:14]) for path in folder.glob("step-*"))


def test_what_was_saved_is_found_again(tmp_path: Path) -> None:
    save(Checkpoints(tmp_path / "new"), 120, b"the state")
    newest = Checkpoints(tmp_path / "new").newest()
    assert newest is not None
    assert (newest.step, newest.path.read_bytes()) == (120, b"the state")


def test_an_empty_folder_has_no_newest(tmp_path: Path) -> None:
    assert Checkpoints(tmp_path).newest() is None


@pytest.mark.parametrize("damage", ["torn", "changed", "emptied", "gone"])
def test_a_damaged_checkpoint_is_passed_over(tmp_path: Path, damage: str) -> None:
    checkpoints = Checkpoints(tmp_path)
    save(checkpoints, 1)
    path = save(checkpoints, 2, b"0123456789").path
    if damage == "gone":
        path.unlink()
        path.symlink_to("nowhere")
    else:
        path.write_bytes({"torn": b"01234", "changed": b"0123456780", "emptied": b""}[damage])
    assert checkpoints.valid_steps() == [1]
    assert checkpoints.at(2) is None


def test_files_that_are_no_checkpoints_are_not_touched(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path)
    name = save(checkpoints, 1).path.name
    strangers = [f"{name}.sagemaker-uploading", f"{name}.sagemaker-uploaded", "notes.txt", "step-9"]
    for stranger in strangers:
        (tmp_path / stranger).touch()
    for step in range(2, 7):
        save(checkpoints, step)
    assert {path.name for path in tmp_path.iterdir()} >= set(strangers)
    newest = checkpoints.newest()
    assert newest is not None
    assert newest.step == 6


def test_only_the_last_ones_are_kept(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, keep=2)
    for step in (5, 10, 999_999_999, 10_000_000_000):
        save(checkpoints, step)
    assert checkpoints.valid_steps() == [10_000_000_000, 999_999_999]


def test_fewer_than_two_are_never_kept(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="keep is 1"):
        Checkpoints(tmp_path, keep=1)


def test_going_back_forgets_the_later_steps(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, keep=2)
    for step in (1, 2, 3):
        save(checkpoints, step)
    for step in (2, 3):
        next(tmp_path.glob(f"step-{step:09d}*")).write_bytes(b"damaged")
    save(checkpoints, 2, b"once more")
    assert steps_in(tmp_path) == [2]


def test_ranks_share_a_folder_without_touching_each_other(tmp_path: Path) -> None:
    ranks = [Checkpoints(tmp_path, rank=rank, keep=2) for rank in (0, 1, 10)]
    for step in (1, 2, 3):
        for checkpoints in ranks:
            save(checkpoints, step, f"{checkpoints.rank}:{step}".encode())
    next(tmp_path.glob("step-000000003.rank-1.*")).write_bytes(b"damaged")
    assert [checkpoints.valid_steps() for checkpoints in ranks] == [[3, 2], [2], [3, 2]]
    agreed = max(set.intersection(*(set(each.valid_steps()) for each in ranks)))
    shares = [each.at(agreed) for each in ranks]
    assert [share and share.path.read_text() for share in shares] == ["0:2", "1:2", "10:2"]


def test_a_write_that_fails_leaves_everything_as_it_was(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, keep=2)
    for step in (1, 2):
        save(checkpoints, step)
    before = sorted(tmp_path.iterdir())

    def full_disk(_: object) -> None:
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        checkpoints.save(3, full_disk)
    assert sorted(tmp_path.iterdir()) == before


def test_a_stop_signal_is_remembered_and_the_program_goes_on() -> None:
    before = signal.getsignal(signal.SIGTERM)
    try:
        stop = StopSignal()
        assert not stop.received
        signal.raise_signal(signal.SIGTERM)
        assert stop.received
    finally:
        signal.signal(signal.SIGTERM, before)


STOPPABLE = """
import sys, time
from training_checkpoints import Checkpoints, StopSignal

checkpoints, stop = Checkpoints(sys.argv[1]), StopSignal()
newest = checkpoints.newest()
step = newest.step if newest else 0
print('goes on after', step, flush=True)
stopping = False
while not stopping:
    time.sleep(0.001)
    step += 1
    print('step', step, flush=True)
    stopping = stop.received
    if step % 1000 == 0 or stopping:
        checkpoints.save(step, lambda file: file.write(str(step).encode()))
"""


def test_a_script_that_gets_a_stop_signal_saves_its_last_step_and_ends_well(tmp_path: Path) -> None:
    command = [sys.executable, "-c", STOPPABLE, str(tmp_path)]
    last = 0
    for _ in range(2):
        with subprocess.Popen(
            command, cwd=Path(module.__file__).parent, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == f"goes on after {last}\n"
            first = process.stdout.readline()
            assert first == f"step {last + 1}\n"
            process.terminate()
            last = int((first + process.stdout.read()).split()[-1])
            assert process.wait() == 0
        newest = Checkpoints(tmp_path).newest()
        assert newest is not None
        assert (newest.step, newest.path.read_text()) == (last, str(last))


# --- killed at random moments ---------------------------------------------------------------

WRITER = """
import sys, time
from training_checkpoints import Checkpoints

def write(step):
    def pieces(file):
        for _ in range(20):
            file.write(str(step).encode() * 5000)
            file.flush()
            time.sleep(0.0005)
    return pieces

checkpoints = Checkpoints(sys.argv[1])
newest = checkpoints.newest()
step = newest.step if newest else 0
print(step, flush=True)
while True:
    step += 1
    checkpoints.save(step, write(step))
    print(step, flush=True)
"""


def saved_until_killed(folder: Path, after_seconds: float) -> int:
    """Runs a writer, kills it, and returns the last step that it had reported as saved."""
    command = [sys.executable, "-c", WRITER, str(folder)]
    folder_of_helper = Path(module.__file__).parent
    with subprocess.Popen(
        command, cwd=folder_of_helper, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        time.sleep(after_seconds)
        process.kill()
        return int((first + process.stdout.read()).split()[-1])


def content_of(step: int) -> bytes:
    return str(step).encode() * 5000 * 20


def test_after_a_kill_at_any_moment_the_newest_is_whole_and_what_was_saved_is_there(
    tmp_path: Path,
) -> None:
    moments = random.Random(7)  # noqa: S311
    killed_while_writing = 0
    for _ in range(25):
        reported = saved_until_killed(tmp_path, moments.uniform(0.0, 0.08))
        killed_while_writing += bool(list(tmp_path.glob("*.sagemaker-ignore")))
        newest = Checkpoints(tmp_path).newest()
        assert (newest.step if newest else 0) in (reported, reported + 1)
        assert newest is None or newest.path.read_bytes() == content_of(newest.step)
    assert killed_while_writing > 3
    Checkpoints(tmp_path).save(10**6, lambda file: file.write(b"whole"))  # clears what is left
    assert len(list(tmp_path.iterdir())) == 3
