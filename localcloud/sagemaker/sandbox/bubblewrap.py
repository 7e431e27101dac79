"""Runs one instance's command through bubblewrap, where that is installed.

Standard library only.
"""

from __future__ import annotations

import os
import shutil
from typing import NoReturn

from localcloud.sagemaker.sandbox import linux
from localcloud.sagemaker.sandbox.namespaces import SET_UP_FAILED, accelerators, fail, print_to
from localcloud.sagemaker.sandbox.specification import Mount, Specification

_OPTIONS = {"bind": "--bind", "read-only": "--ro-bind", "symlink": "--symlink"}
_FRESH = {"tmpfs": "--tmpfs", "proc": "--proc", "devices": "--dev"}


def main(output: int, specification: Specification) -> NoReturn:
    """Becomes `bwrap`, which waits for the command and ends with its exit code."""
    print_to(output)
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        fail("The instance could not be set up: bwrap is no longer on PATH.", SET_UP_FAILED)
    if specification.namespaces:
        linux.join(specification.namespaces.user, specification.namespaces.network)
    try:
        words = arguments(specification)
    except ValueError as error:
        fail(f"The instance could not be set up: {error}", SET_UP_FAILED)
    # Through a file, not the command line, which every user of the machine can read.
    options = os.memfd_create("options", 0)
    os.write(options, b"".join(os.fsencode(word) + b"\0" for word in words))
    os.lseek(options, 0, os.SEEK_SET)
    linux.limit_resources(specification.memory, specification.processors)
    # Through env, which ends with 126 or 127 where bwrap itself ends with 1.
    command = ["/usr/bin/env", "--", *specification.command]
    os.execv(bwrap, [bwrap, "--args", str(options), *command])  # noqa: S606


def arguments(specification: Specification) -> list[str]:
    """The options that make bwrap set up what the specification says.

    They are written with a NUL after each. Raises ValueError for a value with a NUL: what follows
    it would be an option.
    """
    user = [] if specification.namespaces else ["--unshare-user", "--uid", "0", "--gid", "0"]
    environment = [
        word
        for name, value in specification.environment.items()
        for word in ("--setenv", name, value)
    ]
    words = [
        *user,
        *("--unshare-pid", "--unshare-uts", "--unshare-ipc"),
        *("--die-with-parent", "--as-pid-1"),
        *("--hostname", specification.host),
        *(word for mount in specification.mounts for word in _mount(mount)),
        *("--chdir", specification.folder),
        "--clearenv",
        *environment,
    ]
    for word in words:
        if "\0" in word:
            raise ValueError(f"an option of bwrap can't have the character NUL: {word!r}")
    return words


def _mount(mount: Mount) -> list[str]:
    if mount.kind in _OPTIONS:
        return [_OPTIONS[mount.kind], mount.source, mount.target]
    devices = [f"/dev/{name}" for name in accelerators()] if mount.kind == "devices" else []
    binds = [word for device in devices for word in ("--dev-bind", device, device)]
    return [_FRESH[mount.kind], mount.target, *binds]
