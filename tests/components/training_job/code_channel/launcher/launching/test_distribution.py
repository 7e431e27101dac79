"""The launcher on one of several hosts: how they find each other, and the ranks of torchrun."""

from __future__ import annotations

import json
import signal
import socket
import time
from types import SimpleNamespace
from typing import Any

import pytest

from launching import LaunchError
from launching.distribution import wait_for_hosts
from tests.components.training_job.code_channel.container import (
    SAVES_ON_SIGTERM,
    WAIT_SECONDS,
    Container,
    shown,
    wait_until,
)

TWO_HOSTS = {"current_host": "127.0.0.3", "hosts": ["127.0.0.2", "127.0.0.3"]}


def test_jax_gets_the_coordinators_address_and_the_number_of_each_process(
    container: Container,
) -> None:
    container.configure("resourceconfig", TWO_HOSTS)
    environment, _, _ = shown(container, "--distribution", "jax")
    assert {k: v for k, v in environment.items() if k.startswith("JAX_")} == {
        "JAX_COORDINATOR_ADDRESS": "127.0.0.2:7777",
        "JAX_COORDINATOR_BIND_ADDRESS": "127.0.0.2:7777",
        "JAX_NUM_PROCESSES": "2",
        "JAX_PROCESS_ID": "1",
    }


def test_the_jobs_environment_can_name_another_meeting_point(container: Container) -> None:
    container.configure("resourceconfig", {**TWO_HOSTS, "hosts": ["no-name", "127.0.0.3"]})
    container.environment.update(MASTER_ADDR="127.0.0.9", MASTER_PORT="5001")
    environment, _, _ = shown(container, "--distribution", "jax")
    assert environment["JAX_COORDINATOR_ADDRESS"] == "127.0.0.9:5001"
    assert environment["SM_MASTER_PORT"] == "5001"


GROUPS = [
    {"instance_group_name": "cpu", "instance_type": "ml.c5.xlarge", "hosts": ["127.0.0.2"]},
    {"instance_group_name": "gpu", "instance_type": "ml.g5.xlarge", "hosts": ["127.0.0.3"]},
    {"instance_group_name": "more", "instance_type": "ml.g5.xlarge", "hosts": ["127.0.0.4"]},
]
THREE_HOSTS = {"hosts": ["127.0.0.2", "127.0.0.3", "127.0.0.4"], "instance_groups": GROUPS}


def on_host(container: Container, host: str, *arguments: str) -> dict[str, str]:
    """The environment of a script on one of the three hosts of different groups."""
    container.configure("resourceconfig", THREE_HOSTS | {"current_host": host})
    return shown(container, *arguments)[0]


def test_a_distribution_is_joined_only_by_the_hosts_of_its_groups(container: Container) -> None:
    options = ("--distribution", "jax", "--groups", "gpu,more")
    last = on_host(container, "127.0.0.4", *options)
    assert last["JAX_COORDINATOR_ADDRESS"] == "127.0.0.3:7777"
    assert (last["JAX_NUM_PROCESSES"], last["JAX_PROCESS_ID"]) == ("2", "1")
    assert last["SM_DISTRIBUTION_INSTANCE_GROUPS"] == '["gpu","more"]'
    outside = on_host(container, "127.0.0.2", *options)
    assert not [name for name in outside if name.startswith("JAX_")]
    assert outside["SM_MASTER_ADDR"] == "127.0.0.3"


def test_without_named_groups_every_host_joins_the_distribution(container: Container) -> None:
    environment = on_host(container, "127.0.0.4", "--distribution", "jax")
    assert (environment["JAX_NUM_PROCESSES"], environment["JAX_PROCESS_ID"]) == ("3", "2")


def test_a_group_that_the_job_does_not_have_is_named(container: Container) -> None:
    container.configure("resourceconfig", THREE_HOSTS | {"current_host": "127.0.0.2"})
    container.pack({"train.py": ""})
    done = container.run("--groups", "tpu", "--entry-point", "train.py")
    assert done.returncode == 1
    assert "no instance group tpu" in container.failure


AGENT = """
import argparse, json, os, pathlib, subprocess, sys
parser = argparse.ArgumentParser()
for name in ("nnodes", "nproc_per_node", "node_rank", "master_addr", "master_port"):
    parser.add_argument("--" + name, required=True)
parser.add_argument("-m", "--module", action="store_true")
parser.add_argument("script", nargs=argparse.REMAINDER)
options = parser.parse_args()
pathlib.Path("agent.json").write_text(json.dumps(vars(options)))
ranks = [
    subprocess.Popen([sys.executable, *["-m"][: options.module], *options.script],
                     start_new_session=True,
                     env={**os.environ, "LOCAL_RANK": str(i)})
    for i in range(int(options.nproc_per_node))
]
sys.exit(max(rank.wait() for rank in ranks))
"""


@pytest.fixture
def torch_container(container: Container) -> Container:
    """A host with two GPUs, and a script in place of torchrun's agent: a session for each rank."""
    module = container.base / "site" / "torch" / "distributed"
    module.mkdir(parents=True)
    (module / "run.py").write_text(AGENT)
    (module / "__init__.py").touch()
    (module.parent / "__init__.py").touch()
    command = container.base / "bin" / "nvidia-smi"
    command.parent.mkdir()
    command.write_text("#!/bin/sh\necho 'GPU 0: A10G (UUID: x)'\necho 'GPU 1: A10G (UUID: y)'\n")
    command.chmod(0o755)
    container.environment["PYTHONPATH"] = str(container.base / "site")
    container.environment["PATH"] = f"{command.parent}:{container.environment['PATH']}"
    container.configure("resourceconfig", TWO_HOSTS)
    return container


def test_torchrun_starts_a_rank_for_each_gpu_of_this_host(torch_container: Container) -> None:
    torch_container.configure("hyperparameters", {"epochs": "1"})
    torch_container.pack({"train.py": "import os; open('rank' + os.environ['LOCAL_RANK'], 'w')"})
    done = torch_container.run("--distribution", "torchrun", "--entry-point", "train.py")
    assert done.returncode == 0, done.stderr
    code = torch_container.base / "code"
    assert json.loads((code / "agent.json").read_text()) == {
        "nnodes": "2",
        "nproc_per_node": "2",
        "node_rank": "1",
        "master_addr": "127.0.0.2",
        "master_port": "7777",
        "module": False,
        "script": [str(code / "train.py"), "--epochs", "1"],
    }
    assert (code / "rank0").exists()
    assert (code / "rank1").exists()


def test_torchrun_starts_a_module_for_each_gpu(torch_container: Container) -> None:
    torch_container.pack({"trainer/__init__.py": "", "trainer/main.py": ""})
    options = ("--distribution", "torchrun", "--module", "trainer.main", "--", "--fast")
    done = torch_container.run(*options)
    assert done.returncode == 0, done.stderr
    agent = json.loads((torch_container.base / "code" / "agent.json").read_text())
    assert agent["module"] is True
    assert agent["script"] == ["trainer.main", "--fast"]


def test_torchrun_counts_the_hosts_of_its_groups_and_the_gpus_of_each(
    torch_container: Container,
) -> None:
    torch_container.configure("resourceconfig", THREE_HOSTS | {"current_host": "127.0.0.4"})
    torch_container.pack({"train.py": ""})
    options = ("--distribution", "torchrun", "--groups", "gpu,more", "--entry-point", "train.py")
    assert torch_container.run(*options).returncode == 0
    agent = json.loads((torch_container.base / "code" / "agent.json").read_text())
    assert (agent["nnodes"], agent["node_rank"], agent["nproc_per_node"]) == ("2", "1", "2")
    assert agent["master_addr"] == "127.0.0.3"


def test_sigterm_reaches_a_script_outside_of_torchruns_groups(torch_container: Container) -> None:
    base = torch_container.base
    torch_container.configure("resourceconfig", THREE_HOSTS | {"current_host": "127.0.0.2"})
    torch_container.pack({"train.py": SAVES_ON_SIGTERM.format(folder=base, name="a", code=0)})
    options = ("--distribution", "torchrun", "--groups", "gpu", "--entry-point", "train.py")
    process = torch_container.start(*options)
    wait_until((base / "ready-a").exists)
    process.terminate()
    process.communicate(timeout=WAIT_SECONDS)
    assert process.returncode == 0
    assert (base / "saved-a").exists()


def test_sigterm_reaches_every_rank_and_lets_torchrun_wait_for_them(
    torch_container: Container,
) -> None:
    base = torch_container.base
    script = SAVES_ON_SIGTERM.format(folder=base, name="{rank}", code=0)
    script = script.replace("'ready-{rank}'", "'ready-' + rank")
    script = script.replace("'saved-{rank}'", "'saved-' + rank")
    torch_container.pack({"train.py": "import os; rank = os.environ['LOCAL_RANK']\n" + script})
    process = torch_container.start("--distribution", "torchrun", "--entry-point", "train.py")
    for rank in "01":
        wait_until((base / f"ready-{rank}").exists)
    process.terminate()
    process.communicate(timeout=WAIT_SECONDS)
    assert process.returncode == 0
    assert (base / "saved-0").exists()
    assert (base / "saved-1").exists()


def test_a_host_without_an_address_is_named_after_the_time_allowed(monkeypatch: Any) -> None:
    def unknown(*_: object) -> None:
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(LaunchError, match="the host algo-2 has no address"):
        wait_for_hosts(["algo-2"], SimpleNamespace(stop_signal=0), 0)  # type: ignore[arg-type]


def test_a_stop_ends_the_wait_for_the_other_hosts(container: Container) -> None:
    container.configure("resourceconfig", {**TWO_HOSTS, "hosts": ["unknown.invalid", "127.0.0.3"]})
    container.pack({"train.py": "print('never')"})
    process = container.start("--entry-point", "train.py")
    wait_until((container.base / "code" / "train.py").exists)
    time.sleep(0.2)
    process.terminate()
    output, _ = process.communicate(timeout=WAIT_SECONDS)
    assert process.returncode == 128 + signal.SIGTERM
    assert "never" not in output
