"""A stack with one training job, whose engine or provider is killed at a chosen call."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import boto3

from components.training_job.run.run_record import RUN_RECORD
from development.engine import Project
from development.leftovers import end_processes_of, processes_of
from tests.integration.crashes.strikes import READS, Moment, Point, Way
from tests.integration.engine import TIMEOUT_SECONDS, Operation, Stack
from toolchain.environment import REGION
from toolchain.layout import CHECKOUT

Victim = Literal["engine", "host", "connection"]
PROGRAM = Project("crashes", "tests/integration/crashes/program")
LIVE = ("InProgress", "Stopping")
_MOMENTS: Mapping[Victim, Sequence[Moment]] = {
    "engine": ("before", "after", "unread"),
    # Whether an answer is lost, or arrives and is not read, is the same for who dies then.
    "host": ("before", "unread"),
    "connection": ("before", "after"),
}
_HOST = (b"pulumi.dynamic", b"pulumi-resource-pulumi-python")
_SCRIPT = "trap 'exit 0' TERM; sleep 1000 & wait"


@dataclass
class CrashStack(Stack):
    """A stack of the tiny program, which finds the components by PYTHONPATH."""

    program: Project = PROGRAM
    cloud: str = ""
    """The local cloud's own URL; that of the stack is the way on which its calls are struck."""

    def environment(self) -> dict[str, str]:
        return super().environment() | {"PYTHONPATH": str(CHECKOUT)}

    def client(self, service: str) -> Any:
        return boto3.client(service, endpoint_url=self.cloud, region_name=REGION)

    def cancel(self) -> None:
        """Cancels the lock of an engine that was killed."""
        subprocess.run(
            [self.layout.pulumi_bin / "pulumi", "cancel", "--yes", "--stack", self.name],
            cwd=self._folder,
            env=self.environment(),
            check=True,
            capture_output=True,
            timeout=TIMEOUT_SECONDS,
        )


@dataclass
class Scene:
    """One stack, the way on which its calls go, and what is killed there."""

    stack: CrashStack
    way: Way
    victim: Victim
    points: int = 0
    """How many points were tried."""

    def set(self, **changes: Any) -> None:
        """Changes the job's settings."""
        self.stack.settings["job"] = {**self.stack.settings["job"], **changes}

    def points_of(self, *command: str) -> list[Point]:
        """Runs a command that nothing strikes, and returns the points of its calls.

        A read has no effect, so that the moments after it are like the one before it.
        """
        self._run(*command)
        moments = _MOMENTS[self.victim]
        return [
            Point(call, moment)
            for call, operation in enumerate(self.way.calls)
            for moment in (moments[:1] if operation.startswith(READS) else moments)
        ]

    def crash(
        self, point: Point | None, *command: str, then: Callable[[], None] = lambda: None
    ) -> None:
        """Runs a command, strikes at the point, and does what a person does after a crash.

        That is to cancel the lock, to change what `then` changes, and to run the command again. A
        provider whose engine was killed still runs meanwhile, and does what it was at. Without a
        point, the command is only run.
        """
        if point is not None:
            operation = self.stack.start(*command)
            self.way.arm(point, lambda: self._kill(operation), self._hold)
            operation.process.wait(TIMEOUT_SECONDS)
            _forget(operation)
            assert self.way.struck, f"{command[0]} made no call {point}"
            self.points += 1
            if self.victim == "connection":
                assert operation.process.returncode == 0
                return
            if self.victim == "engine":
                self.stack.cancel()
        then()
        self._run(*command)

    def _run(self, *command: str) -> None:
        self.way.arm(None, lambda: None, lambda: None)
        self.stack.run(*command).succeeded()
        # By now a provider that outlived its engine has nothing left to do, or must not do it.
        end_processes_of(self.stack.layout.pulumi_home)

    def live(self) -> list[dict[str, Any]]:
        """The lineage's jobs that have not ended."""
        return [job for job in self.stack.jobs("job") if job["TrainingJobStatus"] in LIVE]

    def tags(self) -> dict[str, str]:
        """The live job's tags, without those of the lifecycle."""
        [job] = self.live()
        listed = self.stack.client("sagemaker").list_tags(ResourceArn=job["TrainingJobArn"])["Tags"]
        return {tag["Key"]: tag["Value"] for tag in listed if ":" not in tag["Key"]}

    def has_record(self, name: str) -> bool:
        """Whether the bucket has the record of a run."""
        lineage = self.stack.settings["lineage"]
        key = f"output/{lineage}/{name}/{RUN_RECORD}"
        listed = self.stack.client("s3").list_objects_v2(Bucket="artifacts", Prefix=key)
        return bool(listed["KeyCount"])

    def recorded(self) -> list[str]:
        """The names of the jobs in the state."""
        resources = self.stack.resources()
        jobs = [each for each in resources if each["type"].endswith("sagemaker:TrainingJob")]
        return [each["outputs"]["training_job_name"] for each in jobs]

    def _hold(self) -> None:
        """Freezes the provider, so that an answer reaches it and is not read."""
        self._signal(signal.SIGSTOP)

    def _kill(self, operation: Operation) -> None:
        if self.victim == "engine":
            os.kill(operation.process.pid, signal.SIGKILL)
        elif self.victim == "host":
            self._signal(signal.SIGKILL)
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        """Sends a signal to the provider's host, and to the shell that started it."""
        for process in processes_of(self.stack.layout.pulumi_home):
            with suppress(OSError):  # it may have ended
                command = Path(f"/proc/{process}/cmdline").read_bytes()
                if any(name in command for name in _HOST):
                    os.kill(process, number)


def _forget(operation: Operation) -> None:
    """Closes the pipe from an engine that has ended, and not its provider."""
    if operation.process.stdout:
        operation.process.stdout.close()


def job_settings(script: str = _SCRIPT) -> dict[str, Any]:
    """A job that runs a shell's script, or sleeps until it is asked to end."""
    command = {"ContainerEntrypoint": ["/bin/sh", "-c", script]}
    return {
        "image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/training:1",
        "instanceType": "ml.m5.large",
        "maxRuntime": "1h",
        "extra": {"AlgorithmSpecification": command},
    }
