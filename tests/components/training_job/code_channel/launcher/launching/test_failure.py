"""Why a script failed, in the words that the service shows."""

from __future__ import annotations

import pytest

from tests.components.training_job.code_channel.container import Container


@pytest.mark.parametrize(
    ("script", "code", "failure"),
    [
        ("raise SystemExit(7)", 7, "train.py: exit code 7"),
        ("raise SystemExit('no such data set')", 1, "train.py: no such data set"),
        ("print(1 / 0)", 1, "train.py: ZeroDivisionError: division by zero"),
        ("import nothing_there", 1, "No module named 'nothing_there'"),
        ("try:\n  {}[1]\nexcept KeyError:\n  raise ValueError('a\\n\\nb')", 1, "ValueError: a"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", 137, "out of memory"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", 139, "exit code 139"),
    ],
)
def test_a_failing_script_gives_its_exit_code_and_says_why(
    container: Container, script: str, code: int, failure: str
) -> None:
    assert container.run_script(script).returncode == code
    assert failure in container.failure


def test_the_scripts_own_failure_text_is_kept_and_its_errors_are_shown(
    container: Container,
) -> None:
    report = container.base / "output" / "failure"
    done = container.run_script(
        f"import pathlib; p = pathlib.Path('{report}'); p.parent.mkdir(); p.write_text('mine')\n"
        "raise ValueError('not this')"
    )
    assert container.failure == "mine"
    assert "ValueError: not this" in done.stderr


def test_a_long_message_fits_into_what_the_service_shows(container: Container) -> None:
    assert container.run_script("raise ValueError('x' * 5000)").returncode == 1
    assert len(container.failure) == 1000


def test_a_script_that_ends_well_leaves_no_failure(container: Container) -> None:
    assert container.run_script("import sys; print('only a warning', file=sys.stderr)")
    assert not (container.base / "output" / "failure").exists()


def test_the_reason_is_the_ranks_exception_not_torchruns(container: Container) -> None:
    lines = [
        "[rank0]: Traceback (most recent call last):",
        '[rank0]:   File "train.py", line 1, in <module>',
        "[rank0]: torch.OutOfMemoryError: CUDA out of memory.",
        "Traceback (most recent call last):",
        "torch.distributed.elastic.multiprocessing.errors.ChildFailedError: ",
        "====",
    ]
    script = "import os, sys; print(os.environ['TEXT'], file=sys.stderr); sys.exit(1)"
    container.environment["TEXT"] = "\n".join(lines)
    assert container.run_script(script).returncode == 1
    assert container.failure == "train.py: torch.OutOfMemoryError: CUDA out of memory."


TORCHRUNS_REPORT = """\
W1129 00:39:31.1 12 torch/distributed/elastic/multiprocessing/api.py:900] Sending process 14 \
closing signal SIGTERM
E1129 00:39:31.2 12 torch/distributed/elastic/multiprocessing/api.py:882] failed (exitcode: 1) \
local_rank: 0 (pid: 13) of binary: /usr/bin/python3
Traceback (most recent call last):
  File "/usr/local/bin/torchrun", line 8, in <module>
    sys.exit(main())
torch.distributed.elastic.multiprocessing.errors.ChildFailedError:
============================================================
train.py FAILED
------------------------------------------------------------
Root Cause (first observed failure):
[0]:
  rank      : 0 (local_rank: 0)
  exitcode  : 1 (pid: 13)
  traceback : To enable traceback see: https://pytorch.org/docs/stable/elastic/errors.html
============================================================
"""


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("the checkpoint was written by 2 ranks", "the checkpoint was written by 2 ranks"),
        ("[rank0]: no such token", "no such token"),
        ("", "exit code 1"),
    ],
)
def test_the_reason_is_what_the_script_said_and_not_torchruns_report_of_it(
    container: Container, said: str, shown: str
) -> None:
    script = "import os, sys; print(os.environ['TEXT'], file=sys.stderr); sys.exit(1)"
    container.environment["TEXT"] = f"{said}\n{TORCHRUNS_REPORT}"
    assert container.run_script(script).returncode == 1
    assert container.failure == f"train.py: {shown}"
