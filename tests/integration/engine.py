"""The real engine on a stack of a test's own, and what it did, in a form that tests can ask."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import yaml

from development.engine import PLATFORM, Engine, Project
from development.jobs import runs_of
from development.leftovers import end_processes_of
from toolchain.environment import REGION, engine_environment
from toolchain.layout import Layout

TIMEOUT_SECONDS = 300.0


@dataclass(frozen=True)
class Step:
    """One thing that the engine did, in the order in which it was done."""

    operation: str
    urn: str

    @property
    def type(self) -> str:
        return self.urn.split("::")[2].rpartition("$")[2]

    @property
    def name(self) -> str:
        return self.urn.split("::")[-1]


@dataclass(frozen=True)
class Result:
    """How an operation of the engine ended."""

    exit_code: int
    text: str
    events: list[dict[str, Any]] = field(repr=False)

    @property
    def steps(self) -> list[Step]:
        """Everything that was not left as it was."""
        done = (each["resOutputsEvent"]["metadata"] for each in self._of_kind("resOutputsEvent"))
        return [Step(each["op"], each["urn"]) for each in done if each["op"] != "same"]

    @property
    def changes(self) -> dict[str, int]:
        """The engine's own count of operations, without those that leave a resource as it is."""
        counts = next(iter(self._of_kind("summaryEvent")), {}).get("summaryEvent", {})
        changes: dict[str, int] = counts.get("resourceChanges") or {}
        return {operation: count for operation, count in changes.items() if operation != "same"}

    @property
    def errors(self) -> list[str]:
        """What the engine reported as errors."""
        reported = (each["diagnosticEvent"] for each in self._of_kind("diagnosticEvent"))
        return [each["message"] for each in reported if each["severity"] == "error"]

    def operations(self, type_: str) -> list[str]:
        """The operations on the resources of one type, such as "create"."""
        return [step.operation for step in self.steps if step.type == type_]

    def succeeded(self) -> Result:
        """Fails the test unless the operation succeeded; returns the result."""
        assert self.exit_code == 0, f"exit code {self.exit_code}\n{self.text}"
        return self

    def failed(self) -> Result:
        """Fails the test if the operation succeeded; returns the result."""
        assert self.exit_code != 0, f"it succeeded\n{self.text}"
        return self

    def _of_kind(self, kind: str) -> list[dict[str, Any]]:
        return [each for each in self.events if kind in each]


@dataclass
class Stack:
    """A stack of the program on a local cloud, with a state and a PULUMI_HOME of its own.

    `settings` are those of the program's namespace, as in a settings file; they are written
    before each operation, so a test changes what it wants to have changed.
    """

    layout: Layout
    endpoint_url: str
    settings: dict[str, Any]
    name: str = "dev"
    project: Path | None = None
    """The folder of the program, where it is not the checkout's."""
    program: Project = PLATFORM
    aws: dict[str, Any] = field(default_factory=dict)
    """The `aws:*` settings other than the region."""

    def up(self, *options: str, preview: bool = False) -> Result:
        return self.run("up", "--yes", *([] if preview else ["--skip-preview"]), *options)

    def preview(self, *options: str) -> Result:
        return self.run("preview", *options)

    def refresh(self, *options: str) -> Result:
        return self.run("refresh", "--yes", "--skip-preview", *options)

    def destroy(self, *options: str) -> Result:
        return self.run("destroy", "--yes", "--skip-preview", *options)

    def outputs(self) -> dict[str, Any]:
        return self._engine.outputs()

    def resources(self) -> list[dict[str, Any]]:
        """The resources in the state, as `pulumi stack export` has them."""
        return self._engine.resources()

    def rename(self, name: str) -> None:
        """Renames the stack, as `pulumi stack rename` does."""
        self.ask("stack", "rename", name, "--stack", self.name)
        self.name = name

    def export_state(self) -> dict[str, Any]:
        """The stack's state, as `pulumi stack export` has it."""
        state: dict[str, Any] = json.loads(self.ask("stack", "export", "--stack", self.name))
        return state

    def import_state(self, state: dict[str, Any]) -> None:
        """Gives the stack a state that another one had."""
        self._prepare()
        file = self.layout.local / "imported-state.json"
        file.write_text(json.dumps(state))
        self.ask("stack", "import", "--file", str(file), "--stack", self.name)

    def forget(self, urn: str) -> None:
        """Removes a resource from the state, and leaves it as it is."""
        self.ask("state", "delete", urn, "--yes", "--stack", self.name)

    def run(self, *arguments: str) -> Result:
        """Runs an operation to its end, with its events."""
        with self.start(*arguments) as operation:
            return operation.wait()

    def start(self, *arguments: str) -> Operation:
        """Starts an operation that runs while the test goes on; use it as a context manager."""
        self._prepare()
        log = self.layout.local / f"events-{time.monotonic_ns()}.json"
        command = [
            *(str(self.layout.pulumi_bin / "pulumi"), "--non-interactive", *arguments),
            *("--stack", self.name, "--config-file", str(self._engine.settings_file)),
            *("--color", "never", "--suppress-progress", "--event-log", str(log)),
        ]
        process = subprocess.Popen(
            command,
            cwd=self._folder,
            # The flag --event-log is one of the engine's debugging aids.
            env=self.environment() | {"PULUMI_DEBUG_COMMANDS": "true"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        return Operation(process, log)

    def environment(self) -> dict[str, str]:
        return engine_environment(self.layout, endpoint_url=self.endpoint_url)

    def client(self, service: str) -> Any:
        """A boto3 client of the local cloud."""
        return boto3.client(service, endpoint_url=self.endpoint_url, region_name=REGION)

    def lineage(self, job: str) -> str:
        environment = self.settings.get("environment", "dev")
        own = f"{self.settings['team']}-{environment}-{job}"
        return str(self.settings.get("jobs", {}).get(job, {}).get("resumeFrom", own))

    def jobs(self, job: str) -> list[dict[str, Any]]:
        """The runs of a job as DescribeTrainingJob has them, the newest first."""
        sagemaker = self.client("sagemaker")
        names = [each["TrainingJobName"] for each in runs_of(sagemaker, [self.lineage(job)])]
        return [sagemaker.describe_training_job(TrainingJobName=name) for name in names]

    def wait_for_job(
        self,
        job: str,
        condition: Callable[[dict[str, Any]], bool],
        seconds: float = TIMEOUT_SECONDS,
    ) -> dict[str, Any]:
        """The newest run of a job, once it meets a condition."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            newest = next(iter(self.jobs(job)), None)
            if newest and condition(newest):
                return newest
            time.sleep(0.2)
        raise AssertionError(f"{job} did not get there in {seconds} s: {newest}")

    def close(self) -> None:
        """Stops the stack's jobs and ends every process that its engine left behind."""
        end_processes_of(self.layout.pulumi_home)
        lineages = [self.lineage(job) for job in self.settings.get("jobs", {})]
        sagemaker = self.client("sagemaker")
        for summary in runs_of(sagemaker, lineages) if lineages else ():
            if summary["TrainingJobStatus"] == "InProgress":
                sagemaker.stop_training_job(TrainingJobName=summary["TrainingJobName"])

    @property
    def _engine(self) -> Engine:
        return Engine(self.layout, self.name, self.endpoint_url, self.program)

    @property
    def _folder(self) -> Path:
        return self.project or self.layout.checkout / self.program.folder

    def _prepare(self) -> None:
        engine = self._engine
        if not engine.exists():
            engine.create()
        salt = yaml.safe_load(engine.settings_file.read_text()).get("encryptionsalt")
        config = {f"{self.program.name}:{key}": value for key, value in self.settings.items()}
        aws = {f"aws:{key}": value for key, value in ({"region": REGION} | self.aws).items()}
        document = {"config": aws | config, "encryptionsalt": salt}
        engine.settings_file.write_text(yaml.safe_dump(document))

    def ask(self, *arguments: str) -> str:
        """Runs a command that is no operation, and returns what it prints."""
        done = subprocess.run(
            [self.layout.pulumi_bin / "pulumi", "--non-interactive", *arguments],
            cwd=self.layout.stacks,
            env=self.environment(),
            check=True,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
        )
        return done.stdout


class Operation:
    """An operation of the engine that may still be going on."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self.process = process
        self._log = log

    def __enter__(self) -> Operation:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()

    def wait(self, seconds: float = TIMEOUT_SECONDS) -> Result:
        """The result, once the operation has ended."""
        try:
            text, _ = self.process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired as error:
            raise AssertionError(
                f"the engine did not end in {seconds} s:\n{error.output}"
            ) from error
        return Result(self.process.returncode, text, _events(self._log))


def _events(log: Path) -> list[dict[str, Any]]:
    """The events of the operation itself, without those of the preview before it."""
    lines = log.read_text().splitlines() if log.exists() else []
    events: list[dict[str, Any]] = []
    for event in _parsed(lines):
        if "preludeEvent" in event:
            events.clear()
        events.append(event)
    return events


def _parsed(lines: list[str]) -> Iterator[dict[str, Any]]:
    for line in lines:
        with suppress(json.JSONDecodeError):  # the last line of an engine that was killed
            yield json.loads(line)
