"""The Linux system calls that confine an instance, which Python's library lacks.

Only the standard library: this runs before the instance has its own environment.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import re
import resource
import signal
import socket
import struct
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_NOSUID, MS_NODEV, MS_NOEXEC = 2, 4, 8
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
MNT_DETACH = 2

_PR_SET_PDEATHSIG, _PR_CAPBSET_DROP, _PR_SET_CHILD_SUBREAPER = 1, 24, 36
_SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_SYS_MOUNT_SETATTR = 442
_FALLOC_FL_KEEP_SIZE, _FALLOC_FL_PUNCH_HOLE = 1, 2
_AT_FDCWD, _AT_RECURSIVE, _MOUNT_ATTR_RDONLY = -100, 0x8000, 1
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1

# The capabilities that Docker leaves to a container's root, so that training images expect them:
# chown, dac_override, fowner, fsetid, kill, setgid, setuid, setpcap, net_bind_service,
# net_raw, sys_chroot, mknod, audit_write, setfcap.
CONTAINER_CAPABILITIES = frozenset({0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31})

MOST_PROCESSES = 1024 + 256 * (os.cpu_count() or 1)
"""The most processes and threads of an instance: as many as the machine can soon end again."""
_NICENESS = 10

_libc = ctypes.CDLL(None, use_errno=True)


class _MountAttributes(ctypes.Structure):
    _fields_ = (
        ("set", ctypes.c_uint64),
        ("clear", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("user_namespace", ctypes.c_uint64),
    )


def _check(result: int, call: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{call}: {os.strerror(number)}")


def unshare(namespaces: int) -> None:
    """Moves the calling process into new namespaces. Raises OSError if the kernel refuses."""
    _check(_libc.unshare(namespaces), "unshare")


def join(user: str, network: str) -> None:
    """Enters the user namespace and the network namespace that open at two paths."""
    # Both are opened first: in the other user namespace, this process may not open the second.
    handles = [os.open(path, os.O_RDONLY | os.O_CLOEXEC) for path in (user, network)]
    for handle, kind in zip(handles, (CLONE_NEWUSER, CLONE_NEWNET), strict=True):
        enter(handle, kind)
        os.close(handle)


def enter(namespace: int, kind: int) -> None:
    """Enters the namespace of a descriptor; `kind` is its CLONE_NEW… number."""
    _check(_libc.setns(namespace, kind), "setns")


def map_to_root(user: int, group: int) -> None:
    """Makes the host's `user` and `group` root in the new user namespace."""
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"0 {user} 1")
    Path("/proc/self/gid_map").write_text(f"0 {group} 1")


def mount(source: str, target: str, kind: str, flags: int = 0, options: str = "") -> None:
    """Mounts `source` on `target`."""
    result = _libc.mount(
        source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), options.encode()
    )
    _check(result, f"mount {target}")


def make_read_only(target: str) -> None:
    """Makes a mount and all below it read-only."""
    attributes = _MountAttributes(_MOUNT_ATTR_RDONLY, 0, 0, 0)
    result = _libc.syscall(
        _SYS_MOUNT_SETATTR,
        _AT_FDCWD,
        target.encode(),
        _AT_RECURSIVE,
        ctypes.byref(attributes),
        ctypes.sizeof(attributes),
    )
    _check(result, f"mount_setattr {target}")


def pivot_root(root: str) -> None:
    """Makes the mount `root` the root folder, and unmounts the old one."""
    os.chdir(root)
    _check(_libc.syscall(_SYS_PIVOT_ROOT[os.uname().machine], b".", b"."), "pivot_root")
    _check(_libc.umount2(b".", MNT_DETACH), "umount of the former root")
    os.chdir("/")


def free_start(file: int, end: int) -> None:
    """Frees what a file holds before a position; its size and all other positions stay."""
    flags = _FALLOC_FL_KEEP_SIZE | _FALLOC_FL_PUNCH_HOLE
    result = _libc.fallocate(file, flags, ctypes.c_long(0), ctypes.c_long(end))
    _check(result, "fallocate")


def set_host_name(name: str) -> None:
    """Sets the host name of the current UTS namespace."""
    socket.sethostname(name)


def bring_up(interface: str) -> None:
    """Brings up an interface of the current network namespace."""
    name = interface.encode()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        answer = fcntl.ioctl(handle, _SIOCGIFFLAGS, struct.pack("16sh14x", name, 0))
        (flags,) = struct.unpack_from("h", answer, 16)
        fcntl.ioctl(handle, _SIOCSIFFLAGS, struct.pack("16sh14x", name, flags | _IFF_UP))


def signal_on_parent_death(number: int = signal.SIGKILL) -> None:
    """Asks the kernel to signal the calling process when the thread that started it ends.

    For Linux, the end of the starting *thread* counts. So a program must keep the thread that
    starts such a process alive as long as the process.
    """
    _check(_libc.prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0), "prctl PDEATHSIG")


def adopt_orphans() -> None:
    """Makes the calling process the parent of descendants whose own parents ended."""
    _check(_libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "prctl CHILD_SUBREAPER")


def open_as_many_files_as_allowed() -> None:
    """Raises this process's limit of open files to the most that it may set."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def limit_resources(memory: int, processors: int) -> None:
    """Limits this process and its descendants to an instance's memory, in bytes, and processors.

    The memory limit is for each process separately, because only the host's administrator can use
    control groups: an allocation above the limit fails, and the process is not killed. 0 is no
    limit. Processes and threads are limited too, and others get the processors first.
    """
    os.nice(_NICENESS)
    _limit_processes()
    if memory:
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        most = memory if hard == resource.RLIM_INFINITY else min(memory, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    there = sorted(os.sched_getaffinity(0))
    if 0 < processors < len(there):
        # From a random one on, so that several instances don't all use the same few.
        start = int.from_bytes(os.urandom(4)) % len(there)
        os.sched_setaffinity(0, (there * 2)[start : start + processors])


def _limit_processes() -> None:
    """Limits how many more processes and threads this process's user may have.

    Within a new user namespace only those there count. root has no such limit.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NPROC)
    there = sum(_threads(process) for process in Path("/proc").glob("[0-9]*"))
    limits = (each for each in (soft, hard) if each != resource.RLIM_INFINITY)
    most = min(there + MOST_PROCESSES, *limits)
    resource.setrlimit(resource.RLIMIT_NPROC, (most, most))


def _threads(process: Path) -> int:
    """The threads of a process, if it is this user's and still runs."""
    with suppress(OSError):
        if process.stat().st_uid == os.getuid():
            return sum(1 for _ in (process / "task").iterdir())
    return 0


def limit_process_numbers() -> None:
    """Limits the processes and threads of this process's namespace, which binds root too."""
    if has_process_limit_of_namespaces():
        # In a container the file may be read-only.
        with suppress(OSError):
            Path("/proc/sys/kernel/pid_max").write_text(str(MOST_PROCESSES))


def has_process_limit_of_namespaces() -> bool:
    """Whether each namespace has a limit of its own: before Linux 6.14 the machine has only one."""
    release = re.match(r"(\d+)\.(\d+)", os.uname().release)
    return release is not None and (int(release[1]), int(release[2])) >= (6, 14)


def limit_capabilities(kept: Iterable[int] = CONTAINER_CAPABILITIES) -> None:
    """Drops from the bounding set, for the next exec, every capability that is not `kept`."""
    last = int(Path("/proc/sys/kernel/cap_last_cap").read_text())
    for capability in set(range(last + 1)) - set(kept):
        _check(_libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0), "prctl CAPBSET_DROP")
