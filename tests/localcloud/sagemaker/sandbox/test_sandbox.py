"""The same jobs under each way of confining them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from localcloud.sagemaker.sandbox import bubblewrap, linux
from localcloud.sagemaker.sandbox.choice import NAMES, Sandbox, choose
from localcloud.sagemaker.sandbox.specification import Mount, Specification
from tests.localcloud.cloud import Cloud, checkpoints, resources


@pytest.fixture(params=NAMES)
def confined_cloud(
    request: pytest.FixtureRequest, cloud: Cloud, confined: Callable[[str], Cloud]
) -> Cloud:
    if request.param == "bubblewrap" and shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is not installed")
    return cloud if cloud.server.sandbox == request.param else confined(request.param)


def test_hosts_reach_each_other_and_every_checkpoint_is_kept(confined_cloud: Cloud):
    job = confined_cloud.run(
        """
        import json, os, pathlib, socket, time
        base = pathlib.Path(os.environ.get('SAGEMAKER_BASE_DIR', '/opt/ml'))
        config = json.loads((base / 'input/config/resourceconfig.json').read_text())
        first, second = config['hosts']
        if config['current_host'] == first:
            socket.create_server((first, 7788)).accept()[0].sendall(b'hello')
        else:
            for _ in range(100):
                try:
                    connection = socket.create_connection((first, 7788))
                    break
                except ConnectionRefusedError:
                    time.sleep(0.05)
            (base / 'checkpoints' / 'heard').write_bytes(connection.recv(10))
        """,
        ResourceConfig=resources(2),
        CheckpointConfig=checkpoints("talk/"),
    )

    assert job["TrainingJobStatus"] == "Completed"
    assert confined_cloud.get("talk/heard") == b"hello"


def test_the_failure_file_and_the_signal_of_a_crash_are_reported(confined_cloud: Cloud):
    job = confined_cloud.run(
        """
        import ctypes, os
        base = os.environ.get('SAGEMAKER_BASE_DIR', '/opt/ml')
        open(base + '/output/failure', 'w').write('diverged')
        ctypes.string_at(0)
        """
    )

    assert job["FailureReason"] == "AlgorithmError: diverged, exit code: 139"


def test_the_entry_point_hears_sigterm_and_nothing_outlives_it(confined_cloud: Cloud):
    name = confined_cloud.create(
        """
        import resource, signal, subprocess, sys, time
        child = subprocess.Popen(['sleep', '60'], start_new_session=True)
        def end(*_):
            print('ending')
            sys.exit(0)
        signal.signal(signal.SIGTERM, end)
        print('running with', resource.getrlimit(resource.RLIMIT_DATA)[0] >> 30, 'GiB')
        time.sleep(60)
        """
    )
    confined_cloud.wait_for_line(name, "running with 8 GiB")

    job = confined_cloud.stop(name)

    assert job["TrainingJobStatus"] == "Stopped"
    assert confined_cloud.lines(name) == ["running with 8 GiB", "ending"]


def specification(place: Path, **changes: Any) -> Specification:
    environment = {"PATH": os.defpath}
    plain = Specification("algo-1", ("true",), environment, (), str(place), folder=str(place))
    return plain._replace(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"environment": {"A": "a\0--bind\0/\0/host"}},
        {"environment": {"A\0--bind": "b"}},
        {"folder": "/\0--bind\0/\0/host"},
        {"mounts": (Mount("bind", "/opt/ml\0--bind\0/\0/host", "/opt"),)},
    ],
    ids=["value", "name", "folder", "mount"],
)
def test_no_text_of_a_job_becomes_an_option_of_bubblewrap(tmp_path: Path, changes: dict[str, Any]):
    with pytest.raises(ValueError, match="can't have the character NUL"):
        bubblewrap.arguments(specification(tmp_path, **changes))


@pytest.mark.parametrize(
    ("changes", "code", "said"),
    [
        ({"command": ("",)}, 127, "'': command not found"),
        ({"command": ("missing",)}, 127, "missing: command not found"),
        ({"command": ("true", "a\0b")}, 126, "true: embedded null byte"),
        ({"environment": {"PATH": os.defpath, "A": "a\0b"}}, 126, "true: embedded null byte"),
        ({"command": ("true", "a" * 200_000)}, 126, "true: Argument list too long"),
    ],
    ids=["no name", "missing", "argument", "variable", "long"],
)
def test_a_command_that_cannot_be_run_says_so_in_one_line(
    tmp_path: Path, changes: dict[str, Any], code: int, said: str
):
    with (tmp_path / "output").open("wb") as output:
        process = Sandbox("processes").start(specification(tmp_path, **changes), output.fileno())

    assert process.wait(30) == code
    assert (tmp_path / "output").read_text() == f"{said}\n"


@pytest.mark.skipif(
    os.getuid() == 0 and not linux.has_process_limit_of_namespaces(),
    reason="Nothing limits root's processes before Linux 6.14",
)
def test_a_jobs_processes_are_limited(cloud: Cloud):
    job = cloud.run(
        """
        import os
        reading, writing = os.pipe()
        count = 1
        try:
            while count < 60_000:
                if os.fork() == 0:
                    os.close(writing)
                    os.read(reading, 1)
                    os._exit(0)
                count += 1
        except BlockingIOError:
            print(count, flush=True)
        """
    )

    [count] = cloud.lines(job["TrainingJobName"])
    assert int(count) >= 1_000


def test_a_sandbox_that_does_not_work_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "")

    with pytest.raises(RuntimeError, match="bubblewrap"):
        choose("bubblewrap")
