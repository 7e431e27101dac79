"""The policy pack's commands on this checkout: a stack's report, and the quotas' report."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.markdown import Markdown
from rich.text import Text

from development import local_cloud, stacks
from development.engine import PLATFORM, Engine
from development.jobs import lineages_of
from development.leftovers import end_processes_of
from development.readers import run_reader
from development.stack_file import StackFile
from development.terminal import console
from localcloud.server import daemon
from toolchain.environment import REGION, engine_environment
from toolchain.layout import Layout

_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
"""The report's verdict."""
_UNFOLDED = re.compile(r"<!--.*?-->|<details>.*?</details>", re.DOTALL)


def policy_check(layout: Layout, stack: str) -> int:
    """Previews a new stack with these settings, and prints the report: in Markdown, or formatted.

    The preview has its own local cloud and state, so it does not touch those of `make up`. Returns
    0 if the stack may be brought up, otherwise 1.

    Raises:
        CommandError: there is no such stack, or the local cloud did not start.

    """
    stacks.must_have_file(layout, stack)
    if _of_pack(layout, "project_check", layout.checkout, "--stack", stack):
        return 1
    with _preview(layout, stack) as (events, code):
        judged = _run_of_pack(layout, "policy_report", events, "--stack", stack, captured=True)
    print_report(console, judged.stdout, stacks.make("policy-check", stack))
    return max(code and 1, judged.returncode)


def forecast(layout: Layout, job: str | None, stack: str) -> int:
    """Prints how long the jobs of a stack will take, or one of them, and what they will cost.

    The rates are those of the jobs that ran on the local cloud, if it is up.

    Raises:
        CommandError: there is no such stack or job, or the local cloud did not start.

    """
    stacks.must_have_file(layout, stack)
    settings = StackFile.read(Engine(layout, stack, "").original_settings)
    chosen = ("--job", lineages_of(settings, job)[0]) if job else ()
    server = daemon.find(layout.cloud)
    live = ("--live", settings.region()) if server else ()
    with _preview(layout, stack) as (events, _):
        return _of_pack(
            layout, "run_forecast", events, *chosen, *live, url=server.url if server else None
        )


def quota_report(layout: Layout) -> int:
    """Prints what all stacks and running jobs use, compared with the teams' quotas.

    Returns the report's exit code: 0 if all is within the quotas, 1 if not, 2 if neither is known.
    """
    server = daemon.find(layout.cloud)
    layout.state.mkdir(parents=True, exist_ok=True)
    pulumi = ("--pulumi", layout.pulumi_bin / "pulumi")
    if server is None:
        return _of_pack(layout, "quota_report", *pulumi)
    return _of_pack(layout, "quota_report", *pulumi, "--live", REGION, url=server.url)


@contextmanager
def _preview(layout: Layout, stack: str) -> Iterator[tuple[Path, int]]:
    """The event log of a preview of a new stack with these settings, and the engine's exit code."""
    with _world(layout) as (world, url):
        engine = Engine(world, stack, url)
        engine.create()
        StackFile.read(engine.original_settings).for_local_cloud(engine.settings_file).write()
        events, lines = world.local / "events.json", list[str]()
        code = engine.preview(lines.append, events)
        if not events.exists():
            sys.stderr.write("\n".join(lines) + "\n")
        yield events, code


@contextmanager
def _world(layout: Layout) -> Iterator[tuple[Layout, str]]:
    """A temporary folder and local cloud, with the set-up's plugins."""
    with tempfile.TemporaryDirectory(dir=layout.local, prefix="policy-check-") as folder:
        world = Layout(layout.checkout, Path(folder))
        world.pulumi_home.mkdir()
        (world.pulumi_home / "plugins").symlink_to(layout.pulumi_home / "plugins")
        try:
            yield world, local_cloud.start(world).url
        finally:
            end_processes_of(world.pulumi_home)
            daemon.stop(world.cloud)


def print_report(console: Console, report: str, command: str) -> None:
    """Prints a report in Markdown: formatted on a terminal, and as it is to a file or a program.

    A terminal can't fold the list of all changes, so that is left out there, and the verdict comes
    last again, as the beginning scrolls away. `command` is the one that prints the report.
    """
    if not console.is_terminal:
        print(report, end="")
        return
    console.print(Markdown(_UNFOLDED.sub("", report)))
    console.print(
        f"\nWith the list of all changes, as a comment on a pull request: {command} > report.md",
        style="dim",
        soft_wrap=True,
    )
    if verdict := _HEADING.search(report):
        console.print(Text(verdict[1], "bold"), soft_wrap=True)


def _of_pack(layout: Layout, module: str, *arguments: str | Path, url: str | None = None) -> int:
    """Runs a command of the pack, and returns its exit code."""
    return _run_of_pack(layout, module, *arguments, url=url).returncode


def _run_of_pack(
    layout: Layout,
    module: str,
    *arguments: str | Path,
    url: str | None = None,
    captured: bool = False,
) -> subprocess.CompletedProcess[str]:
    """Runs a command of the pack, which is a program of its own."""
    return run_reader(
        [layout.python, "-m", module, *arguments],
        cwd=layout.checkout / PLATFORM.policy_pack,  # the root of its imports
        env=engine_environment(layout, endpoint_url=url),
        stdout=subprocess.PIPE if captured else None,
    )
