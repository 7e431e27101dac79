"""Runs one instance's command in its own namespaces, as `unshare` and `mount` would.

Standard library only.
"""

from __future__ import annotations

import os
import select
import signal
from pathlib import Path
from typing import NoReturn

from localcloud.sagemaker.sandbox import linux
from localcloud.sagemaker.sandbox.specification import Mount, Specification

_NEW = linux.CLONE_NEWNS | linux.CLONE_NEWPID | linux.CLONE_NEWUTS | linux.CLONE_NEWIPC
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_NOT_FOUND, _NOT_EXECUTABLE = 127, 126
SET_UP_FAILED = 125


def main(output: int, specification: Specification) -> int:
    """Runs a command. Returns its exit code, 128 + n for a signal n."""
    print_to(output)
    parent = os.getppid()
    _enter(specification)
    linux.signal_on_parent_death()  # the kernel forgets it in another user namespace
    if os.getppid() != parent:
        return SET_UP_FAILED
    alive, held = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(held)
        _become(specification, alive)
    _, status = os.waitpid(child, 0)
    return exit_code(status)


def print_to(output: int) -> None:
    """Makes a file this process's standard output and standard error."""
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)


def exit_code(status: int) -> int:
    """The code by which a shell reports a wait status: 128 + n for a signal n."""
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _enter(specification: Specification) -> None:
    """Enters the job's user and network namespaces, or a new user namespace, and other new ones."""
    user, group = os.geteuid(), os.getegid()
    if specification.namespaces:
        linux.join(specification.namespaces.user, specification.namespaces.network)
    else:
        linux.unshare(linux.CLONE_NEWUSER)
        linux.map_to_root(user, group)
    linux.unshare(_NEW)


def _become(specification: Specification, parent_alive: int) -> NoReturn:
    """Sets up the files as process 1 of the new namespaces, then becomes the command.

    `parent_alive` is a pipe that the parent holds open.
    """
    try:
        linux.signal_on_parent_death()
        if select.select([parent_alive], [], [], 0)[0]:
            os._exit(SET_UP_FAILED)
        linux.set_host_name(specification.host)
        linux.limit_process_numbers()
        _build_root(specification)
        linux.limit_capabilities()
        linux.limit_resources(specification.memory, specification.processors)
        os.chdir(specification.folder)
    except OSError as error:
        fail(f"The instance could not be set up: {error}", SET_UP_FAILED)
    execute(specification)


def execute(specification: Specification) -> NoReturn:
    """Replaces this process by the command; ends with 126 or 127 where a shell would."""
    # Python ignores SIGPIPE, and a signal stays ignored after exec.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    command = list(specification.command)
    if not command[0]:
        fail("'': command not found", _NOT_FOUND)
    try:
        os.execvpe(command[0], command, specification.environment)  # noqa: S606
    except FileNotFoundError:
        fail(f"{command[0]}: command not found", _NOT_FOUND)
    except OSError as error:
        fail(f"{command[0]}: {error.strerror}", _NOT_EXECUTABLE)
    except ValueError as error:  # a text that no process can get
        fail(f"{command[0]}: {error}", _NOT_EXECUTABLE)


def fail(message: str, code: int) -> NoReturn:
    """Ends this process with a line for the instance's log."""
    print(message, flush=True)
    os._exit(code)


def _build_root(specification: Specification) -> None:
    linux.mount("none", "/", "", linux.MS_REC | linux.MS_PRIVATE)
    root = specification.root
    linux.mount("tmpfs", root, "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, "mode=755")
    for mount in specification.mounts:
        _apply(mount, root)
    linux.pivot_root(root)


def _apply(mount: Mount, root: str) -> None:
    target = Path(root + mount.target)
    if mount.kind == "symlink":
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(mount.source)
    elif mount.kind in {"bind", "read-only"}:
        _bind(mount, target)
    elif mount.kind == "devices":
        _make_devices(target)
    else:
        target.mkdir(parents=True, exist_ok=True)
        flags = linux.MS_NOSUID | linux.MS_NODEV
        linux.mount(mount.kind, str(target), mount.kind, flags, mount.options)


def _bind(mount: Mount, target: Path) -> None:
    if Path(mount.source).is_dir():
        target.mkdir(parents=True, exist_ok=True)
    elif not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    # Recursive, because the kernel refuses to show what another user's mounts cover.
    linux.mount(mount.source, str(target), "", linux.MS_BIND | linux.MS_REC)
    if mount.kind == "read-only":
        linux.make_read_only(str(target))


def accelerators() -> list[str]:
    """The names of the machine's accelerators in /dev."""
    names = [path.name for path in Path("/dev").glob("nvidia*") if not path.is_dir()]
    return sorted(names)


def _make_devices(target: Path) -> None:
    """Mounts a /dev with only the devices of a container, without the host's disks."""
    target.mkdir()
    flags = linux.MS_NOSUID | linux.MS_NOEXEC
    linux.mount("tmpfs", str(target), "tmpfs", flags, "mode=755")
    for name in (*_DEVICES, *accelerators()):
        (target / name).touch()
        linux.mount(f"/dev/{name}", str(target / name), "", linux.MS_BIND)
    for folder, kind, options in (
        ("pts", "devpts", "newinstance,ptmxmode=0666,mode=620"),
        ("shm", "tmpfs", "mode=1777"),
    ):
        (target / folder).mkdir()
        linux.mount(kind, str(target / folder), kind, flags, options)
    links = {"ptmx": "pts/ptmx", "fd": "/proc/self/fd"}
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        links[name] = f"/proc/self/fd/{number}"
    for name, source in links.items():
        (target / name).symlink_to(source)
