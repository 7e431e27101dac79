"""What the policy pack adds to a preview of 1,000 resources.

    .venv/bin/python -m bench.policies [rounds]

It previews 18 platforms of this project in one stack: without policies, with a pack of as many
policies that do nothing, and with the pack. The goal is that the pack adds no more than the empty
one. Each round measures the three in turn, the next round in the opposite order. The medians of six
rounds, or of the given number, are shown. Processor time is worth more than the clock where the
machine does something else, too.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

import yaml
from rich.console import Console
from rich.table import Table

from bench.spent import Spent, spent_by
from localcloud.server import daemon
from toolchain.environment import engine_environment
from toolchain.layout import CHECKOUT, Layout

PLATFORMS = 18
_PROGRAM = ("Pulumi.yaml", "components", "examples", ".venv")
_EMPTY_PACK = """
from pulumi_policy import PolicyPack, ResourceValidationPolicy, StackValidationPolicy

def nothing(args, report):
    pass

PolicyPack("empty", [
    *(ResourceValidationPolicy(f"resource-{{n}}", "nothing", nothing) for n in range({resource})),
    *(StackValidationPolicy(f"stack-{{n}}", "nothing", nothing) for n in range({stack})),
])
"""


def main() -> None:
    """Measures the three variants in turn, and prints the median of each."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 6
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = daemon.start(folder / "cloud")
        try:
            bench = _Bench(folder, server.url)
            variants: dict[str, list[str]] = {
                "no policies": [],
                "as many empty policies": ["--policy-pack", str(bench.empty_pack())],
                "the policy pack": ["--policy-pack", str(CHECKOUT / "policies")],
            }
            bench.preview()  # It fills the caches that all share.
            spent: dict[str, list[Spent]] = {variant: [] for variant in variants}
            for number in range(rounds):
                for variant in [*variants] if number % 2 == 0 else reversed(variants):
                    spent[variant].append(bench.preview(*variants[variant]))
            _print(spent, bench.resources(), sum(bench.policies()))
        finally:
            daemon.stop(folder / "cloud")


class _Bench:
    """A stack of many platforms in a folder of its own."""

    def __init__(self, folder: Path, url: str) -> None:
        self._folder, self._program = folder, folder / "program"
        layout = Layout(local=folder / "local")
        self._pulumi = str(layout.pulumi_bin / "pulumi")
        configuration = {"TRAINING_POLICIES_CONFIGURATION": str(folder / "configuration.json")}
        self._environment = engine_environment(layout, endpoint_url=url) | configuration
        layout.pulumi_home.mkdir(parents=True)
        (layout.pulumi_home / "plugins").symlink_to(Layout().pulumi_home / "plugins")
        layout.state.mkdir(parents=True)
        self._write()
        self._run("stack", "init", "dev")

    def preview(self, *options: str) -> Spent:
        """The time that a preview takes."""
        command = self._command("preview", "--stack", "dev", "--suppress-progress", *options)
        return spent_by(command, self._program, self._environment)

    def resources(self) -> int:
        """The number of resources in the preview."""
        steps = json.loads(self._run("preview", "--stack", "dev", "--json"))["steps"]
        return len(steps)

    def policies(self) -> tuple[int, int]:
        """How many policies the pack has for resources, and for stacks."""
        count = (
            "from training_policies.pack import engine_policies; "
            "kinds = [type(each).__name__ for each in engine_policies()]; "
            "print(kinds.count('ResourceValidationPolicy'), len(kinds))"
        )
        done = subprocess.run(
            [sys.executable, "-c", count],
            cwd=CHECKOUT / "policies",
            env=os.environ | self._environment,
            capture_output=True,
            text=True,
            check=True,
        )
        single, total = map(int, done.stdout.split())
        return single, total - single

    def empty_pack(self) -> Path:
        """A pack with as many policies as the real one, which do nothing."""
        pack = self._folder / "empty"
        pack.mkdir()
        (pack / "PulumiPolicy.yaml").write_text("name: empty\nruntime: python\n")
        single, stack = self.policies()
        (pack / "__main__.py").write_text(_EMPTY_PACK.format(resource=single, stack=stack))
        return pack

    def _write(self) -> None:
        """The program, its settings, and quotas for its teams."""
        self._program.mkdir()
        for name in _PROGRAM:
            (self._program / name).symlink_to(CHECKOUT / name)
        (self._program / "__main__.py").symlink_to(CHECKOUT / "bench" / "many_platforms.py")
        settings = yaml.safe_load((CHECKOUT / "Pulumi.dev.yaml").read_text())
        config = settings["config"] | {"bench:platforms": PLATFORMS}
        (self._program / "Pulumi.dev.yaml").write_text(yaml.safe_dump({"config": config}))
        teams: dict[str, Any] = {"research": {"dev": {"families": {"*": {}}}}}
        (self._folder / "configuration.json").write_text(json.dumps({"teams": teams}))

    def _command(self, *arguments: str) -> list[str]:
        return [self._pulumi, "--non-interactive", *arguments]

    def _run(self, *arguments: str) -> str:
        done = subprocess.run(
            self._command(*arguments),
            cwd=self._program,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            end = "\n".join((done.stdout + done.stderr).splitlines()[-40:])
            sys.exit(f"pulumi {arguments[0]} failed:\n{end}")
        return done.stdout


def _print(spent: Mapping[str, list[Spent]], resources: int, policies: int) -> None:
    medians = [
        Spent(
            median(each.seconds for each in all_), median(each.processor_seconds for each in all_)
        )
        for all_ in spent.values()
    ]
    plain, empty, ours = medians
    title = f"{resources} resources, {policies} policies"
    table = Table("preview with", "seconds", "added", "processor seconds", "added", title=title)
    for variant, each in zip(spent, medians, strict=True):
        added = _added(each, plain)
        table.add_row(
            variant,
            f"{each.seconds:.2f}",
            f"{added.seconds:+.2f}",
            f"{each.processor_seconds:.2f}",
            f"{added.processor_seconds:+.2f}",
        )
    console = Console()
    console.print(table)
    ratio = _added(ours, plain).over(_added(empty, plain))
    console.print(f"The pack adds {ratio} times what empty ones add by the clock (processor time).")


def _added(spent: Spent, plain: Spent) -> Spent:
    return Spent(spent.seconds - plain.seconds, spent.processor_seconds - plain.processor_seconds)


if __name__ == "__main__":
    main()
