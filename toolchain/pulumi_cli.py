"""The Pulumi command line and its Python language host: the machine's, or built from Go modules.

No package registry has the command line, and the official installer needs the open internet. The Go
module proxy has all of its source.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from toolchain.environment import engine_environment
from toolchain.go import (
    GoCommand,
    Version,
    build_folder,
    find_go,
    go_environment,
    parse_version,
    provide_go,
    required_version,
    version_text,
)
from toolchain.layout import Layout
from toolchain.progress import Progress, Step
from toolchain.runner import Runner, Running
from toolchain.stamps import Stamp, fingerprint

MINIMUM: Version = (3, 220)
# No debugging information, which the linker would leave out anyway, and nothing inlined but in the
# packages that run most. That is a third of the work; an engine operation takes as long as before.
_COMPILER_FLAGS = (
    "-gcflags=all=-dwarf=false -l",
    "-gcflags=std=-dwarf=false",
    "-gcflags=google.golang.org/protobuf/...=-dwarf=false",
)
_SDK = "github.com/pulumi/pulumi/sdk/v3"
_LANGUAGE_HOST = "pulumi-language-python"
_POLICY_SCRIPT = "pulumi-analyzer-policy-python"
# From this version on, the language host starts policy packs, and no script comes with the CLI.
_WITHOUT_POLICY_SCRIPT: Version = (3, 221)
_SCRIPTS = {
    "pulumi-language-python-exec": "python/cmd",
    "pulumi-resource-pulumi-python": "python/dist",
    _POLICY_SCRIPT: "python/dist",
}
"""The launch scripts, each with its folder in the module of the SDK."""
_NAMES = ("pulumi", _LANGUAGE_HOST, *_SCRIPTS)
_INSTALLATION = (
    f"a complete Pulumi CLI, {version_text(MINIMUM)} or newer, from "
    "https://www.pulumi.com/docs/install/ and put its folder first on PATH"
)
_REMEDY = (
    "See whether the Go module proxy is reachable (`go env GOPROXY`), then run `make setup` again: "
    f"it continues where it stopped. Or install {_INSTALLATION}."
)


@dataclass(frozen=True)
class Program:
    """One program that is built from a go.mod of toolchain/."""

    module: str
    package: str
    version: str
    binary: str
    remedy: str = field(default=_REMEDY, repr=False)
    """What to do if it can't be built."""
    left_out: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Packages that the program does without, by the names of their modules."""


ENGINE = Program(
    "pulumi",
    "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
    "v3.220.0",
    "pulumi",
    # The drivers of states and secrets in AWS and Azure, with the SDKs of both clouds: a sixth of
    # the work. The commands keep the state in a file, and its secrets under a passphrase.
    left_out={
        "gocloud.dev": (
            *("blob/azureblob", "blob/s3blob"),
            *("secrets/awskms", "secrets/azurekeyvault"),
        ),
        "gocloud.dev/secrets/hashivault": ("",),
    },
)
LANGUAGE_HOST = Program(
    "python-language-host", f"{_SDK}/python/cmd/{_LANGUAGE_HOST}", "v3.79.0", _LANGUAGE_HOST
)
PROGRAMS = (ENGINE, LANGUAGE_HOST)


@dataclass(frozen=True)
class InstalledCli:
    """A command line on PATH; `folder`, after all links, has the programs that belong to it."""

    folder: Path
    version: Version | None
    """None if it doesn't say its version."""

    @property
    def programs(self) -> tuple[str, ...]:
        """The files that are needed of it, which depend on its version."""
        scripted = self.version is None or self.version < _WITHOUT_POLICY_SCRIPT
        return tuple(name for name in _NAMES if scripted or name != _POLICY_SCRIPT)

    def fault(self) -> str:
        """Why it can't be used; empty if it can."""
        if self.version is None:
            return "it doesn't say its version"
        if self.version < MINIMUM:
            return f"it is older than {version_text(MINIMUM)}"
        missing = [name for name in self.programs if not (self.folder / name).exists()]
        return f"its folder lacks {' and '.join(missing)}" if missing else ""


def find_cli(layout: Layout, say: Callable[[str], None]) -> InstalledCli | None:
    """The machine's command line; if the one on PATH can't be used, `say` gets the reason."""
    executable = _executable(layout)
    if executable is None:
        return None
    installed = InstalledCli(executable.resolve().parent, _version_of(layout, executable))
    fault = installed.fault()
    if not fault:
        return installed
    named = " ".join(["The Pulumi CLI", *filter(None, [version_text(installed.version or ())])])
    say(
        f"{named} in {installed.folder} is not used: {fault}. This checkout uses "
        f"{ENGINE.version.lstrip('v')} instead, which it builds once, in minutes. "
        f"To use your own, install {_INSTALLATION}."
    )
    return None


def link_cli(layout: Layout, installed: InstalledCli, say: Callable[[str], None]) -> None:
    """Fills `pulumi_bin` with links to the needed files of an installed command line.

    `say` is called once it is used, and again after it has changed.
    """
    before = _linked(layout)
    layout.pulumi_bin.mkdir(parents=True, exist_ok=True)
    for name in _NAMES:
        link, target = layout.pulumi_bin / name, installed.folder / name
        if name not in installed.programs:
            link.unlink(missing_ok=True)
        elif not (link.is_symlink() and link.readlink() == target):
            link.unlink(missing_ok=True)
            link.symlink_to(target)
    if _linked(layout) != before:
        version = version_text(installed.version or ())
        say(f"The Pulumi CLI {version} in {installed.folder} is used; none is built.")


def _linked(layout: Layout) -> dict[str, Path]:
    """The links in `pulumi_bin`, each with what it leads to."""
    files = layout.pulumi_bin.iterdir() if layout.pulumi_bin.is_dir() else ()
    return {path.name: path.readlink() for path in files if path.is_symlink()}


def _executable(layout: Layout) -> Path | None:
    """The first `pulumi` on PATH, other than the one that was built here."""
    ours = layout.pulumi_bin.resolve()
    for folder in os.get_exec_path():
        found = shutil.which("pulumi", path=folder)
        if found and ours not in {Path(folder).resolve(), Path(found).resolve().parent}:
            return Path(found)
    return None


def _version_of(layout: Layout, executable: Path) -> Version | None:
    try:
        done = subprocess.run(
            [executable, "version"],
            env=engine_environment(layout),
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:  # made for another kind of machine, for example
        return None
    return parse_version(done.stdout) if done.returncode == 0 else None


def module_folder(layout: Layout, program: Program) -> Path:
    """The folder of the go.mod and go.sum that a program is built from."""
    return layout.checkout / "toolchain" / program.module


def program_stamp(layout: Layout, program: Program) -> Stamp:
    """The mark of a built program."""
    folder = module_folder(layout, program)
    inputs = fingerprint([repr(program), folder / "go.mod", folder / "go.sum"])
    names = (program.binary, *(_SCRIPTS if program is ENGINE else ()))
    results = tuple(layout.pulumi_bin / name for name in names)
    return Stamp(layout.stamps / program.binary, inputs, results)


def is_built(layout: Layout, program: Program) -> bool:
    """Whether a program was built; a link in its place leads to an installed one."""
    stamp = program_stamp(layout, program)
    return stamp.is_valid() and not any(result.is_symlink() for result in stamp.results)


def must_fetch_go(layout: Layout) -> bool:
    """Whether something is to be built, and the machine has no Go that can build it."""
    missing = _missing(layout, PROGRAMS)
    return bool(missing) and find_go(layout, _needed_go(layout, missing)) is None


def _missing(layout: Layout, programs: Sequence[Program]) -> list[Program]:
    return [each for each in programs if not is_built(layout, each)]


def _needed_go(layout: Layout, programs: Sequence[Program]) -> Version:
    """The oldest Go that can build the programs."""
    return max(required_version(module_folder(layout, each) / "go.mod") for each in programs)


def build_all(layout: Layout, progress: Progress, running: Running) -> None:
    """Builds the engine and the language host, as `build_missing` does."""
    build_missing(layout, PROGRAMS, progress, running)


def build_missing(
    layout: Layout, programs: Sequence[Program], progress: Progress, running: Running
) -> None:
    """Builds those programs that are not built yet, with Go's caches inside the checkout.

    Raises:
        SetupError: there is no Go, or a build failed.

    """
    missing = _missing(layout, programs)
    if not missing:
        return
    minimum = _needed_go(layout, missing)
    with progress.step("Go") as step:
        runner = Runner(step.name, layout.logs / "go.log", missing[0].remedy, running)
        go = provide_go(layout, minimum, runner, step)
    for program in missing:
        with progress.step(f"{program.binary} {program.version}") as step:
            build(layout, program, go, step, running)
    # Gigabytes in many files, which take a while to remove. They are kept until here, so that an
    # interrupted build can continue.
    with progress.step("clean-up") as step:
        step.say("removing what only the build needed")
        shutil.rmtree(build_folder(layout), ignore_errors=True)


def build(layout: Layout, program: Program, go: Path, step: Step, running: Running) -> None:
    """Builds one program, and moves it into its place when it is complete."""
    watch = _GoWatcher(step)
    log = layout.logs / f"{program.binary}.log"
    module = module_folder(layout, program)
    go_command = GoCommand(
        go,
        module,
        go_environment(layout),
        Runner(step.name, log, program.remedy, running, watch.read),
    )
    step.say("downloading modules")
    for name, packages in program.left_out.items():
        _leave_out(go_command, name, packages)
    listed = go_command.run("list", "-deps", program.package)
    watch.compiling(sum(not line.startswith("go: ") for line in listed))
    unfinished = build_folder(layout) / program.binary
    go_command.run(
        *("build", "-v", "-trimpath", *_COMPILER_FLAGS),
        f"-ldflags=-s -w -X {_SDK}/go/common/version.Version={program.version}",
        *("-o", str(unfinished), program.package),
    )
    layout.pulumi_bin.mkdir(parents=True, exist_ok=True)
    unfinished.replace(layout.pulumi_bin / program.binary)
    if program is ENGINE:
        _copy_scripts(layout, go_command)
    program_stamp(layout, program).write()


def _leave_out(go_command: GoCommand, module: str, packages: Sequence[str]) -> None:
    """Empties packages of a module that are imported only to register themselves.

    This changes our own copy of the module, which was compared with go.sum before.
    """
    lines = go_command.run("mod", "download", "-json", module)
    downloaded = json.loads("".join(line for line in lines if not line.startswith("go: ")))
    for name in packages:
        folder = Path(downloaded["Dir"], name)
        for file in folder.glob("*.go"):
            file.unlink()
        package = PurePosixPath(module, name).name
        (folder / f"{package}.go").write_text(f"package {package}\n")


def _copy_scripts(layout: Layout, go_command: GoCommand) -> None:
    module = Path(go_command.run("list", "-m", "-f", "{{.Dir}}", _SDK)[-1])
    for name, folder in _SCRIPTS.items():
        # Copied under another name and renamed: a copy would follow a link into an installed CLI.
        unfinished = build_folder(layout) / name
        shutil.copyfile(module / folder / name, unfinished)
        unfinished.chmod(0o755)
        unfinished.replace(layout.pulumi_bin / name)


class _GoWatcher:
    """Counts the downloaded modules and compiled packages in Go's output."""

    def __init__(self, step: Step) -> None:
        self._step = step
        self._modules = 0
        self._packages = 0
        self._total = 0

    def compiling(self, total: int) -> None:
        self._total = total
        self._step.say(f"compiling {total} packages")

    def read(self, line: str) -> None:
        if line.startswith("go: downloading "):
            self._modules += 1
            self._step.say(f"{self._modules} modules downloaded, {line.split()[2]}")
        elif self._total:
            self._packages += 1
            self._step.say(f"{self._packages} of {self._total} packages compiled, {line}")
