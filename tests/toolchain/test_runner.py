from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

import pytest

from toolchain.runner import Runner, Running, SetupError


def runner(tmp_path: Path, running: Running | None = None) -> Runner:
    return Runner("a step", tmp_path / "logs" / "step.log", "try again", running or Running())


def test_a_command_gives_back_its_lines_and_logs_them(tmp_path: Path):
    lines = runner(tmp_path).run([sys.executable, "-c", "print('one'); print('two')"])
    assert lines == ["one", "two"]
    assert "one\ntwo\n" in (tmp_path / "logs" / "step.log").read_text()


def test_a_failure_names_the_step_why_where_the_log_is_and_what_to_do(tmp_path: Path):
    script = "import sys; print('no space left'); sys.exit(3)"
    with pytest.raises(SetupError) as caught:
        runner(tmp_path).run([sys.executable, "-c", script])
    assert caught.value.step == "a step"
    assert "exit code 3" in caught.value.reason
    assert "no space left" in caught.value.reason
    assert "step.log" in caught.value.reason
    assert caught.value.remedy == "try again"


def test_a_program_that_is_not_there_is_a_failure_too(tmp_path: Path):
    with pytest.raises(SetupError, match="No such file"):
        runner(tmp_path).run([tmp_path / "absent"])


def test_ending_all_ends_what_runs_and_what_starts_later(tmp_path: Path):
    running = Running()
    sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
    threading.Timer(0.5, running.terminate).start()
    started = time.monotonic()
    for _ in range(2):
        with pytest.raises(SetupError):
            runner(tmp_path, running).run(sleep)
    assert time.monotonic() - started < 300
