"""The platform's stacks: those that have a file in the checkout, and those on the local cloud."""

from __future__ import annotations

from collections.abc import Iterator

from development.engine import DOWNSTREAM, PLATFORM, Engine
from development.terminal import CommandError
from localcloud.server import daemon
from toolchain.layout import Layout

DEFAULT = "dev"
"""The stack that the commands work with where none is named."""


def must_have_file(layout: Layout, stack: str) -> None:
    """Refuses a stack that has no file.

    Raises:
        CommandError: there is none; the message lists the files that there are.

    """
    files = sorted(path.name for path in layout.checkout.glob("Pulumi.*.yaml"))
    if f"Pulumi.{stack}.yaml" not in files:
        known = ", ".join(each.removeprefix("Pulumi.").removesuffix(".yaml") for each in files)
        message = f"There is no stack {stack!r}; there is: {known}."
        raise CommandError(f"{message} Its file would be Pulumi.{stack}.yaml.")


def must_be_known(layout: Layout, stack: str) -> None:
    """Refuses a stack that has no file and is not on the local cloud either.

    Raises:
        CommandError: it is none of them; the message lists the files that there are.

    """
    if not Engine(layout, stack, "").exists():
        must_have_file(layout, stack)


def platform(layout: Layout, stack: str, server: daemon.Server | None) -> Engine:
    """The engine for a stack of the platform."""
    return Engine(layout, stack, server.url if server else "")


def downstream(layout: Layout, server: daemon.Server | None) -> Engine:
    """The engine for the stack that builds on the platform of the default stack."""
    return Engine(layout, DEFAULT, server.url if server else "", DOWNSTREAM)


def created(layout: Layout, server: daemon.Server | None) -> list[Engine]:
    """All stacks that were created on the local cloud, dependent ones first."""
    url = server.url if server else ""
    return [
        Engine(layout, stack, url, project)
        for project in (DOWNSTREAM, PLATFORM)
        for stack in _names(layout, project.name)
    ]


def _names(layout: Layout, project: str) -> Iterator[str]:
    folder = layout.state / ".pulumi" / "stacks" / project
    yield from sorted(path.stem for path in folder.glob("*.json"))


def make(target: str, stack: str) -> str:
    """The command that a person types for a target of the Makefile and a stack."""
    return f"make {target}" if stack == DEFAULT else f"make {target} STACK={stack}"
