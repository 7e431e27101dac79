"""What `make down` ends and what it leaves, with real processes."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from development.leftovers import end_processes_of, processes_of
from localcloud.server import process_table
from localcloud.server.process_table import Process
from toolchain.layout import CHECKOUT

_WAIT_SECONDS = 30.0
MODULES = ["pulumi.dynamic", "pulumi.policy", "localcloud.awsplugin"]
SCRIPTS = [
    "pulumi-language-python",
    "pulumi-language-python-exec",
    "pulumi-resource-pulumi-python",
    "pulumi-analyzer-policy-python",
    "pulumi-resource-aws",
]


@dataclass
class Machine:
    """Starts processes that sleep, with a PULUMI_HOME, and ends them after the test."""

    folder: Path
    children: list[subprocess.Popen[bytes]] = field(default_factory=list)
    orphans: list[int] = field(default_factory=list)

    @property
    def home(self) -> Path:
        return self.folder / "local" / "pulumi-home"

    @property
    def block(self) -> str:
        """What a shell waits at, without a process below it: a pipe that no one writes to."""
        pipe = self.folder / "pipe"
        if not pipe.exists():
            os.mkfifo(pipe)
        return f"read line < '{pipe}'"

    def script(self, name: str, text: str = "") -> str:
        """A program of the checkout that a shell runs, as it runs the launch scripts.

        It goes on until it is ended.
        """
        path = self.folder / "local" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{text}\n{self.block}\n")
        path.chmod(0o755)
        return str(path)

    def module(self, name: str) -> list[str]:
        """The command of a module with the name of a real one, which only sleeps."""
        path = (self.folder / name.replace(".", "/")).with_suffix(".py")
        path.parent.mkdir(exist_ok=True)
        (path.parent / "__init__.py").touch()
        path.write_text("import time\ntime.sleep(300)\n")
        return [sys.executable, "-u", "-m", name, "127.0.0.1:40000"]

    def start(self, *command: str, **environment: str) -> int:
        """Starts a process whose starter lives, and returns its number."""
        process = subprocess.Popen(command, cwd=self.folder, env=self._environment(environment))
        self.children.append(process)
        return process.pid

    def orphan(self, *command: str, user: int | None = None, **environment: str) -> int:
        """Starts a process whose starter ends at once, like a killed engine; returns its number."""
        starter = ["sh", "-c", '"$@" >/dev/null 2>&1 & echo $!', "sh", *command]
        number = int(
            subprocess.run(
                starter,
                cwd=self.folder,
                env=self._environment(environment),
                user=user,
                stdout=subprocess.PIPE,
                start_new_session=True,
                check=True,
            ).stdout
        )
        self.orphans.append(number)
        eventually(lambda: command[0] in process_table.running()[number].command()[:2])
        return number

    def _environment(self, changes: dict[str, str]) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "PULUMI_HOME": str(self.home)} | changes

    def close(self) -> None:
        home = f"PULUMI_HOME={self.home}"
        process_table.end(
            each for each in process_table.running().values() if home in each.environment()
        )
        for number in self.orphans:
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        for child in self.children:
            child.kill()
            child.wait()


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    before = os.umask(0o022)  # so that another user may run its programs
    machine = Machine(tmp_path)
    yield machine
    machine.close()
    os.umask(before)


def eventually(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + _WAIT_SECONDS
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def lives(number: int) -> bool:
    """Whether a process runs; one that has ended and was not waited for does not."""
    process = process_table.running().get(number)
    return process is not None and bool(process.command())


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_dead_engines_launch_scripts_are_ended(machine: Machine, name: str):
    number = machine.orphan(machine.script(name))
    assert processes_of(machine.home) == [number]
    end_processes_of(machine.home)
    assert not lives(number)
    assert processes_of(machine.home) == []


@pytest.mark.parametrize("name", MODULES)
def test_a_dead_engines_plugins_are_ended(machine: Machine, name: str):
    number = machine.orphan(*machine.module(name))
    end_processes_of(machine.home)
    assert not lives(number)


def test_what_a_left_script_runs_is_ended_with_it(machine: Machine):
    command = " ".join(machine.module("pulumi.dynamic"))
    script = machine.orphan(machine.script("pulumi-resource-pulumi-python", command))
    eventually(lambda: len(processes_of(machine.home)) == 2)
    numbers = processes_of(machine.home)
    assert script in numbers
    end_processes_of(machine.home)
    assert not any(map(lives, numbers))


def test_a_binary_of_the_linked_command_line_counts_by_where_it_lies(machine: Machine):
    program = machine.folder / "local" / "pulumi-language-python"
    program.parent.mkdir()
    shutil.copy(shutil.which("sleep") or "/bin/sleep", program)
    number = machine.orphan(str(program), "300")
    end_processes_of(machine.home)
    assert not lives(number)


def spare_everything(machine: Machine, numbers: list[int]) -> None:
    end_processes_of(machine.home)
    time.sleep(0.1)  # a process that was sent a signal lives on for a moment
    assert [number for number in numbers if not lives(number)] == []


def test_what_only_has_the_variable_is_not_touched(machine: Machine):
    """A terminal's own processes, and those that left it: a window's editor, a multiplexer."""
    opened = machine.script("pulumi-language-python-exec")
    commands = [
        ("sleep", "300"),
        (machine.script("editor"), opened),
        ("sh", "-c", machine.block, opened, "pulumi.dynamic"),
        (sys.executable, "-c", "import time; time.sleep(300)", "-m", "pulumi.dynamic"),
    ]
    numbers = [run(*command) for command in commands for run in (machine.start, machine.orphan)]
    assert processes_of(machine.home) == []
    spare_everything(machine, numbers)


def test_the_plugins_of_an_engine_that_lives_are_not_touched(machine: Machine):
    """Of one in another terminal, and of one whose terminal was closed."""
    plugin = machine.script("pulumi-resource-pulumi-python")
    engine = machine.script("pulumi", f"{plugin} & wait")
    engines = [machine.start(engine, "preview"), machine.orphan(engine, "up")]
    eventually(lambda: len(processes_of(machine.home)) == len(engines))
    spare_everything(machine, [*engines, *processes_of(machine.home)])


def test_a_plugin_that_was_started_by_hand_is_not_touched(machine: Machine):
    """As for a debugger: what started it is no engine, and lives."""
    numbers = [machine.start(*machine.module("localcloud.awsplugin"))]
    eventually(lambda: processes_of(machine.home) == numbers)
    spare_everything(machine, numbers)


def test_the_plugins_of_another_home_are_not_touched(machine: Machine):
    plugin = machine.script("pulumi-resource-aws")
    numbers = [machine.orphan(plugin, PULUMI_HOME=home) for home in (f"{machine.home}2", "")]
    spare_everything(machine, numbers)


def test_a_command_line_from_outside_the_checkout_is_not_touched(machine: Machine, tmp_path: Path):
    """That of the user's own Pulumi, which has nothing to do with the checkout's stacks."""
    own = tmp_path / "own" / "pulumi-language-python"
    own.parent.mkdir()
    shutil.copy(machine.script("pulumi-language-python"), own)
    spare_everything(machine, [machine.orphan(str(own))])


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may start processes of other users")
def test_processes_of_another_user_are_not_touched(machine: Machine):
    for folder in (machine.folder, *machine.folder.parents):
        if folder.owner() == "root" and folder.stat().st_mode & 0o005 != 0o005:
            folder.chmod(0o755)
    spare_everything(machine, [machine.orphan(machine.script("pulumi-resource-aws"), user=65534)])


def test_it_ends_neither_itself_nor_what_started_it(machine: Machine):
    """Not even where that looks like a plugin of a dead engine."""
    done = machine.folder / "done"
    command = (
        f"cd {CHECKOUT} && {sys.executable} -c 'from pathlib import Path;"
        " from development.leftovers import end_processes_of;"
        f' end_processes_of(Path("{machine.home}")); Path("{done}").touch()\''
    )
    script = machine.orphan(machine.script("pulumi-resource-pulumi-python", command))
    eventually(done.exists)
    assert lives(script)
    end_processes_of(machine.home)
    assert not lives(script)


def test_down_ends_well_where_the_variable_is_exported(machine: Machine):
    script = (
        "import sys; from pathlib import Path; from development import commands; "
        "from toolchain.layout import Layout; "
        "sys.exit(commands.down(Layout(local=Path(sys.argv[1]))))"
    )
    shell = machine.start("sleep", "300")
    done = subprocess.run(
        [sys.executable, "-c", script, str(machine.home.parent)],
        cwd=CHECKOUT,
        env=os.environ | {"PULUMI_HOME": str(machine.home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done
    assert "nothing to destroy" in done.stdout
    assert lives(shell)


def test_a_number_that_another_process_has_by_now_is_not_ended(machine: Machine):
    number = machine.start("sleep", "300")
    now = process_table.running()[number]
    before = Process(number, now.name, now.parent, now.session, now.started - 1)
    process_table.end([before])
    assert lives(number)
    process_table.end([now])
    eventually(lambda: not lives(number))
