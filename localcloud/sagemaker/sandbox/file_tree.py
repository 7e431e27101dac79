"""The file tree of an instance: the operating system, the image's environment, /opt/ml.

Everything of the host is read-only, and an instance has only the folders that a container would
have. It does not have home folders, data or sockets of the host.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from localcloud.sagemaker.sandbox.specification import Mount

MACHINE_LEARNING = "/opt/ml"
HOME = "/root"
RESOLVER = "resolv.conf"
_SYSTEM = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/usr", "/etc", "/nix", "/gnu")


def instance_mounts(
    folder: Path, image: Sequence[Path], extra: Iterable[Mount] = ()
) -> tuple[Mount, ...]:
    """The mounts of the instance whose own files are in `folder`.

    `folder` has `ml`, `home`, `tmp` and `hosts`, and it may have `resolv.conf`. `image` has the
    host's folders in place of the container image. `extra` comes last, over /opt/ml.
    """
    return (
        *_operating_system(),
        Mount("proc", "/proc"),
        Mount("devices", "/dev"),
        Mount("read-only", "/sys", "/sys"),
        Mount("tmpfs", "/run"),
        Mount("tmpfs", "/var/tmp"),  # noqa: S108 - a folder within the instance
        Mount("bind", "/tmp", str(folder / "tmp")),  # noqa: S108 - as above
        Mount("bind", HOME, str(folder / "home")),
        *_name_resolution(folder),
        *(Mount("read-only", str(path), str(path)) for path in image if not _within(path, _SYSTEM)),
        *(link for path in image for link in _interpreter_links(path, image)),
        Mount("bind", MACHINE_LEARNING, str(folder / "ml")),
        *extra,
    )


def _operating_system() -> list[Mount]:
    paths = [Path(name) for name in _SYSTEM]
    links = [
        Mount("symlink", str(path), str(path.readlink())) for path in paths if path.is_symlink()
    ]
    folders = [
        Mount("read-only", str(path), str(path))
        for path in paths
        if path.is_dir() and not path.is_symlink()
    ]
    return links + folders


def _name_resolution(folder: Path) -> list[Mount]:
    """The mounts of /etc/hosts, and of the instance's own resolv.conf or else the machine's."""
    resolver, own = Path("/etc/resolv.conf").resolve(), folder / RESOLVER
    source = own if own.exists() else resolver
    needed = resolver.is_file() and (source == own or not _within(resolver, _SYSTEM))
    mounts = [Mount("read-only", "/etc/hosts", str(folder / "hosts"))]
    return mounts + [Mount("read-only", str(resolver), str(source))] * needed


def _within(path: Path, folders: Iterable[str | Path]) -> bool:
    return any(path.is_relative_to(folder) for folder in folders)


def _interpreter_links(environment: Path, image: Sequence[Path]) -> list[Mount]:
    """The links outside of the image through which an environment's python3 is found.

    A virtual environment's interpreter may be a link to a link, for example ~/.local/bin/python3.
    Each of them must exist in the instance.
    """
    links: list[Mount] = []
    path = environment / "bin" / "python3"
    while path.is_symlink():
        target = path.readlink()
        if not _within(path, (*_SYSTEM, *image)):
            links.append(Mount("symlink", str(path), str(target)))
        path = path.parent / target
    return links
