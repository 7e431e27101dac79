"""The same jobs under each way of confining them."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest

from localcloud.sagemaker.sandbox.choice import NAMES, choose
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


def test_a_sandbox_that_does_not_work_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "")

    with pytest.raises(RuntimeError, match="bubblewrap"):
        choose("bubblewrap")
