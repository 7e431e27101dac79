"""Why a script failed, in the words that the service shows."""

from __future__ import annotations

import pytest

from tests.components.training_job.code_channel.container import Container


@pytest.mark.parametrize(
    ("script", "code", "failure"),
    [
        ("raise SystemExit(7)", 7, "train.py gave no reason"),
        ("raise SystemExit('no such data set')", 1, "train.py: no such data set"),
        ("print(1 / 0)", 1, "train.py: ZeroDivisionError: division by zero"),
        ("import nothing_there", 1, "No module named 'nothing_there'"),
        ("try:\n  {}[1]\nexcept KeyError:\n  raise ValueError('a\\n\\nb')", 1, "ValueError: a"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", 137, "out of memory"),
        (
            "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
            139,
            "train.py was ended by SIGSEGV",
        ),
    ],
)
def test_a_failing_script_gives_its_exit_code_and_says_why(
    container: Container, script: str, code: int, failure: str
) -> None:
    assert container.run_script(script).returncode == code
    assert failure in container.failure


BAR = "\r  0%|          | 0/3\r 33%|###       | 1/3 "
RAISED = 'Traceback (most recent call last):\n  File "train.py", line 1\n'


@pytest.mark.parametrize(
    ("said", "code", "shown"),
    [
        pytest.param(
            f"{BAR}{RAISED}ValueError: no data\rat all\n",
            1,
            "train.py: ValueError: no data at all",
            id="behind an open progress bar",
        ),
        pytest.param(
            f"ERROR retried\n{RAISED}KeyError: 'loss'\nno such data set\n",
            1,
            "train.py: KeyError: 'loss' … no such data set",
            id="an exception that was caught, or has two lines",
        ),
        pytest.param(
            f"{RAISED}KeyError: 'loss'\ngiving up\n",
            3,
            "train.py: giving up",
            id="an exception that was caught",
        ),
        pytest.param(f"{BAR}\n", 3, "train.py:  33%|###       | 1/3", id="only a bar"),
        pytest.param("a\0b\n", 3, "train.py: ab", id="no text"),
        pytest.param("corrupted list\n", 134, "train.py was ended by SIGABRT: corrupted list"),
        pytest.param("", 139, "train.py was ended by SIGSEGV", id="no word"),
    ],
)
def test_the_real_end_is_named_once_and_whole(
    container: Container, said: str, code: int, shown: str
) -> None:
    script = "import ast, os, sys; sys.stderr.write(ast.literal_eval(os.environ['TEXT']))\n"
    container.environment["TEXT"] = repr(said)
    assert container.run_script(f"{script}os._exit({code})").returncode == code
    assert container.failure == shown


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
        ("", ""),
    ],
)
def test_the_reason_is_what_the_script_said_and_not_torchruns_report_of_it(
    container: Container, said: str, shown: str
) -> None:
    script = "import os, sys; print(os.environ['TEXT'], file=sys.stderr); sys.exit(1)"
    container.environment["TEXT"] = f"{said}\n{TORCHRUNS_REPORT}"
    assert container.run_script(script).returncode == 1
    assert container.failure == (f"train.py: {shown}" if shown else "train.py gave no reason")
