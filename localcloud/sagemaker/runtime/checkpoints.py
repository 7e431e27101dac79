"""Checkpoints: restored before the start, then kept in step with S3 while the job runs."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError

from localcloud.sagemaker.locations import Location, list_keys
from localcloud.sagemaker.runtime.channels import fetch
from localcloud.sagemaker.runtime.files import leads_elsewhere
from localcloud.sagemaker.runtime.sources import relative_name

UPLOADING, UPLOADED = ".sagemaker-uploading", ".sagemaker-uploaded"
_MARKERS = (UPLOADING, UPLOADED, ".sagemaker-ignore")

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Stamp:
    """What tells one version of a file from another."""

    size: int
    modified: int
    inode: int


Files = Mapping[str, Stamp]


@dataclass(frozen=True)
class Changes:
    """What a pass has to do, as names relative to the checkpoint folder."""

    upload: tuple[str, ...]
    delete: tuple[str, ...]


def changes(before: Files, now: Files, kept: Files) -> Changes:
    """Return what differs from S3, of which `kept` says what it has.

    A file is uploaded once it is the same in two passes: while it grows, it waits.
    """
    stable = (name for name, stamp in now.items() if before.get(name) == stamp)
    return Changes(
        upload=tuple(sorted(name for name in stable if kept.get(name) != now[name])),
        delete=tuple(sorted(kept.keys() - now.keys())),
    )


def scan(folder: Path) -> dict[str, Stamp]:
    """Return the files below `folder`, without the service's markers and without links."""
    found: dict[str, Stamp] = {}
    if leads_elsewhere(folder):
        return found
    for path in folder.rglob("*"):
        if path.name.endswith(_MARKERS):
            continue
        with suppress(FileNotFoundError):
            if (stamp := _stamp(path)) is not None:
                found[path.relative_to(folder).as_posix()] = stamp
    return found


def _stamp(path: Path) -> Stamp | None:
    if path.is_symlink() or not path.is_file():
        return None
    status = path.stat()
    return Stamp(status.st_size, status.st_mtime_ns, status.st_ino)


class CheckpointSync:
    """Keeps one instance's checkpoint folder and the job's checkpoint prefix in step."""

    def __init__(self, s3: Any, location: Location, folder: Path, interval: float) -> None:
        self._s3 = s3
        self._location = location.folder()
        self._folder = folder
        self._interval = interval
        self._before: dict[str, Stamp] = {}
        self._kept: dict[str, Stamp] = {}
        self._finished, self._lost = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="checkpoints", daemon=True)

    def restore(self, check: Callable[[], None]) -> None:
        """Download what the prefix holds; `check` may raise, before each object, to end it."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for key in list(list_keys(self._s3, self._location)):
            check()
            name = relative_name(key, self._location.key)
            fetch(self._s3, Location(self._location.bucket, key), self._folder / name)
        self._kept = scan(self._folder)

    def start(self) -> None:
        """Begin to upload changes, once the script runs."""
        self._thread.start()

    def finish(self, seconds: float) -> None:
        """End, once the script has ended, with a pass over whatever it left, whole or torn.

        The pass stops between two files after `seconds`. Only then may the folder go: what
        happens to it later is no deletion of the script's.
        """
        self._end()
        now = scan(self._folder)
        self._apply(changes(now, now, self._kept), now, time.monotonic() + seconds)

    def abandon(self) -> None:
        """End without a last pass, and between two files of one that runs: the instance is lost."""
        self._lost.set()
        self._end()

    def _end(self) -> None:
        self._finished.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._finished.wait(self._interval):
            now = scan(self._folder)
            self._apply(changes(self._before, now, self._kept), now)
            self._before = now

    def _apply(self, found: Changes, now: Files, deadline: float = float("inf")) -> None:
        try:
            for name in found.upload:
                if self._lost.is_set():
                    return
                if time.monotonic() > deadline:
                    _log.warning("Checkpoint %s was not uploaded within the grace", name)
                    return
                self._upload(name, now[name])
            for name in found.delete:
                self._delete(name)
        except (Boto3Error, BotoCoreError, ClientError):
            # The next pass tries again; the service too says nothing to the job.
            _log.exception("Checkpoints could not be synchronised")

    def _upload(self, name: str, stamp: Stamp) -> None:
        path = self._folder / name
        uploading, uploaded = _marker(path, UPLOADING), _marker(path, UPLOADED)
        with suppress(FileNotFoundError, FileExistsError):
            uploaded.unlink(missing_ok=True)
            uploading.unlink(missing_ok=True)
            uploading.touch(exist_ok=False)  # a link that the script put there is not followed
            target = self._location.child(name)
            self._s3.upload_file(str(path), target.bucket, target.key)
            self._kept[name] = stamp
            uploading.rename(uploaded)

    def _delete(self, name: str) -> None:
        target = self._location.child(name)
        self._s3.delete_object(Bucket=target.bucket, Key=target.key)
        del self._kept[name]
        _marker(self._folder / name, UPLOADED).unlink(missing_ok=True)


def _marker(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)
