"""The launcher as a first process: signals and orphans."""

from __future__ import annotations

import signal
import subprocess

import pytest

from tests.components.training_job.code_channel.container import (
    SAVES_ON_SIGTERM,
    WAIT_SECONDS,
    Container,
    is_running,
    wait_until,
)


@pytest.mark.parametrize("code", [0, 3])
def test_sigterm_reaches_the_script_whose_exit_code_counts(container: Container, code: int) -> None:
    container.pack(
        {"train.py": SAVES_ON_SIGTERM.format(folder=container.base, name="a", code=code)}
    )
    process = container.start("--entry-point", "train.py")
    wait_until((container.base / "ready-a").exists)
    process.terminate()
    process.communicate(timeout=WAIT_SECONDS)
    assert process.returncode == code
    assert (container.base / "saved-a").exists()


def test_a_script_that_ignores_sigterm_dies_of_it_and_the_exit_code_says_so(
    container: Container,
) -> None:
    container.pack({"train.py": "print('ready'); import time; time.sleep(60)"})
    process = container.start("--entry-point", "train.py")
    assert process.stdout is not None
    wait_until(lambda: process.stdout is not None and process.stdout.readline() == "ready\n")
    process.terminate()
    process.communicate(timeout=WAIT_SECONDS)
    assert process.returncode == 128 + signal.SIGTERM
    assert not (container.base / "output" / "failure").exists()


def test_an_error_while_it_stops_is_the_reason_of_the_failure(container: Container):
    script = SAVES_ON_SIGTERM.format(folder=container.base, name="a", code=0)
    container.pack({"train.py": script.replace("sys.exit(0)", "raise OSError('disk full')")})
    process = container.start("--entry-point", "train.py")
    wait_until((container.base / "ready-a").exists)
    process.terminate()
    process.communicate(timeout=WAIT_SECONDS)
    assert process.returncode == 1
    assert container.failure == "train.py: OSError: disk full"


def test_a_data_loading_process_is_not_signalled_but_ends_with_its_rank(
    container: Container,
) -> None:
    helper = SAVES_ON_SIGTERM.format(folder=container.base, name="helper", code=0)
    rank = SAVES_ON_SIGTERM.format(folder=container.base, name="rank", code=0)
    container.pack(
        {
            "helper.py": f"import os\nopen('{container.base}/pid', 'w').write(str(os.getpid()))\n"
            + helper,
            "train.py": "import subprocess, sys; subprocess.Popen([sys.executable, 'helper.py'])\n"
            + rank,
        }
    )
    process = container.start("--entry-point", "train.py")
    for name in ("helper", "rank"):
        wait_until((container.base / f"ready-{name}").exists)
    process.terminate()
    process.communicate(timeout=WAIT_SECONDS)
    assert (container.base / "saved-rank").exists()
    assert not (container.base / "saved-helper").exists()
    helper_pid = int((container.base / "pid").read_text())
    wait_until(lambda: not is_running(helper_pid))


AS_FIRST_PROCESS = ("unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc")


def namespaces_are_permitted() -> bool:
    done = subprocess.run([*AS_FIRST_PROCESS, "true"], capture_output=True, check=False)
    return done.returncode == 0


@pytest.mark.skipif(not namespaces_are_permitted(), reason="the kernel refuses PID namespaces")
def test_as_the_first_process_it_reaps_orphans_and_hears_sigterm(container: Container) -> None:
    container.pack(
        {
            "train.py": f"""
import os, pathlib, signal, sys, time
reading, writing = os.pipe()
if os.fork() == 0:
    if os.fork() == 0:
        while os.getppid() != 1:
            time.sleep(0.01)
        os.write(writing, str(os.getpid()).encode())
    os._exit(0)
os.wait()
orphan, until = os.read(reading, 20).decode(), time.monotonic() + 30
while os.path.exists(f'/proc/{{orphan}}') and time.monotonic() < until:
    time.sleep(0.01)
states = [open(f'/proc/{{p}}/stat').read().split()[2] for p in os.listdir('/proc') if p.isdigit()]
signal.signal(signal.SIGTERM, lambda *_: sys.exit(5))
pathlib.Path('{container.base}', 'states').write_text(' '.join([str(os.getppid()), *states]))
os.kill(1, signal.SIGTERM)
time.sleep(60)
"""
        }
    )
    done = container.run("--entry-point", "train.py", under=AS_FIRST_PROCESS)
    parent, *states = (container.base / "states").read_text().split()
    assert done.returncode == 5, done.stderr
    assert parent == "1"
    assert "Z" not in states
