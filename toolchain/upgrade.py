"""`python -m toolchain.upgrade`: raises the pinned versions, and keeps them if the tests pass.

`--dry-run` only prints what is newer. `--clients` also raises those clients in tests/clients that
have nothing of the program's requirements, and runs the clients' tests.

A requirements file names what is imported, a lock also all that this needs in turn. The lock of the
program is constraints.txt. A client's lock is its requirements.txt, whose first lines have the
command that it is made with.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from shlex import split

from toolchain.layout import Layout
from toolchain.progress import Progress
from toolchain.python_packages import pip, pip_environment
from toolchain.runner import Runner, Running, SetupError

_INSTALLERS = ("pip", "uv")
"""What the set-up installs with. No requirements file names them, but a lock may pin them."""
_PIN = re.compile(r"([\w.-]+)(\[[\w,.-]+\])?==([\w.+!-]+)(.*)")
_HELD = "# held: "
"""What follows a pin that stays as it is, before the reason."""
_COMMAND = re.compile(r"`pip install ([^`]+)`")
_REMEDY = "See whether the package index is reachable, and what the log says of the packages."
_GO = Path("toolchain/go-requirements.txt")
_POLICIES = Path("policies/requirements.txt")


@dataclass(frozen=True)
class Lock:
    """A file with the versions of packages, and of all that they need.

    Attributes:
        file: its path in the checkout.
        arguments: those of pip that name the packages.
    """

    file: Path
    arguments: tuple[str, ...]

    @property
    def is_of_the_program(self) -> bool:
        """Whether it has packages that a requirements file of the checkout names."""
        return "-r" in self.arguments


def main(arguments: Sequence[str]) -> int:
    """Raises the versions and returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m toolchain.upgrade", description="Raises the pinned versions."
    )
    parser.add_argument("--dry-run", action="store_true", help="only print what is newer")
    parser.add_argument("--clients", action="store_true", help="also raise and test the clients")
    options = parser.parse_args(arguments)
    layout = Layout()
    if fault := wrong_python(layout.checkout, sys.version_info[:2]):
        print(fault, file=sys.stderr)
        return 2
    try:
        after = raised(layout, clients=options.clients)
    except SetupError as error:
        print(f"Failed at {error.step}: {error.reason}\n  {error.remedy}", file=sys.stderr)
        return 1
    before = {file: (layout.checkout / file).read_text() for file in after}
    for line in differences(before, after):
        print(line)
    changed = {file: text for file, text in after.items() if text != before[file]}
    if not changed:
        print("All pinned versions are the newest that go together.")
    if options.dry_run or not changed:
        return 0
    targets = ("check", "test", *(["test-clients"] if options.clients else []))
    return keep_if_tested(layout, before, changed, targets)


def wrong_python(checkout: Path, version: tuple[int, int]) -> str:
    """Why the versions can't be chosen with this Python; "" if they can."""
    project = tomllib.loads((checkout / "pyproject.toml").read_text())["project"]
    oldest = str(project["requires-python"]).removeprefix(">=")
    this = f"{version[0]}.{version[1]}"
    if this == oldest:
        return ""
    return (
        f"The versions must suit Python {oldest}, the oldest that the project supports, and this "
        f"is {this}.\nRun it with that one, in a clone: make upgrade PYTHON=python{oldest}"
    )


def raised(layout: Layout, *, clients: bool) -> dict[Path, str]:
    """The text of each file with the newest versions that go together, by its path."""
    checkout = layout.checkout
    chosen: dict[str, str] = {}
    texts: dict[Path, str] = {}
    go = Lock(_GO, ("--no-deps", "-r", str(_GO)))
    with Progress() as progress:
        for lock in [*locks(checkout, clients=clients), go]:
            with progress.step(f"versions of {lock.file}") as step:
                step.say("asking the package index")
                runner = Runner(step.name, layout.logs / "upgrade.log", _REMEDY, Running())
                found = _resolved(layout, runner, [*requests(checkout, lock.arguments, chosen)])
            texts[lock.file] = locked((checkout / lock.file).read_text(), found)
            versions = {normal(name): version for name, version in found.items()}
            for file in _requirements_of(checkout, lock.arguments):
                named = {normal(name) for name, *_ in _pins((checkout / file).read_text())}
                chosen |= {name: versions[name] for name in named & versions.keys()}
    files = sorted(each.relative_to(checkout) for each in checkout.glob("requirements*.txt"))
    for file in (*files, _POLICIES, _GO):
        texts[file] = pinned((checkout / file).read_text(), chosen)
    return texts


def locks(checkout: Path, *, clients: bool) -> list[Lock]:
    """The locks of the checkout, that of the program first.

    Without `clients`, those of clients that have none of the program's requirements are left out.
    """
    found = [
        Lock(path.relative_to(checkout), tuple(_arguments_of(checkout, path)))
        for path in sorted(checkout.glob("constraints*.txt"), key=lambda path: len(path.name))
    ]
    for path in sorted(checkout.glob("tests/clients/*/requirements.txt")):
        lock = Lock(path.relative_to(checkout), tuple(made_with(path.read_text())))
        if clients or lock.is_of_the_program:
            found.append(lock)
    return found


def made_with(text: str) -> list[str]:
    """The arguments of pip that a client's lock is made with, as its first lines have them.

    Raises:
        ValueError: they don't have them.
    """
    comment = " ".join(line.removeprefix("#").strip() for line in _comment(text))
    command = _COMMAND.search(comment)
    if command is None:
        message = f"no `pip install …` in the first lines, which should say how it is made: {text}"
        raise ValueError(message)
    return split(command[1])


def requests(checkout: Path, arguments: Sequence[str], chosen: Mapping[str, str]) -> Iterator[str]:
    """What pip is asked for: packages of any version, but for those that are chosen or held."""
    rest = iter(arguments)
    for argument in rest:
        if argument != "-r":
            yield argument
            continue
        for file in _included(checkout, Path(next(rest))):
            for name, extras, version, comment in _pins((checkout / file).read_text()):
                fixed = version if _HELD in comment else chosen.get(normal(name))
                yield f"{name}{extras}" + (f"=={fixed}" if fixed else "")


def locked(text: str, versions: Mapping[str, str]) -> str:
    """A lock with these versions, and the first lines that it has."""
    lines = sorted((f"{name}=={version}" for name, version in versions.items()), key=str.lower)
    return "\n".join([*_comment(text), *lines, ""])


def pinned(text: str, versions: Mapping[str, str]) -> str:
    """A requirements file with these versions, by normalised names; what is held stays."""

    def raised_line(line: str) -> str:
        pin = _PIN.fullmatch(line)
        if pin is None or _HELD in pin[4]:
            return line
        return f"{pin[1]}{pin[2] or ''}=={versions.get(normal(pin[1]), pin[3])}{pin[4]}"

    return "".join(f"{raised_line(line)}\n" for line in text.splitlines())


def differences(before: Mapping[Path, str], after: Mapping[Path, str]) -> Iterator[str]:
    """What changes, as lines: each file, and its packages with the old and the new version."""
    for file in after:
        old, new = ({normal(n): v for n, _, v, _ in _pins(each[file])} for each in (before, after))
        changes = [
            f"  {name:32} {old.get(name, 'none'):16} → {new.get(name, 'none')}"
            for name in sorted(old.keys() | new.keys())
            if old.get(name) != new.get(name)
        ]
        if changes:
            yield str(file)
            yield from changes


def keep_if_tested(
    layout: Layout, before: Mapping[Path, str], after: Mapping[Path, str], targets: Sequence[str]
) -> int:
    """Writes the files, runs targets of the Makefile, and takes the files back if one fails.

    The set-up runs before the targets, as it does before each. Returns the exit code.
    """
    kept = layout.local / "upgrade"
    shutil.rmtree(kept, ignore_errors=True)
    for file, text in after.items():
        (kept / file).parent.mkdir(parents=True, exist_ok=True)
        (kept / file).write_text(text)
        (layout.checkout / file).write_text(text)
    code = 130
    try:
        code = subprocess.run(["make", *targets], cwd=layout.checkout, check=False).returncode
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
    finally:
        if code:
            for file in after:
                (layout.checkout / file).write_text(before[file])
    if code:
        print(
            f"`make {' '.join(targets)}` failed with the new versions, so the files have the old "
            f"ones again; `make setup` installs these. The new files are in {kept}: to see what "
            f"has to change, run `cp -r {kept}/. .` and the targets that failed. To hold a version "
            f"back, write `{_HELD}` and the reason after its pin.",
            file=sys.stderr,
        )
        return code
    print(f"Passed: `make {' '.join(targets)}`. Commit the changed files.")
    return 0


def normal(name: str) -> str:
    """A package's name in the form in which names are compared."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _resolved(layout: Layout, runner: Runner, asked: Sequence[str]) -> dict[str, str]:
    """The versions that pip would install into an empty environment, by the packages' names."""
    report = layout.local / "upgrade.json"
    dry = ("install", "--dry-run", "--ignore-installed", "--quiet", "--report", report)
    runner.run([*pip(layout.python), *dry, *asked], environment=pip_environment(layout))
    installed = (each["metadata"] for each in json.loads(report.read_text())["install"])
    report.unlink()
    return {each["name"]: each["version"] for each in installed}


def _arguments_of(checkout: Path, constraints: Path) -> Iterator[str]:
    """The requirements files that name a constraints file, and the installers that it pins."""
    for file in sorted(checkout.glob("requirements*.txt")):
        files = _included(checkout, file.relative_to(checkout))
        if any(f"-c {constraints.name}" in (checkout / each).read_text() for each in files):
            yield from ("-r", file.name)
    pins = {name for name, *_ in _pins(constraints.read_text())}
    yield from (name for name in _INSTALLERS if name in pins)


def _requirements_of(checkout: Path, arguments: Sequence[str]) -> Iterator[Path]:
    """The requirements files among pip's arguments, with those that they include."""
    for option, value in pairwise(arguments):
        if option == "-r":
            yield from _included(checkout, Path(value))


def _included(checkout: Path, file: Path) -> Iterator[Path]:
    """A requirements file, and those that it includes."""
    yield file
    for line in (checkout / file).read_text().splitlines():
        if line.startswith("-r "):
            yield from _included(checkout, file.parent / line.removeprefix("-r ").strip())


def _pins(text: str) -> Iterable[tuple[str, str, str, str]]:
    """The pins of a file: name, extras in brackets, version, and the comment after it."""
    found = (_PIN.fullmatch(line) for line in text.splitlines())
    return [(pin[1], pin[2] or "", pin[3], pin[4]) for pin in found if pin]


def _comment(text: str) -> list[str]:
    """The lines that a file begins with, which are comments."""
    lines = text.splitlines()
    end = next((at for at, line in enumerate(lines) if not line.startswith("#")), len(lines))
    return lines[:end]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
