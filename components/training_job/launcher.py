"""Starts a training script inside a SageMaker training container, and looks after it.

The container runs this file as its first process, from the input channel `code`:

    python3 /opt/ml/input/data/code/launcher.py --distribution jax --entry-point train.py -- …

It unpacks `source.tar.gz`, which lies beside it, to /opt/ml/code, describes the job to the
script in SM_* variables and `--hyperparameter value` arguments as the SageMaker training toolkit
does, and adds what the distribution needs to find the other hosts. From then on it does what a
first process has to: it passes SIGTERM on to every rank, which the toolkit doesn't, reaps
orphans, returns the script's exit code, and says in /opt/ml/output/failure what went wrong.

A variable SECRET_ARN_<NAME> names a secret of Secrets Manager. The launcher reads it as the job's
execution role and gives it to the script alone, as the variable <NAME>.

It travels into any image: one file, the standard library only, Python 3.8 or later. Secrets alone
need boto3 in the image, as it knows every way to the role's credentials.
SAGEMAKER_BASE_DIR replaces /opt/ml; MASTER_ADDR and MASTER_PORT replace the first host's name
and port 7777 as the place where the hosts meet.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import threading
import time
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import IO, Any

MEETING_PORT = "7777"
HOST_NAMES_TIMEOUT_SECONDS = 15 * 60
FAILURE_LENGTH = 1000  # the service shows 1024 characters, its own words included
STDERR_TAIL_BYTES = 64 * 1024
SECRET_VARIABLE_PREFIX = "SECRET_ARN_"  # noqa: S105
SHORTEST_HIDDEN = 4  # characters; what is shorter stands in too many other words
FORWARDED = (signal.SIGTERM, signal.SIGINT)


class LaunchError(Exception):
    """The script can't be started; the message says why and what to do."""


# --- the source archive ---------------------------------------------------------------------


def unpack(archive: Path, folder: Path) -> None:
    """Unpacks the source archive; writes nothing if any member could end up outside the folder.

    Raises:
        LaunchError: if the archive is missing, damaged or unsafe.
    """
    try:
        with tarfile.open(str(archive), "r:gz") as tar:
            members = tar.getmembers()
            for member in members:
                _check_member(member)
            for member in members:
                _unpack_member(tar, member, folder)
    except FileNotFoundError:
        raise LaunchError(f"there is no {archive.name} beside the launcher") from None
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise LaunchError(f"{archive.name} can't be unpacked: {error}") from error


def _check_member(member: tarfile.TarInfo) -> None:
    """Allows files, folders, and links that lead further down.

    A link that never leads up can't leave the folder, whatever other links it passes through.
    """
    if not (member.isfile() or member.isdir() or member.issym()):
        raise LaunchError(f"the source archive holds {member.name!r}: not a file, folder or link")
    if _leads_up(member.name) or (member.issym() and _leads_up(member.linkname)):
        raise LaunchError(f"the source archive holds {member.name!r}, which leads out of it")


def _leads_up(path: str) -> bool:
    return PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts


def _unpack_member(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    target = folder / member.name
    if member.isdir():
        target.mkdir(parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if os.path.lexists(str(target)):
        target.unlink()
    if member.issym():
        target.symlink_to(member.linkname)
        return
    content = tar.extractfile(member)
    assert content is not None, "only links and devices have no content"  # noqa: S101
    with content, target.open("wb") as file:
        shutil.copyfileobj(content, file)
    target.chmod(0o755 if member.mode & 0o100 else 0o644)


# --- what the service says about the job ----------------------------------------------------


class Job:
    """The job as the service describes it in the container's configuration files."""

    def __init__(self, base: Path, distribution_groups: Sequence[str] = ()) -> None:
        """Reads the files under the base folder.

        `distribution_groups` names the instance groups whose hosts the distribution joins, none
        for all hosts.

        Raises:
            LaunchError: if a file is missing or is not what the service writes.
        """
        self.base = base
        self.resources = self._read("resourceconfig.json")
        self.inputs = self._read("inputdataconfig.json", default={})
        self.hosts: list[str] = list(self.resources.get("hosts", []))
        self.host = str(self.resources.get("current_host"))
        if self.host not in self.hosts:
            raise LaunchError(f"resourceconfig.json: {self.host!r} is not one of {self.hosts}")
        self.rank = self.hosts.index(self.host)
        self.groups: dict[str, dict[str, Any]] = {
            each["instance_group_name"]: each for each in self.resources.get("instance_groups", [])
        }
        self.distribution_groups = list(distribution_groups)
        self.peers = self._hosts_of(self.distribution_groups) or self.hosts
        written = self._read("hyperparameters.json", default={})
        values = {name: _decoded(value) for name, value in written.items()}
        platform = {name for name in values if name.startswith("sagemaker_")}
        self.hyperparameters = {name: values[name] for name in values if name not in platform}
        self.framework_parameters = {name: values[name] for name in platform}

    def _read(self, name: str, default: dict[str, Any] | None = None) -> dict[str, Any]:
        path = self.base / "input" / "config" / name
        if default is not None and not path.exists():
            return default
        try:
            content = json.loads(path.read_text("utf-8"))
        except FileNotFoundError:
            raise LaunchError(f"{path} is missing: is this a training job's container?") from None
        except ValueError as error:
            raise LaunchError(f"{path} is not JSON: {error}") from error
        if not isinstance(content, dict):
            raise LaunchError(f"{path} holds no JSON object")
        return content

    def _hosts_of(self, groups: Sequence[str]) -> list[str]:
        """The hosts of some instance groups, in the order of all hosts."""
        missing = [name for name in groups if name not in self.groups]
        if missing:
            raise LaunchError(f"resourceconfig.json has no instance group {', '.join(missing)}")
        chosen = {host for name in groups for host in self.groups[name]["hosts"]}
        return [host for host in self.hosts if host in chosen]

    def checkpoint_folder(self) -> Path:
        """The folder that the service synchronises with S3, if the job has asked for it."""
        path = self._read("checkpointconfig.json", default={}).get("LocalPath")
        parts = PurePosixPath(path or "/opt/ml/checkpoints").parts
        return self.base.joinpath(*(parts[3:] if parts[:3] == ("/", "opt", "ml") else parts))

    def meeting_point(self) -> tuple[str, str]:
        """The address and the port where the hosts' processes find each other."""
        address = os.environ.get("MASTER_ADDR", self.peers[0])
        return address, os.environ.get("MASTER_PORT", MEETING_PORT)


def _decoded(value: Any) -> Any:
    """A hyperparameter's value: SDKs encode it as JSON, other clients write it as it is."""
    try:
        return json.loads(value)
    except (TypeError, ValueError):
        return value


# --- what the script is told ----------------------------------------------------------------


def hyperparameter_arguments(hyperparameters: dict[str, Any]) -> list[str]:
    """The hyperparameters as the toolkit passes them: sorted, `--name value`, `-n value`."""
    arguments: list[str] = []
    for name, value in sorted(hyperparameters.items()):
        if isinstance(value, dict):
            value = ",".join(f"{key}={item}" for key, item in sorted(value.items()))
        arguments += ["-" + name if len(name) == 1 else "--" + name]
        arguments += ["" if value is None else str(value)]
    return arguments


def toolkit_variables(job: Job, entry_point: str) -> dict[str, str]:
    """The SM_* variables of the SageMaker training toolkit and of the SDK that follows it.

    All but SM_TRAINING_ENV, which repeats the others.
    """
    inputs, output = job.base / "input", job.base / "output"
    group = job.resources.get("current_group_name", "homogeneousCluster")
    address, port = job.meeting_point()
    values: dict[str, Any] = {
        "hosts": job.hosts,
        "host_count": len(job.hosts),
        "current_host": job.host,
        "current_host_rank": job.rank,
        "current_instance_type": job.resources.get("current_instance_type", "local"),
        "current_instance_group": group,
        "current_instance_group_hosts": job.groups.get(group, {}).get("hosts", []),
        "instance_groups": list(job.groups),
        "instance_groups_dict": job.groups,
        "distribution_instance_groups": job.distribution_groups,
        "is_hetero": len(job.groups) > 1,
        "network_interface_name": job.resources.get("network_interface_name", "eth0"),
        "topology": job.resources.get("topology"),
        "master_addr": address,
        "master_port": port,
        "hps": job.hyperparameters,
        "user_args": hyperparameter_arguments(job.hyperparameters),
        "user_entry_point": entry_point,
        "module_name": re.sub(r"\.py$", "", entry_point),
        "module_dir": str(job.base / "code"),
        "framework_module": None,
        "framework_params": job.framework_parameters,
        "resource_config": job.resources,
        "input_data_config": job.inputs,
        "channels": sorted(job.inputs),
        "input_dir": str(inputs),
        "input_config_dir": str(inputs / "config"),
        "model_dir": str(job.base / "model"),
        "output_dir": str(output),
        "output_data_dir": str(output / "data"),
        "output_intermediate_dir": str(output / "intermediate"),
        "checkpoint_dir": str(job.checkpoint_folder()),  # the toolkit has none
        "num_cpus": os.cpu_count(),
        "num_gpus": _count_gpus(),
        "num_neurons": _count_neuron_cores(),
        "log_level": 20,
    }
    values.update({f"channel_{name}": str(inputs / "data" / name) for name in job.inputs})
    values.update({f"hp_{name}": value for name, value in job.hyperparameters.items()})
    return {f"SM_{name.upper()}": _as_text(value) for name, value in values.items()}


def _as_text(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _count_gpus() -> int:
    lines = _output_of("nvidia-smi", "--list-gpus").splitlines()
    return sum(line.startswith("GPU ") for line in lines)


def _count_neuron_cores() -> int:
    with contextlib.suppress(ValueError, TypeError, KeyError):
        return sum(int(device["nc_count"]) for device in json.loads(_output_of("neuron-ls", "-j")))
    return 0


def _output_of(*command: str) -> str:
    """What a command prints; nothing if this image hasn't got it or it fails."""
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode("utf-8", "replace")


def script_variables(job: Job) -> dict[str, str]:
    """What any script wants to find: its names, its modules, its output at once in the log."""
    modules = [str(job.base / "code"), os.environ.get("PYTHONPATH", "")]
    return {
        "CURRENT_HOST": job.host,
        "SAGEMAKER_JOB_NAME": os.environ.get("TRAINING_JOB_NAME", ""),
        "SAGEMAKER_REGION": os.environ.get("AWS_REGION", ""),
        "PYTHONPATH": os.pathsep.join(folder for folder in modules if folder),
        "PYTHONUNBUFFERED": "1",
    }


# --- what the distribution needs ------------------------------------------------------------


def wait_for_hosts(names: Iterable[str], child: Child, timeout_seconds: float) -> None:
    """Waits until every name has an address, or the service wants the job to stop.

    Raises:
        LaunchError: if a name has no address in time.
    """
    deadline = time.monotonic() + timeout_seconds
    for name in names:
        while not child.stop_signal and not _has_address(name):
            if time.monotonic() > deadline:
                raise LaunchError(f"the host {name} has no address after {timeout_seconds:.0f} s")
            time.sleep(0.5)


def _has_address(name: str) -> bool:
    try:
        return bool(socket.getaddrinfo(name, None))
    except OSError:
        return False


def distribution_variables(distribution: str, job: Job) -> dict[str, str]:
    """What the framework, or the script on its behalf, reads to join the other hosts.

    `jax.distributed.initialize()` reads the two addresses by itself; the script passes it the
    number of processes and its own. JAX drives all of a host's accelerators from one process.
    """
    address, port = job.meeting_point()
    if distribution == "jax":
        return {
            "JAX_COORDINATOR_ADDRESS": f"{address}:{port}",
            "JAX_COORDINATOR_BIND_ADDRESS": f"{address}:{port}",  # no other interface listens
            "JAX_NUM_PROCESSES": str(len(job.peers)),
            "JAX_PROCESS_ID": str(job.peers.index(job.host)),
        }
    if distribution == "torchrun":
        return {
            "MASTER_ADDR": address,
            "MASTER_PORT": port,
            "NODE_RANK": str(job.peers.index(job.host)),
        }
    return {}


def command_line(distribution: str, job: Job, script: list[str], accelerators: int) -> list[str]:
    """The command that runs the script on this host, once or once an accelerator.

    The hosts of different instance groups may have different numbers of accelerators: torchrun
    adds up what each of them starts.
    """
    if distribution != "torchrun":
        return [sys.executable, *script]
    address, port = job.meeting_point()
    return [
        *(sys.executable, "-m", "torch.distributed.run"),
        *("--nnodes", str(len(job.peers)), "--nproc_per_node", str(accelerators or 1)),
        *(
            "--node_rank",
            str(job.peers.index(job.host)),
            "--master_addr",
            address,
            "--master_port",
            port,
        ),
        *script,
    ]


# --- secrets --------------------------------------------------------------------------------


def fetch_secrets() -> dict[str, str]:
    """The secrets whose ARNs the environment names, by the names that the script knows them by.

    They are never put into this process's own environment, which its file in /proc shows.

    Raises:
        LaunchError: if one can't be read; the message says its name, and never its value.
    """
    arns = {
        variable[len(SECRET_VARIABLE_PREFIX) :]: arn
        for variable, arn in sorted(os.environ.items())
        if variable.startswith(SECRET_VARIABLE_PREFIX)
    }
    return {name: _secret(name, arn) for name, arn in arns.items()}


def _secret(name: str, arn: str) -> str:
    try:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError, ClientError
    except ImportError:
        raise LaunchError("the image has no boto3, which the launcher reads secrets with") from None
    config = Config(connect_timeout=10, read_timeout=10, retries={"max_attempts": 5})
    try:
        client = boto3.client("secretsmanager", region_name=arn.split(":")[3], config=config)
        text = client.get_secret_value(SecretId=arn).get("SecretString")
    except (BotoCoreError, ClientError) as error:
        raise LaunchError(f"the secret {name} can't be read: {error}") from None
    if not isinstance(text, str) or "\0" in text:
        raise LaunchError(f"the secret {name} holds no text that a variable can hold")
    return text


def without_secrets(text: str, secrets: Iterable[str]) -> str:
    """The text with what is secret in it hidden: a failure's reason is read by many."""
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= SHORTEST_HIDDEN:
            text = text.replace(secret, "(hidden)")
    return text


# --- the duties of a first process ----------------------------------------------------------


class Child:
    """The script's process: gets the signals that the launcher gets, and is waited for.

    Only the ranks are signalled, not their helpers: a data-loading process that dies of SIGTERM
    would take its rank along before the rank has written its checkpoint. torchrun isn't either:
    it would kill its ranks 30 seconds later, and the service grants 120.
    """

    def __init__(self) -> None:
        """Takes the signals over at once, so that none is lost before the script starts."""
        self.stop_signal = 0
        self.tail = Tail()
        self._torchrun = False
        self._pid = 0
        for number in FORWARDED:
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, _frame: object) -> None:
        self.stop_signal = number
        self._forward()

    def _forward(self) -> None:
        ranks = _children(self._pid) if self._torchrun and self._pid else []
        for pid in ranks or [self._pid]:
            with contextlib.suppress(ProcessLookupError):
                if pid:
                    os.kill(pid, self.stop_signal)

    def run(
        self, command: list[str], environment: dict[str, str], folder: Path, torchrun: bool
    ) -> int:
        """Runs the command to its end; returns its exit code, 128 + n if signal n ended it."""
        self._torchrun = torchrun
        process = subprocess.Popen(
            command,
            env=environment,
            cwd=str(folder),
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self._pid = process.pid
        if self.stop_signal:
            self._forward()
        assert process.stderr is not None, "it was asked for"  # noqa: S101
        self.tail.follow(process.stderr)
        process.returncode = self._wait()
        self.tail.finish()
        return process.returncode

    def _wait(self) -> int:
        """Reaps whatever ends, orphans included, until the child has; leaves nothing of it."""
        while True:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
            assert ended is not None, "it was waited for"  # noqa: S101
            if ended.si_pid == self._pid:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self._pid, signal.SIGKILL)
            _, status = os.waitpid(ended.si_pid, 0)
            if ended.si_pid == self._pid:
                self._pid = 0
                return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else status >> 8


def _children(parent: int) -> list[int]:
    """The processes that a process has started itself."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            after_name = (entry / "stat").read_text("utf-8", "replace").rpartition(")")[2]
            if int(after_name.split()[1]) == parent:
                found.append(int(entry.name))
    return found


class Tail:
    """Passes the script's standard error through and remembers the end of it."""

    def __init__(self) -> None:
        self._end = b""
        self._thread: threading.Thread | None = None

    def follow(self, stream: IO[bytes]) -> None:
        """Starts to pass the stream on to this process's standard error."""
        self._thread = threading.Thread(target=self._copy, args=(stream,), daemon=True)
        self._thread.start()

    def _copy(self, stream: IO[bytes]) -> None:
        with stream:
            for piece in iter(lambda: os.read(stream.fileno(), 65536), b""):
                os.write(sys.stderr.fileno(), piece)
                self._end = (self._end + piece)[-STDERR_TAIL_BYTES:]

    def finish(self) -> None:
        """Waits for the stream's end; not for long, an orphan may hold it open."""
        if self._thread is not None:
            self._thread.join(timeout=2)

    def lines(self) -> list[str]:
        """The last lines that are not empty."""
        text = self._end.decode("utf-8", "replace")
        lines = (re.sub(r"^\[rank\d+\]:\s?", "", line.rstrip()) for line in text.splitlines())
        return [line for line in lines if line]


def reason(entry_point: str, code: int, lines: list[str], stopped: bool) -> str:
    """Why the script failed, in one line: its last exception, or the last thing it said.

    Nothing if it was stopped and said nothing about it: that is no failure of its own.
    """
    exceptions = [
        next((line for line in lines[i:] if not line.startswith(" ")), "")
        for i, before in enumerate(lines, start=1)
        if before.startswith("Traceback (most recent call last)")
    ]
    own = [line for line in exceptions if line and "ChildFailedError" not in line]
    if stopped and not own:
        return ""
    if code == 128 + signal.SIGKILL:
        return f"{entry_point} was ended by SIGKILL; most often the instance is out of memory"
    words = [line for line in lines if re.search(r"\w", line)]
    return f"{entry_point}: {(own or words or [f'exit code {code}'])[-1]}"


def write_failure(base: Path, text: str) -> None:
    """Writes what the service shows as the failure's reason, unless the script has done so."""
    failure = base / "output" / "failure"
    with contextlib.suppress(OSError):
        failure.parent.mkdir(parents=True, exist_ok=True)
        if text and (not failure.exists() or not failure.stat().st_size):
            failure.write_text(text[:FAILURE_LENGTH], "utf-8")


# --- the command line -----------------------------------------------------------------------


def launch(base: Path, options: argparse.Namespace, user_arguments: list[str]) -> int:
    """Starts the script as the options say and returns its exit code.

    Raises:
        LaunchError: if it can't be started.
    """
    child = Child()
    unpack(Path(__file__).resolve().with_name("source.tar.gz"), base / "code")
    job = Job(base, options.groups)
    script = base / "code" / options.entry_point
    if _leads_up(options.entry_point) or not script.is_file():
        raise LaunchError(_missing(options.entry_point, base / "code"))
    wait_for_hosts(_names_needed(job), child, HOST_NAMES_TIMEOUT_SECONDS)
    if child.stop_signal:
        return 128 + child.stop_signal
    secrets = fetch_secrets()
    distribution = options.distribution if job.host in job.peers else "none"
    variables = toolkit_variables(job, options.entry_point)
    variables.update(script_variables(job))
    variables.update(distribution_variables(distribution, job))
    variables.update(secrets)
    accelerators = int(variables["SM_NUM_GPUS"]) or int(variables["SM_NUM_NEURONS"])
    arguments = hyperparameter_arguments(job.hyperparameters) + user_arguments
    command = command_line(distribution, job, [str(script), *arguments], accelerators)
    print(f"{job.host}, host {job.rank + 1} of {len(job.hosts)}:", *command, flush=True)
    environment = {**os.environ, **variables}
    code = child.run(command, environment, base / "code", torchrun=distribution == "torchrun")
    if code:
        stopped = bool(child.stop_signal)
        why = reason(options.entry_point, code, child.tail.lines(), stopped)
        write_failure(base, without_secrets(why, secrets.values()))
    return code


def _names_needed(job: Job) -> list[str]:
    if len(job.hosts) == 1:
        return []
    return [job.meeting_point()[0]] if "MASTER_ADDR" in os.environ else job.hosts


def _missing(entry_point: str, folder: Path) -> str:
    scripts = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.py"))[:20]
    return (
        f"the entry point {entry_point!r} is not in the source folder, "
        f"which holds {', '.join(scripts) or 'no Python file'}"
    )


def main(arguments: list[str]) -> int:
    """Reads the command line, launches, and reports what went wrong in one line."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    parser = argparse.ArgumentParser(prog="launcher.py", description=__doc__.split("\n")[0])
    parser.add_argument("--distribution", choices=["none", "jax", "torchrun"], default="none")
    parser.add_argument("--groups", type=lambda names: names.split(","), default=[])
    parser.add_argument("--entry-point", required=True, metavar="FILE")
    options = parser.parse_args(arguments[:end])
    base = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
    try:
        return launch(base, options, arguments[end + 1 :])
    except LaunchError as error:
        print(f"launcher: {error}", file=sys.stderr, flush=True)
        write_failure(base, f"launcher: {error}")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
