"""Runs the Pulumi engine on one stack; state, settings and plugins are in the checkout."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

from development.terminal import CommandError
from toolchain.environment import engine_environment
from toolchain.layout import Layout


class Watcher(Protocol):
    """What an operation is shown with."""

    def engine_line(self, line: str) -> None:
        """Takes a line that the engine writes."""

    def event(self, event: Mapping[str, Any]) -> None:
        """Takes an event of the engine, as it is in the engine's event log."""

    def interrupted(self) -> None:
        """Hears of Ctrl-C, in a handler of signals."""


@dataclass(frozen=True)
class Project:
    """A Pulumi program of the checkout: its name, its folder, and the folder of its policy pack."""

    name: str
    folder: str
    policy_pack: str = ""


PLATFORM = Project("sagemaker-training", ".", "policies")
DOWNSTREAM = Project("model-registry", "examples/downstream")


@dataclass(frozen=True)
class Engine:
    """The engine for one stack of a project."""

    layout: Layout
    stack: str
    endpoint_url: str
    project: Project = PLATFORM

    @property
    def title(self) -> str:
        """The stack's name, and its project if that is not the platform's."""
        return self.stack if self.project is PLATFORM else f"{self.stack} of {self.project.name}"

    @property
    def original_settings(self) -> Path:
        """The stack's settings file in the checkout."""
        return self._program / f"Pulumi.{self.stack}.yaml"

    @property
    def settings_file(self) -> Path:
        """The copy of the stack's settings file that the engine reads and may write."""
        return self._copies / f"Pulumi.{self.stack}.yaml"

    def exists(self) -> bool:
        """Whether the stack was created."""
        return self._state_file.exists()

    def create(self) -> None:
        """Creates the stack.

        Raises:
            CommandError: the engine refused.

        """
        self.layout.state.mkdir(parents=True, exist_ok=True)
        self._copies.mkdir(parents=True, exist_ok=True)
        # The engine writes the stack's salt next to the project file that it finds.
        shutil.copy(self._program / "Pulumi.yaml", self._copies)
        self._ask("stack", "init", self.stack, "--cwd", str(self._copies))

    def resources(self) -> list[dict[str, Any]]:
        """The resources in the stack's state."""
        resources: list[dict[str, Any]] = self._deployment().get("resources") or []
        return resources

    def was_interrupted(self) -> bool:
        """Whether an engine died in the middle of creating something."""
        return bool(self._deployment().get("pending_operations"))

    def last_written(self) -> float:
        """When an engine last wrote the stack's state, in epoch seconds."""
        return self._state_file.stat().st_mtime

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs; none if it was never brought up.

        They are read from the state's file, because the engine takes half a second more.
        """
        stack = next((each for each in self.resources() if _is_stack(each)), {})
        outputs: dict[str, Any] = stack.get("outputs", {})
        return outputs

    def up(self, watcher: Watcher, *options: str) -> int:
        """Updates the stack as the program says, and returns the engine's exit code.

        A preview comes first, unless an update with the same settings and policies succeeded
        before, so that the preview could refuse nothing.
        """
        brought_up = self.settings_file.with_suffix(".brought-up")
        judged = self.settings_file.read_bytes() + self._policy_configuration()
        seen = brought_up.exists() and brought_up.read_bytes() == judged
        brought_up.unlink(missing_ok=True)
        skip = ["--skip-preview"] if seen else []
        with self._events(watcher) as events:
            chosen = (*skip, *self._policy_options(), *events, *options)
            code = self._run("up", watcher.engine_line, *chosen, on_interrupt=watcher.interrupted)
        if code == 0:
            brought_up.write_bytes(judged)
        return code

    def preview(self, on_line: Callable[[str], None], events: Path) -> int:
        """Shows what `up` would change, and the policies' verdict; returns the exit code.

        The engine writes its events to a file, one JSON document per line.

        Raises:
            KeyboardInterrupt: by Ctrl-C, when the engine has ended.
        """
        interrupts: list[None] = []
        chosen = (*self._policy_options(), "--event-log", str(events))
        code = self._run("preview", on_line, *chosen, on_interrupt=lambda: interrupts.append(None))
        if interrupts:
            signal.raise_signal(signal.SIGINT)
        return code

    def refresh(self, watcher: Watcher) -> int:
        """Refreshes the state, and forgets what a killed engine was creating.

        Returns the engine's exit code. A training job that was launched meanwhile is not lost: the
        next `up` finds it by its name and tags.
        """
        with self._events(watcher) as events:
            chosen = ("--clear-pending-creates", "--skip-preview", *events)
            return self._run(
                "refresh", watcher.engine_line, *chosen, on_interrupt=watcher.interrupted
            )

    def destroy(self, watcher: Watcher) -> int:
        """Deletes all resources of the stack, and returns the engine's exit code."""
        with self._events(watcher) as events:
            chosen = ("--skip-preview", *events)
            return self._run(
                "destroy", watcher.engine_line, *chosen, on_interrupt=watcher.interrupted
            )

    def forget(self) -> None:
        """Removes the stack and its state, even if the state has resources."""
        self._ask("stack", "rm", self.stack, "--yes", "--force", "--cwd", str(self._copies))

    @property
    def _program(self) -> Path:
        return self.layout.checkout / self.project.folder

    @property
    def _copies(self) -> Path:
        return self.layout.stacks / self.project.folder

    @property
    def _state_file(self) -> Path:
        folder = self.layout.state / ".pulumi" / "stacks" / self.project.name
        return folder / f"{self.stack}.json"

    def _deployment(self) -> dict[str, Any]:
        if not self.exists():
            return {}
        content = json.loads(self._state_file.read_text())
        deployment: dict[str, Any] = content.get("checkpoint", {}).get("latest") or {}
        return deployment

    def _policy_options(self) -> list[str]:
        """The option for the policy pack, by its path from the program's folder.

        The engine takes the option's value for a list, so a comma or a quote in the path of the
        checkout would break it.
        """
        pack, folder = self.project.policy_pack, self.project.folder
        return ["--policy-pack", os.path.relpath(pack, folder)] if pack else []

    def _policy_configuration(self) -> bytes:
        pack = self.project.policy_pack
        return (self.layout.checkout / pack / "configuration.json").read_bytes() if pack else b""

    def _command(self, *arguments: str) -> list[str]:
        return [str(self.layout.pulumi_bin / "pulumi"), "--non-interactive", *arguments]

    def _environment(self) -> dict[str, str]:
        environment = engine_environment(self.layout, endpoint_url=self.endpoint_url)
        # The flag --event-log is one of the engine's debugging aids.
        return environment | {"PULUMI_DEBUG_COMMANDS": "true"}

    def _ask(self, *arguments: str) -> str:
        done = subprocess.run(
            self._command(*arguments),
            cwd=self._program,
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            message = f"pulumi {' '.join(arguments)} failed:\n{done.stderr or done.stdout}"
            raise CommandError(message)
        return done.stdout

    @contextmanager
    def _events(self, watcher: Watcher) -> Iterator[list[str]]:
        """The option with which the engine writes its events into a pipe, while they are read."""
        with TemporaryDirectory(dir=self.layout.local, prefix="events-") as folder:
            pipe = Path(folder, "pipe")
            os.mkfifo(pipe)
            # Opened to be written too, reading waits for an engine, and for its next operation.
            with os.fdopen(os.open(pipe, os.O_RDWR), "rb") as lines:
                reader = threading.Thread(target=_read_events, args=(lines, watcher), daemon=True)
                reader.start()
                try:
                    yield ["--event-log", str(pipe)]
                finally:
                    # The first ends what a killed engine left of a line.
                    os.write(lines.fileno(), b"\n\n")
                    reader.join()

    def _run(
        self,
        operation: str,
        on_line: Callable[[str], None],
        *options: str,
        on_interrupt: Callable[[], None] = lambda: None,
    ) -> int:
        """Runs a long operation; `on_line` gets each line that the engine writes."""
        command = self._command(
            operation,
            *(["--yes"] if operation != "preview" else []),
            *("--stack", self.stack, "--config-file", str(self.settings_file)),
            *("--suppress-progress", "--suppress-outputs", "--color", "always", *options),
        )
        with (
            subprocess.Popen(
                command,
                cwd=self._program,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
            ) as process,
            _signals_left_to(process, on_interrupt),
        ):
            for line in process.stdout or ():
                on_line(line.rstrip("\n"))
        # As a shell does, for a process that a signal ended.
        code = process.returncode
        return code if code >= 0 else 128 - code


def _read_events(lines: Iterable[bytes], watcher: Watcher) -> None:
    """Passes events on, until an empty line."""
    for line in lines:
        if line == b"\n":
            return
        with suppress(json.JSONDecodeError):
            watcher.event(json.loads(line))


@contextmanager
def _signals_left_to(
    process: subprocess.Popen[str], on_interrupt: Callable[[], None]
) -> Iterator[None]:
    """Lets the engine end by itself: on the first signal it waits for running steps.

    It gets Ctrl-C from the terminal, as a member of its process group.
    """
    handlers = {
        signal.SIGINT: lambda *_: on_interrupt(),
        signal.SIGTERM: lambda *_: process.terminate(),
    }
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def is_default_provider(resource: dict[str, Any]) -> bool:
    """Whether it is a default provider, which the engine doesn't count."""
    return "::pulumi:providers:" in resource["urn"] and "::default" in resource["urn"]


def _is_stack(resource: dict[str, Any]) -> bool:
    return resource.get("type") == "pulumi:pulumi:Stack"
