"""The Pulumi CLI on PATH, on a stack whose state is the acceptance's own."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from acceptance.diary import Diary, write_private

CHECKOUT = Path(__file__).resolve().parent.parent
PLATFORM = "."
DOWNSTREAM = "examples/downstream"
PACK = "policies"
POLICIES = "policies.json"
"""The configuration of the policies, in the acceptance's folder."""
_CONFIGURATION = "TRAINING_POLICIES_CONFIGURATION"
_OTHERS = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_STACK")
"""Variables that would take another stack or passphrase than the acceptance's own."""
_END_SECONDS = 120.0


class CliError(Exception):
    """The CLI can't be used, or refused what it must not refuse."""


@dataclass(frozen=True)
class Outcome:
    """How an operation of the CLI ended."""

    code: int
    text: str
    changes: Mapping[str, int]
    """How many resources were created, updated and so on; none that stayed as they were."""

    @property
    def last_lines(self) -> str:
        """The end of what it printed."""
        return "\n".join(self.text.strip().splitlines()[-25:])


@dataclass(frozen=True)
class PulumiCli:
    """The CLI for one of the two stacks: the platform's, and the one that takes its model."""

    diary: Diary
    project: str = PLATFORM

    @property
    def stack(self) -> str:
        """The stack's name; no other stack has it."""
        return f"acceptance-{self.diary.identity}"

    def exists(self) -> bool:
        """Whether the stack was created."""
        return self._settings_file.exists()

    def create(self) -> None:
        """Creates the stack, with a passphrase of its own.

        Raises:
            CliError: the CLI refused.

        """
        if not self._passphrase.exists():
            write_private(self._passphrase, secrets.token_urlsafe(32))
        (self.diary.folder / "backend").mkdir(exist_ok=True)
        self._copies.mkdir(parents=True, exist_ok=True)
        # The CLI writes the stack's salt next to the project file that it finds.
        shutil.copy(CHECKOUT / self.project / "Pulumi.yaml", self._copies)
        self.ask("stack", "init", self.stack, "--cwd", str(self._copies))

    def write_settings(self, config: Mapping[str, Any]) -> None:
        """Writes the stack's settings, with which the next operation works."""
        salt = yaml.safe_load(self._settings_file.read_text() or "{}").get("encryptionsalt")
        document = {"config": dict(config), **({"encryptionsalt": salt} if salt else {})}
        write_private(self._settings_file, yaml.safe_dump(document, sort_keys=False))

    def up(self, *options: str) -> Outcome:
        """Updates the stack under the policies."""
        return self._run("up", "--yes", "--skip-preview", *options)

    def preview(self, *options: str) -> Outcome:
        """Shows what an update would do."""
        return self._run("preview", *options)

    def refresh(self, *options: str) -> Outcome:
        """Reads all resources again."""
        return self._run("refresh", "--yes", "--skip-preview", *options)

    def destroy(self) -> Outcome:
        """Deletes all resources of the stack."""
        return self._run("destroy", "--yes", "--skip-preview")

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs."""
        answer = self.ask("stack", "output", "--json", "--stack", self.stack)
        outputs: dict[str, Any] = json.loads(answer)
        return outputs

    def resources(self) -> list[dict[str, Any]]:
        """The resources in the stack's state."""
        resources: list[dict[str, Any]] = self._deployment().get("resources") or []
        return resources

    def was_interrupted(self) -> bool:
        """Whether a CLI was ended in the middle of creating something."""
        return bool(self._deployment().get("pending_operations"))

    def release(self) -> None:
        """Ends an operation that an earlier acceptance left behind, and removes its lock."""
        end_process(self.diary.engine_pid, self._executable)
        self.diary.engine_pid = 0
        self.ask("cancel", self.stack, "--yes", check=False)

    def remove(self) -> None:
        """Removes the stack, which has no resources any more.

        Raises:
            CliError: it still has some.

        """
        self.ask("stack", "rm", self.stack, "--yes", "--cwd", str(self._copies))
        self._settings_file.unlink(missing_ok=True)

    def ask(self, *arguments: str, check: bool = True) -> str:
        """Runs a command that is no operation, and returns what it prints.

        Raises:
            CliError: it failed, and `check` is set.

        """
        done = subprocess.run(
            [self._executable, "--non-interactive", *arguments],
            cwd=CHECKOUT / self.project,
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
            start_new_session=True,
        )
        if check and done.returncode != 0:
            message = f"pulumi {' '.join(arguments)} failed:\n{done.stderr or done.stdout}"
            raise CliError(message)
        return done.stdout

    def _deployment(self) -> dict[str, Any]:
        exported = json.loads(self.ask("stack", "export", "--stack", self.stack))
        deployment: dict[str, Any] = exported["deployment"] or {}
        return deployment

    @property
    def _executable(self) -> str:
        return executable()

    @property
    def _copies(self) -> Path:
        return self.diary.folder / "stacks" / self.project

    @property
    def _settings_file(self) -> Path:
        return self._copies / f"Pulumi.{self.stack}.yaml"

    @property
    def _passphrase(self) -> Path:
        return self.diary.folder / "passphrase"

    def _environment(self) -> dict[str, str]:
        inherited = {key: value for key, value in os.environ.items() if key not in _OTHERS}
        # The interpreter of this process has what the program and the policies import.
        path = os.pathsep.join([str(Path(sys.executable).parent), inherited.get("PATH", "")])
        return inherited | {
            "PATH": path,
            "PULUMI_BACKEND_URL": self.diary.backend,
            "PULUMI_CONFIG_PASSPHRASE_FILE": str(self._passphrase),
            # The flag --event-log is one of the CLI's debugging aids.
            "PULUMI_DEBUG_COMMANDS": "true",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            _CONFIGURATION: str(self.diary.folder / POLICIES),
        }

    def _run(self, operation: str, *options: str) -> Outcome:
        """Runs an operation, and keeps all that it prints in a file of its own."""
        logs = self.diary.folder / "logs"
        logs.mkdir(exist_ok=True)
        number = len(list(logs.glob("*.log"))) + 1
        log = logs / f"{number:02}-{operation}.log"
        events = log.with_suffix(".events")
        pack = ["--policy-pack", os.path.relpath(CHECKOUT / PACK, CHECKOUT / self.project)]
        judged = self.project == PLATFORM and operation in {"up", "preview"}
        command = [
            *(self._executable, "--non-interactive", operation, *options),
            *("--stack", self.stack, "--config-file", str(self._settings_file)),
            *("--color", "never", "--suppress-progress", "--event-log", str(events)),
            *(pack if judged else []),
        ]
        with (
            log.open("w") as output,
            subprocess.Popen(
                command,
                cwd=CHECKOUT / self.project,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # Ctrl-C reaches the acceptance only, which then lets the CLI end by itself.
                start_new_session=True,
            ) as process,
        ):
            self.diary.engine_pid = process.pid
            self.diary.write()
            try:
                code = process.wait()
            except BaseException:
                _interrupt(process)
                raise
        self.diary.engine_pid = 0
        return Outcome(code, log.read_text(errors="replace"), _changes(events))


def executable() -> str:
    """The CLI that is used.

    Raises:
        CliError: there is none on PATH.

    """
    found = shutil.which("pulumi")
    if found is None:
        message = (
            "There is no `pulumi` on PATH. Install the CLI as https://www.pulumi.com/docs/install/ "
            "says, and put its folder on PATH."
        )
        raise CliError(message)
    return found


def version() -> str:
    """The version of the CLI, as it prints it."""
    done = subprocess.run([executable(), "version"], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def end_process(pid: int, program: str, seconds: float = _END_SECONDS) -> None:
    """Ends a CLI that an acceptance left behind: by Ctrl-C, and after some time by force.

    Another process may have its number by now, so only one that runs `program` is ended.
    """
    if not _runs(pid, program):
        return
    _signal(pid, signal.SIGINT)
    if not _until(lambda: not _runs(pid, program), seconds):
        _signal(pid, signal.SIGKILL)
        _until(lambda: not _runs(pid, program), seconds)


def _interrupt(process: subprocess.Popen[bytes]) -> None:
    """Lets the CLI end the steps that are running, so that it forgets no resource."""
    _signal(process.pid, signal.SIGINT)
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        _signal(process.pid, signal.SIGKILL)
        process.wait()


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        return


def _runs(pid: int, program: str) -> bool:
    """Whether a process runs a program; both Linux and macOS have `ps`."""
    if pid <= 0:
        return False
    asked = ["ps", "-o", "stat=,args=", "-p", str(pid)]
    shown = subprocess.run(asked, capture_output=True, text=True, check=False).stdout
    return program in shown and not shown.lstrip().startswith("Z")


def _until(is_true: Callable[[], bool], seconds: float) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if is_true():
            return True
        time.sleep(0.2)
    return False


def _changes(events: Path) -> dict[str, int]:
    """What the CLI counted, without the resources that stayed as they were."""
    found: dict[str, int] = {}
    for line in events.read_text().splitlines() if events.exists() else ():
        try:
            event = json.loads(line)
        except json.JSONDecodeError:  # the last line of a CLI that was ended
            continue
        if "summaryEvent" in event:
            found = event["summaryEvent"].get("resourceChanges") or {}
    return {operation: count for operation, count in found.items() if operation != "same"}
