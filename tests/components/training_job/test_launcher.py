"""The launcher, run as the container runs it: a process of its own over a base folder."""

from __future__ import annotations

import ast
import io
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from components.training_job import launcher

LAUNCHER = Path(launcher.__file__)
WAIT_SECONDS = 20


class Container:
    """A stand-in for one host's container: its folders, its files, its launcher process."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.environment = {"PATH": os.environ["PATH"], "SAGEMAKER_BASE_DIR": str(base)}
        self.channel = base / "input" / "data" / "code"
        self.channel.mkdir(parents=True)
        shutil.copy(LAUNCHER, self.channel / "launcher.py")
        self.configure("hyperparameters", {})
        self.configure("inputdataconfig", {"code": {}, "train": {}})
        self.configure("resourceconfig", {"current_host": "localhost", "hosts": ["localhost"]})

    def configure(self, name: str, content: Any) -> None:
        path = self.base / "input" / "config" / f"{name}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))

    def pack(self, scripts: dict[str, str]) -> None:
        with tarfile.open(self.channel / "source.tar.gz", "w:gz") as tar:
            for name, text in scripts.items():
                add(tar, name, text.encode())

    def start(self, *arguments: str, under: tuple[str, ...] = ()) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*under, sys.executable, str(self.channel / "launcher.py"), *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, under: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        process = self.start(*arguments, under=under)
        output, errors = process.communicate(timeout=WAIT_SECONDS)
        return subprocess.CompletedProcess(process.args, process.returncode, output, errors)

    def run_script(self, text: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        self.pack({"train.py": text})
        return self.run("--entry-point", "train.py", *arguments)

    @property
    def failure(self) -> str:
        return (self.base / "output" / "failure").read_text()


def add(tar: tarfile.TarFile, name: str, content: bytes, **fields: Any) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    for field, value in fields.items():
        setattr(member, field, value)
    tar.addfile(member, io.BytesIO(content))


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)


@pytest.fixture
def container(tmp_path: Path) -> Container:
    return Container(tmp_path / "ml")


SHOW = "import json, os, sys; json.dump([dict(os.environ), sys.argv, os.getcwd()], open('{}', 'w'))"


def shown(container: Container, *arguments: str) -> tuple[dict[str, str], list[str], str]:
    """The environment, the arguments and the folder that a script finds."""
    report = container.base / "report.json"
    done = container.run_script(SHOW.format(report), *arguments)
    assert done.returncode == 0, done.stderr
    environment, argv, folder = json.loads(report.read_text())
    return environment, argv, folder


# --- what the script finds ------------------------------------------------------------------


def test_a_script_finds_its_folders_and_hosts_in_the_toolkits_variables(
    container: Container,
) -> None:
    group = {"instance_group_name": "g", "instance_type": "ml.m5.xlarge", "hosts": ["localhost"]}
    container.configure(
        "resourceconfig",
        {
            "current_host": "localhost",
            "hosts": ["localhost"],
            "current_group_name": "g",
            "current_instance_type": "ml.m5.xlarge",
            "instance_groups": [group],
            "topology": None,
        },
    )
    container.environment["TRAINING_JOB_NAME"] = "job-1"
    environment, _, folder = shown(container)
    base = str(container.base)
    assert folder == f"{base}/code"
    expected = {
        "SM_HOSTS": '["localhost"]',
        "SM_CURRENT_HOST": "localhost",
        "SM_HOST_COUNT": "1",
        "SM_CURRENT_HOST_RANK": "0",
        "SM_CURRENT_INSTANCE_TYPE": "ml.m5.xlarge",
        "SM_CURRENT_INSTANCE_GROUP_HOSTS": '["localhost"]',
        "SM_INSTANCE_GROUPS": '["g"]',
        "SM_IS_HETERO": "false",
        "SM_TOPOLOGY": "",
        "SM_CHANNELS": '["code","train"]',
        "SM_CHANNEL_TRAIN": f"{base}/input/data/train",
        "SM_MODEL_DIR": f"{base}/model",
        "SM_OUTPUT_DATA_DIR": f"{base}/output/data",
        "SM_CHECKPOINT_DIR": f"{base}/checkpoints",
        "SM_USER_ENTRY_POINT": "train.py",
        "SM_NUM_GPUS": "0",
        "SAGEMAKER_JOB_NAME": "job-1",
        "PYTHONUNBUFFERED": "1",
    }
    assert {name: environment.get(name) for name in expected} == expected


def test_the_variable_of_the_checkpoints_follows_the_jobs_own_folder(container: Container) -> None:
    container.configure("checkpointconfig", {"LocalPath": "/opt/ml/kept", "S3Uri": "s3://b/p"})
    environment, _, _ = shown(container)
    assert environment["SM_CHECKPOINT_DIR"] == str(container.base / "kept")


def test_hyperparameters_become_sorted_arguments_before_the_users_own(container: Container) -> None:
    container.configure(
        "hyperparameters",
        {
            "rate": "0.10",
            "epochs": "3",
            "name": '"wide"',
            "k": "v w",
            "layers": '{"b": 2, "a": 1}',
            "nesterov": "true",
            "sagemaker_mpi_enabled": "false",
        },
    )
    environment, argv, _ = shown(container, "--", "--dry-run", "--", "x")
    assert argv[1:] == [
        *("--epochs", "3", "-k", "v w", "--layers", "a=1,b=2", "--name", "wide"),
        *("--nesterov", "True", "--rate", "0.1", "--dry-run", "--", "x"),
    ]
    assert environment["SM_HP_NAME"] == "wide"
    assert environment["SM_FRAMEWORK_PARAMS"] == '{"sagemaker_mpi_enabled":false}'


def test_a_script_imports_its_neighbours_and_keeps_executable_bits(container: Container) -> None:
    with tarfile.open(container.channel / "source.tar.gz", "w:gz") as tar:
        add(tar, "jobs/train.py", b"import common; import os; assert os.access('tool', os.X_OK)")
        add(tar, "common.py", b"")
        add(tar, "tool", b"", mode=0o4755)
    done = container.run("--entry-point", "jobs/train.py")
    assert done.returncode == 0, done.stderr
    assert stat.S_IMODE((container.base / "code" / "tool").stat().st_mode) == 0o755


def test_output_appears_while_the_script_still_runs(container: Container) -> None:
    container.pack({"train.py": "import time; print('step=1'); time.sleep(60)"})
    process = container.start("--entry-point", "train.py")
    assert process.stdout is not None
    assert [process.stdout.readline(), process.stdout.readline()][1] == "step=1\n"
    process.terminate()
    process.communicate(timeout=WAIT_SECONDS)


# --- archives -------------------------------------------------------------------------------

UNSAFE: dict[str, dict[str, Any]] = {
    "an absolute path": {"name": "/tmp/escape.py"},  # noqa: S108
    "a path that leads up": {"name": "a/../../escape.py"},
    "a link that leads up": {"name": "a", "type": tarfile.SYMTYPE, "linkname": "../x"},
    "a link to an absolute path": {"name": "a", "type": tarfile.SYMTYPE, "linkname": "/etc"},
    "a hard link": {"name": "a", "type": tarfile.LNKTYPE, "linkname": "train.py"},
    "a pipe": {"name": "a", "type": tarfile.FIFOTYPE},
    "a device": {"name": "a", "type": tarfile.CHRTYPE, "devmajor": 1, "devminor": 3},
}


@pytest.mark.parametrize("member", UNSAFE.values(), ids=UNSAFE.keys())
def test_an_archive_is_refused_whole_for(container: Container, member: dict[str, Any]) -> None:
    with tarfile.open(container.channel / "source.tar.gz", "w:gz") as tar:
        add(tar, "train.py", b"")
        add(tar, member["name"], b"", **{k: v for k, v in member.items() if k != "name"})
    done = container.run("--entry-point", "train.py")
    assert done.returncode == 1
    assert repr(member["name"]) in container.failure
    assert "Traceback" not in done.stderr
    assert not (container.base / "code").exists()


def test_a_link_that_leads_further_down_is_kept(container: Container) -> None:
    with tarfile.open(container.channel / "source.tar.gz", "w:gz") as tar:
        add(tar, "lib/common.py", b"")
        add(tar, "common.py", b"", type=tarfile.SYMTYPE, linkname="lib/common.py")
        add(tar, "train.py", b"import common")
    assert container.run("--entry-point", "train.py").returncode == 0


def test_files_are_never_written_through_a_link_that_is_there_already(container: Container) -> None:
    outside = container.base.parent / "outside"
    outside.write_text("untouched")
    (container.base / "code").mkdir()
    (container.base / "code" / "train.py").symlink_to(outside)
    assert container.run_script("print('ran')").returncode == 0
    assert outside.read_text() == "untouched"


def test_a_torn_archive_is_reported_in_one_line(container: Container) -> None:
    container.pack({"train.py": "print(1)" * 1000, "b.py": os.urandom(5000).hex()})
    archive = container.channel / "source.tar.gz"
    archive.write_bytes(archive.read_bytes()[:3000])
    done = container.run("--entry-point", "train.py")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "source.tar.gz can't be unpacked" in container.failure


def test_a_missing_archive_is_reported(container: Container) -> None:
    assert container.run("--entry-point", "train.py").returncode == 1
    assert container.failure == "launcher: there is no source.tar.gz beside the launcher"


# --- what goes wrong ------------------------------------------------------------------------


@pytest.mark.parametrize("entry_point", ["tain.py", "../code/train.py", "/etc/passwd", "."])
def test_a_missing_entry_point_is_named_with_what_there_is(
    container: Container, entry_point: str
) -> None:
    container.pack({"train.py": "", "lib/model.py": ""})
    done = container.run("--entry-point", entry_point)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert f"{entry_point!r} is not in the source folder" in container.failure
    assert "lib/model.py, train.py" in container.failure


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("resourceconfig", "{", "is not JSON"),
        ("resourceconfig", "[]", "no JSON object"),
        ("resourceconfig", {"current_host": "algo-3", "hosts": ["algo-1"]}, "'algo-3' is not one"),
        ("hyperparameters", "nonsense", "is not JSON"),
    ],
)
def test_a_broken_configuration_file_is_named(
    container: Container, name: str, content: Any, message: str
) -> None:
    container.configure(name, content)
    done = container.run_script("")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert f"{name}.json" in container.failure
    assert message in container.failure


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


# --- signals and processes ------------------------------------------------------------------

SAVES_ON_SIGTERM = """
import pathlib, signal, sys, time
def stop(*_):
    pathlib.Path('{folder}', 'saved-{name}').touch()
    sys.exit({code})
signal.signal(signal.SIGTERM, stop)
pathlib.Path('{folder}', 'ready-{name}').touch()
time.sleep(60)
"""


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


def test_a_script_that_ignores_sigterm_dies_of_it_and_the_exit_code_tells(
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


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


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
if os.fork() == 0:
    if os.fork() == 0:
        time.sleep(0.1)   # by now an orphan
    os._exit(0)
os.wait()
time.sleep(0.5)
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


# --- several hosts --------------------------------------------------------------------------

TWO_HOSTS = {"current_host": "127.0.0.3", "hosts": ["127.0.0.2", "127.0.0.3"]}


def test_jax_is_told_where_the_coordinator_listens_and_who_is_who(container: Container) -> None:
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


AGENT = """
import argparse, json, os, pathlib, subprocess, sys
parser = argparse.ArgumentParser()
for name in ("nnodes", "nproc_per_node", "node_rank", "master_addr", "master_port"):
    parser.add_argument("--" + name, required=True)
parser.add_argument("script", nargs=argparse.REMAINDER)
options = parser.parse_args()
pathlib.Path("agent.json").write_text(json.dumps(vars(options)))
ranks = [
    subprocess.Popen([sys.executable, *options.script], start_new_session=True,
                     env={**os.environ, "LOCAL_RANK": str(i)})
    for i in range(int(options.nproc_per_node))
]
sys.exit(max(rank.wait() for rank in ranks))
"""


@pytest.fixture
def torch_container(container: Container) -> Container:
    """A host with two GPUs and a stand-in for torchrun's agent: a session for each rank."""
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
        "script": [str(code / "train.py"), "--epochs", "1"],
    }
    assert (code / "rank0").exists()
    assert (code / "rank1").exists()


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


def test_the_reason_is_the_ranks_exception_not_torchruns(torch_container: Container) -> None:
    lines = [
        "[rank0]: Traceback (most recent call last):",
        '[rank0]:   File "train.py", line 1, in <module>',
        "[rank0]: torch.OutOfMemoryError: CUDA out of memory.",
        "Traceback (most recent call last):",
        "torch.distributed.elastic.multiprocessing.errors.ChildFailedError: ",
        "====",
    ]
    script = "import os, sys; print(os.environ['TEXT'], file=sys.stderr); sys.exit(1)"
    torch_container.environment["TEXT"] = "\n".join(lines)
    assert torch_container.run_script(script).returncode == 1
    assert torch_container.failure == "train.py: torch.OutOfMemoryError: CUDA out of memory."


def test_a_host_without_an_address_is_named_after_the_time_allowed(monkeypatch: Any) -> None:
    def unknown(*_: object) -> None:
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(launcher.LaunchError, match="the host algo-2 has no address"):
        launcher.wait_for_hosts(["algo-2"], SimpleNamespace(stop_signal=0), 0)  # type: ignore[arg-type]


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


# --- what it is made of ---------------------------------------------------------------------


def test_it_needs_only_the_standard_library_and_the_syntax_of_python_3_8() -> None:
    tree = ast.parse(LAUNCHER.read_text(), feature_version=(3, 8))
    imported = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else names(node))
    }
    assert imported <= {*sys.stdlib_module_names}


def names(node: ast.Import) -> list[str]:
    return [alias.name for alias in node.names]
