from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2_grpc

from tests.localcloud.cloud import eventually
from toolchain.aws_plugin import EXECUTABLE, plugin_version, write_plugin_folder

CHECKOUT = Path(__file__).parents[3]
# Starts the command in its arguments, as the engine does, and waits to be killed.
_ENGINE = """
import subprocess, sys, time
print(subprocess.Popen(sys.argv[1:]).pid, flush=True)
time.sleep(600)
"""


def test_the_installed_executable_prints_its_port_and_ends_with_the_engine(tmp_path: Path) -> None:
    executable = write_plugin_folder(tmp_path / "a folder", Path(sys.executable), CHECKOUT)
    assert executable.name == EXECUTABLE
    engine = subprocess.Popen(
        [sys.executable, "-c", _ENGINE, str(executable), "127.0.0.1:1"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    assert engine.stdout is not None
    plugin, port = int(engine.stdout.readline()), int(engine.stdout.readline())
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = provider_pb2_grpc.ResourceProviderStub(channel)
        assert stub.GetPluginInfo(empty_pb2.Empty()).version == plugin_version(
            CHECKOUT / "requirements.txt"
        )
    engine.send_signal(signal.SIGKILL)
    engine.wait()
    engine.stdout.close()
    eventually(lambda: not _runs(plugin) or None)


def test_the_plugin_loads_neither_the_sdk_nor_clients_before_they_are_needed() -> None:
    script = "import localcloud.awsplugin.plugin_server, sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    assert not {"pulumi", "boto3", "botocore"} & set(done.stdout.split())


def _runs(process: int) -> bool:
    """Whether a process runs; one that has ended and was not waited for does not."""
    try:
        return "State:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
