from __future__ import annotations

import subprocess
import sys

import pytest

from development.readers import run_reader

INTERRUPTS = """
import os, signal, time
assert os.getpgid(0) == os.getpid(), "Ctrl-C does not reach this process"
print(os.getpid(), flush=True)
os.kill(os.getppid(), signal.SIGINT)
time.sleep(600)
"""


def test_ctrl_c_ends_a_reader_which_prints_nothing_about_it(capfd: pytest.CaptureFixture[str]):
    with pytest.raises(KeyboardInterrupt):
        run_reader([sys.executable, "-c", INTERRUPTS])
    printed = capfd.readouterr()
    assert printed.err == ""
    shown = subprocess.run(["ps", "-p", printed.out.strip()], stdout=subprocess.PIPE, check=False)
    assert shown.returncode != 0


def test_a_reader_has_its_exit_code_and_what_it_prints():
    done = run_reader([sys.executable, "-c", "print(1); exit(3)"], stdout=subprocess.PIPE)
    assert (done.returncode, done.stdout) == (3, "1\n")
