"""What each command does, step by step; each function returns the command's exit code."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.exceptions import EndpointConnectionError

from development.engine import DOWNSTREAM, Engine, is_default_provider
from development.engine_locks import is_locked, locks_of, release_dead_locks
from development.jobs import any_live, lineages_of, names_of, runs_of, stop_live
from development.leftovers import end_processes_of
from development.local_cloud import find_current, start
from development.log_lines import Follower, NewLines, read_lines
from development.stack_file import StackFile
from development.terminal import (
    console,
    log_line,
    print_jobs,
    print_line,
    print_next,
    print_outputs,
)
from localcloud.server import daemon
from toolchain.environment import client_environment
from toolchain.layout import Layout

STACK = "dev"
_WAIT_SECONDS = 1.0
_ADVICE = ("The resources in the stack have been deleted", "If you want to remove the stack")


def up(layout: Layout) -> int:
    """Brings the stack up with the launch switch on and no job paused."""
    server = find_current(layout) or start(layout)
    console.print(f"Local cloud at {server.url}, process {server.pid}")
    release_dead_locks(layout, print_line)
    engine = _stack(layout, server)
    if not engine.exists():
        engine.create()
    _write_settings(engine)
    code = _refresh_if_stale(engine, server) or _bring_up(engine)
    if code == 0:
        outputs = engine.outputs()
        print_outputs(console, outputs)
        print_next(console, outputs.get("training_jobs", {}))
    else:
        _say_what_still_runs(engine, server)
    return code


def pause(layout: Layout, job: str | None) -> int:
    """Stops the running jobs, or one, and marks them as paused."""
    server = daemon.find(layout.cloud)
    engine = _stack(layout, server)
    settings = StackFile.read(engine.settings_file) if engine.exists() else None
    lineages = lineages_of(settings, job) if settings else []
    if server is None or settings is None or not _may_run(layout, server.url, lineages):
        console.print("No job runs, so there is nothing to pause. `make up` starts them.")
        return 0
    _stop_under_another_engine(layout, server.url, lineages)
    release_dead_locks(layout, print_line)
    settings.set_paused([job] if job else settings.job_names(), paused=True)
    settings.write()
    code = _bring_up(engine)
    if code == 0:
        print_jobs(console, _described(server.url, lineages))
        console.print("`make up` resumes from the newest checkpoint.")
    return code


def status(layout: Layout) -> int:
    """Shows the local cloud, the stack and its jobs."""
    server = daemon.find(layout.cloud)
    engine = _stack(layout, server)
    where = f"{server.url}, process {server.pid}" if server else "not running"
    console.print(f"Local cloud  {where}")
    if server:
        console.print(f"Status page  {server.url}/localcloud/")
    count = sum(not is_default_provider(each) for each in engine.resources())
    console.print(f"Stack {STACK}    {f'{count} resources' if count else 'not up'}")
    for lock in locks_of(layout.state):
        console.print(f"Locked by    {lock}{' (dead)' if lock.is_dead() else ''}")
    if server and engine.settings_file.exists():
        settings = StackFile.read(engine.settings_file)
        print_jobs(console, _described(server.url, lineages_of(settings, None)))
    return 0


def logs(layout: Layout, job: str | None, follow: bool) -> int:
    """Prints the log lines of each job's newest run, or of one; with `follow`, new ones too."""
    server = daemon.find(layout.cloud)
    engine = _stack(layout, server)
    if server is None or not engine.settings_file.exists():
        console.print("The local cloud doesn't run, so there are no logs. `make up` starts it.")
        return 1
    client = _client("logs", server.url)
    now = _now_ms()
    lineages = lineages_of(StackFile.read(engine.settings_file), job)
    runs = [next(runs_of(_client("sagemaker", server.url), [each]), None) for each in lineages]
    for run in filter(None, runs):
        for line in read_lines(client, run["TrainingJobName"]):
            console.print(log_line(line), soft_wrap=True)
    if not any(runs):
        console.print("No training job was launched yet.")
    if follow:
        console.print("[dim]Waiting for more; Ctrl-C ends it.[/dim]")
        _follow_until_interrupted(NewLines(client, now), lineages)
    return 0


def predict(layout: Layout) -> int:
    """Classifies the held-out images with the model of the job `digits`."""
    server = daemon.find(layout.cloud)
    job = _stack(layout, server).outputs().get("training_jobs", {}).get("digits", {})
    if server is None or job.get("status") != "Completed":
        console.print("No model was trained yet. `make up` trains one.")
        return 1
    script = layout.checkout / "examples" / "digits" / "predict.py"
    environment = client_environment(layout, endpoint_url=server.url)
    return subprocess.run(
        [layout.python, script, job["model_uri"]], env=environment, check=False
    ).returncode


def downstream(layout: Layout) -> int:
    """Brings up the stack that registers the model which `up` has trained."""
    server = daemon.find(layout.cloud)
    if server is None or not _stack(layout, server).outputs():
        console.print("There is no platform to build on yet. `make up` builds it.")
        return 1
    release_dead_locks(layout, print_line)
    engine = _downstream_stack(layout, server)
    if not engine.exists():
        engine.create()
    StackFile.read(engine.original_settings).copy_to(engine.settings_file).write()
    code = _refresh_if_stale(engine, server) or engine.up(print_line)
    if code == 0:
        print_outputs(console, engine.outputs())
    return code


def down(layout: Layout) -> int:
    """Destroys the stacks, dependent ones first, and stops the local cloud."""
    release_dead_locks(layout, print_line)
    end_processes_of(layout.pulumi_home)
    server = find_current(layout)
    existing = [engine for engine in _stacks(layout, server) if engine.exists()]
    if existing and server is None and not daemon.has_data(layout.cloud):
        console.print("The local cloud is gone, so nothing of the stack exists any more.")
        for engine in existing:
            engine.forget()
        return 0
    if not any(map(_has_anything, existing)):
        daemon.stop(layout.cloud)
        console.print("No stack is up, so there is nothing to destroy.")
        return 0
    server = server or start(layout)
    existing = [engine for engine in _stacks(layout, server) if _has_anything(engine)]
    code = next(filter(None, (_destroy(engine, server) for engine in existing)), 0)
    if code == 0:
        daemon.stop(layout.cloud)
        console.print("The stack is destroyed and the local cloud stopped.")
    else:
        console.print("The local cloud still runs. `make clean` removes it with all its data.")
    return code


# --- stacks ---------------------------------------------------------------------------------


def _stack(layout: Layout, server: daemon.Server | None) -> Engine:
    return Engine(layout, STACK, server.url if server else "")


def _downstream_stack(layout: Layout, server: daemon.Server | None) -> Engine:
    return Engine(layout, STACK, server.url if server else "", DOWNSTREAM)


def _stacks(layout: Layout, server: daemon.Server | None) -> tuple[Engine, ...]:
    """All stacks, dependent ones first."""
    return _downstream_stack(layout, server), _stack(layout, server)


def _write_settings(engine: Engine) -> None:
    settings = StackFile.read(engine.original_settings).copy_to(engine.settings_file)
    settings.set_launch(True)
    settings.set_paused(settings.job_names(), paused=False)
    settings.write()


def _bring_up(engine: Engine) -> int:
    """Brings a stack up and prints its jobs' log lines between the engine's own lines."""
    with _log_lines(engine.endpoint_url):
        return engine.up(print_line)


def _refresh_if_stale(engine: Engine, server: daemon.Server) -> int:
    """Refreshes the state if it may differ from the local cloud; returns the exit code."""
    if engine.was_interrupted():
        console.print("The last run was interrupted, so the state is refreshed first.")
    elif server.lost and engine.resources() and engine.last_written() < server.started:
        console.print(f"The local cloud was started again. {server.lost}", soft_wrap=True)
        console.print("So the state is refreshed first.")
    else:
        return 0
    before = _names(engine)
    lines: list[str] = []
    code = engine.refresh(lines.append)
    for line in lines if code else ():
        print_line(line)
    if missing := before - _names(engine):
        console.print(f"Missing: {', '.join(sorted(missing))}.", soft_wrap=True)
    return code


def _names(engine: Engine) -> set[str]:
    return {resource["urn"].rpartition("::")[2] for resource in engine.resources()}


def _has_anything(engine: Engine) -> bool:
    return bool(engine.resources()) or engine.was_interrupted()


def _destroy(engine: Engine, server: daemon.Server) -> int:
    return _refresh_if_stale(engine, server) or engine.destroy(_print_without_advice)


def _print_without_advice(line: str) -> None:
    """Prints a line of the engine, but not its advice on further commands."""
    if not line.startswith(_ADVICE):
        print_line(line)


# --- jobs -----------------------------------------------------------------------------------


def _may_run(layout: Layout, url: str, lineages: list[str]) -> bool:
    """Whether jobs run, or an engine runs that may launch some."""
    return is_locked(layout) or any_live(_client("sagemaker", url), lineages)


def _stop_under_another_engine(layout: Layout, url: str, lineages: list[str]) -> None:
    """Makes an engine that waits for jobs release its lock, by stopping the jobs."""
    if is_locked(layout):
        console.print("Another `make up` waits for its jobs; going on when it has ended.")
    while is_locked(layout):
        for name in stop_live(_client("sagemaker", url), lineages):
            console.print(f"Stopping {name}")
        time.sleep(_WAIT_SECONDS)


def _say_what_still_runs(engine: Engine, server: daemon.Server) -> None:
    """Prints that jobs still run after the command."""
    if daemon.find(engine.layout.cloud) is None:
        return
    lineages = lineages_of(StackFile.read(engine.settings_file), None)
    if any_live(_client("sagemaker", server.url), lineages):
        console.print(
            "A training job still runs. `make watch` shows it, `make up` waits for it, "
            "`make pause` stops it and keeps its checkpoints.",
            soft_wrap=True,
        )


def _described(url: str, lineages: list[str]) -> Iterator[dict[str, Any]]:
    sagemaker = _client("sagemaker", url)
    for summary in runs_of(sagemaker, lineages):
        yield sagemaker.describe_training_job(TrainingJobName=summary["TrainingJobName"])


@contextmanager
def _log_lines(url: str) -> Iterator[None]:
    """Prints the jobs' new log lines while the body runs."""
    lines = NewLines(_client("logs", url), _now_ms())
    with Follower(lines, lambda line: console.print(log_line(line), soft_wrap=True)):
        yield


def _follow_until_interrupted(lines: NewLines, lineages: list[str]) -> None:
    names = names_of(lineages)
    try:
        while True:
            for line in lines.poll():
                if names.fullmatch(line.job):
                    console.print(log_line(line), soft_wrap=True)
            time.sleep(_WAIT_SECONDS)
    except KeyboardInterrupt:
        return
    except EndpointConnectionError:
        console.print("The local cloud was stopped.")


def _client(service: str, url: str) -> Any:
    return boto3.client(service, endpoint_url=url)


def _now_ms() -> int:
    return int(time.time() * 1000)
