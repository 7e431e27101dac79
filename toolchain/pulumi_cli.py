"""The Pulumi command line and its Python language host: the machine's, or built from Go modules.

No package registry carries the command line, and the official installer needs the open internet;
the Go module proxy carries all of its source.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from development.environment import engine_environment
from development.layout import Layout
from toolchain.commands import Runner, Running
from toolchain.go import (
    GoCommand,
    Version,
    build_folder,
    go_environment,
    parse_version,
    provide_go,
    required_version,
)
from toolchain.progress import Progress, Step
from toolchain.stamps import Stamp, fingerprint

MINIMUM: Version = (3, 220)
_SDK = "github.com/pulumi/pulumi/sdk/v3"
_LANGUAGE_HOST = "pulumi-language-python"
_SCRIPTS = (
    "python/cmd/pulumi-language-python-exec",
    "python/dist/pulumi-resource-pulumi-python",
    "python/dist/pulumi-analyzer-policy-python",
)
_NAMES = ("pulumi", _LANGUAGE_HOST, *(Path(script).name for script in _SCRIPTS))
_REMEDY = (
    "See whether the Go module proxy is reachable (`go env GOPROXY`), then run `make setup` again: "
    "it goes on where it stopped. Or install the Pulumi CLI 3.220 or newer from "
    "https://www.pulumi.com/docs/install/: it is used when it is on PATH."
)


@dataclass(frozen=True)
class Program:
    """One program that is built from a go.mod of toolchain/."""

    module: str
    package: str
    version: str
    binary: str


ENGINE = Program("pulumi", "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi", "v3.220.0", "pulumi")
LANGUAGE_HOST = Program(
    "python-language-host", f"{_SDK}/python/cmd/{_LANGUAGE_HOST}", "v3.79.0", _LANGUAGE_HOST
)
PROGRAMS = (ENGINE, LANGUAGE_HOST)


def find_cli(layout: Layout) -> Path | None:
    """Return the folder of the machine's command line where it is new enough and complete."""
    found = shutil.which("pulumi", path=_path_without(layout.pulumi_bin))
    if not found or not all((folder_of(found) / name).exists() for name in _NAMES):
        return None
    if is_linked(layout, folder_of(found)):
        return folder_of(found)
    told = subprocess.run(
        [found, "version"],
        env=engine_environment(layout),
        capture_output=True,
        text=True,
        check=False,
    )
    version = parse_version(told.stdout) if told.returncode == 0 else None
    return folder_of(found) if version and version >= MINIMUM else None


def folder_of(executable: str) -> Path:
    """Return the folder of an executable behind its links, where its companions lie."""
    return Path(executable).resolve().parent


def is_linked(layout: Layout, folder: Path) -> bool:
    """Tell whether `pulumi_bin` holds links to this installed command line."""
    links = [layout.pulumi_bin / name for name in _NAMES]
    return all(link.is_symlink() and link.resolve() == folder / link.name for link in links)


def link_cli(layout: Layout, folder: Path) -> None:
    """Make `pulumi_bin` hold links to an installed command line."""
    layout.pulumi_bin.mkdir(parents=True, exist_ok=True)
    for name in _NAMES:
        link = layout.pulumi_bin / name
        link.unlink(missing_ok=True)
        link.symlink_to(folder / name)


def module_folder(layout: Layout, program: Program) -> Path:
    """Return the folder of the go.mod and go.sum that a program is built from."""
    return layout.checkout / "toolchain" / program.module


def program_stamp(layout: Layout, program: Program) -> Stamp:
    """Return the mark of a built program."""
    folder = module_folder(layout, program)
    inputs = fingerprint([repr(program), folder / "go.mod", folder / "go.sum"])
    names = (program.binary, *(_NAMES[2:] if program is ENGINE else ()))
    results = tuple(layout.pulumi_bin / name for name in names)
    return Stamp(layout.stamps / program.binary, inputs, results)


def build_all(layout: Layout, progress: Progress, running: Running) -> None:
    """Build what is not built yet, with Go's caches inside the checkout.

    Raises:
        SetupError: Go could not be had, or a build failed.

    """
    missing = [each for each in PROGRAMS if not program_stamp(layout, each).is_valid()]
    if not missing:
        return
    minimum = max(required_version(module_folder(layout, each) / "go.mod") for each in missing)
    with progress.step("Go") as step:
        runner = Runner(step.name, layout.logs / "go.log", _REMEDY, running)
        go = provide_go(layout, minimum, runner, step)
    for program in missing:
        with progress.step(f"{program.binary} {program.version}") as step:
            build(layout, program, go, step, running)
    # Gigabytes, in so many files that it takes a while; kept until here, so that an interrupted
    # build goes on.
    with progress.step("clean-up") as step:
        step.tell("removing what only the building needed")
        shutil.rmtree(build_folder(layout), ignore_errors=True)


def build(layout: Layout, program: Program, go: Path, step: Step, running: Running) -> None:
    """Build one program and put it, whole or not at all, into its place."""
    watch = _GoWatcher(step)
    log = layout.logs / f"{program.binary}.log"
    module = module_folder(layout, program)
    go_command = GoCommand(
        go, module, go_environment(layout), Runner(step.name, log, _REMEDY, running, watch.read)
    )
    step.tell("downloading modules")
    listed = go_command.run("list", "-deps", program.package)
    watch.compiling(sum(not line.startswith("go: ") for line in listed))
    unfinished = build_folder(layout) / program.binary
    flags = f"-s -w -X {_SDK}/go/common/version.Version={program.version}"
    go_command.run(
        "build", "-v", "-trimpath", "-ldflags", flags, "-o", str(unfinished), program.package
    )
    layout.pulumi_bin.mkdir(parents=True, exist_ok=True)
    unfinished.replace(layout.pulumi_bin / program.binary)
    if program is ENGINE:
        _copy_scripts(layout, go_command)
    program_stamp(layout, program).write()


def _copy_scripts(layout: Layout, go_command: GoCommand) -> None:
    folder = Path(go_command.run("list", "-m", "-f", "{{.Dir}}", _SDK)[-1])
    for script in _SCRIPTS:
        target = layout.pulumi_bin / Path(script).name
        shutil.copyfile(folder / script, target)
        target.chmod(0o755)


def _path_without(folder: Path) -> str:
    """Return PATH without a folder: what was built here is not the machine's own."""
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join(each for each in folders if each and Path(each) != folder)


class _GoWatcher:
    """Turns Go's output into counts of downloaded modules and compiled packages."""

    def __init__(self, step: Step) -> None:
        self._step = step
        self._modules = 0
        self._packages = 0
        self._total = 0

    def compiling(self, total: int) -> None:
        self._total = total
        self._step.tell(f"compiling {total} packages")

    def read(self, line: str) -> None:
        if line.startswith("go: downloading "):
            self._modules += 1
            self._step.tell(f"{self._modules} modules downloaded, {line.split()[2]}")
        elif self._total:
            self._packages += 1
            self._step.tell(f"{self._packages} of {self._total} packages compiled, {line}")
