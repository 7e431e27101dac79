"""The same jobs under each way of confining them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from localcloud import daemon
from localcloud.sagemaker.sandbox.choice import NAMES, choose
from tests.localcloud.cloud import Cloud, checkpoints, resources
from tests.localcloud.conftest import FAST


@pytest.fixture(scope="module", params=NAMES)
def cloud(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cloud]:
    if request.param == "bubblewrap" and shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is not installed")
    data = tmp_path_factory.mktemp(request.param)
    server = daemon.start(data, *FAST, "--sandbox", request.param)
    yield Cloud(server, data)
    daemon.stop(data)


def test_hosts_reach_each_other_and_every_checkpoint_is_kept(cloud: Cloud):
    job = cloud.run(
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
    assert cloud.get("talk/heard") == b"hello"


def test_the_failure_file_and_the_exit_code_are_told(cloud: Cloud):
    job = cloud.run(
        """
        import os, sys
        base = os.environ.get('SAGEMAKER_BASE_DIR', '/opt/ml')
        open(base + '/output/failure', 'w').write('diverged')
        sys.exit(3)
        """
    )

    assert job["FailureReason"] == "AlgorithmError: diverged, exit code: 3"


def test_a_crash_is_told_by_its_signal(cloud: Cloud):
    job = cloud.run("import ctypes; ctypes.string_at(0)")

    assert job["FailureReason"] == "AlgorithmError: , exit code: 139"


def test_the_entry_point_hears_sigterm_and_nothing_outlives_it(cloud: Cloud):
    name = cloud.create(
        """
        import signal, subprocess, sys, time
        child = subprocess.Popen(['sleep', '60'], start_new_session=True)
        def end(*_):
            print('ending')
            sys.exit(0)
        signal.signal(signal.SIGTERM, end)
        print('running')
        time.sleep(60)
        """
    )
    cloud.wait_for_line(name, "running")

    job = cloud.stop(name)

    assert job["TrainingJobStatus"] == "Stopped"
    assert cloud.lines(name) == ["running", "ending"]


def test_a_sandbox_that_does_not_work_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "")

    with pytest.raises(RuntimeError, match="bubblewrap"):
        choose("bubblewrap")
