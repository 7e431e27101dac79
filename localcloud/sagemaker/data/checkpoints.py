"""Checkpoints: downloaded before the start, then synchronised with S3 while the job runs."""

from __future__ import annotations

import json
import logging
import os
import random
import stat
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from botocore.exceptions import BotoCoreError, ClientError

from localcloud.sagemaker.data.channels import fetch
from localcloud.sagemaker.data.locations import UPLOAD, Location, list_keys
from localcloud.sagemaker.data.sources import relative_name
from localcloud.sagemaker.sandbox.script_files import leads_elsewhere, opened_folder

UPLOADING, UPLOADED = ".sagemaker-uploading", ".sagemaker-uploaded"
_MARKERS = (UPLOADING, UPLOADED, ".sagemaker-ignore")
_LOOK_AGAIN = 0.2
"""The share of the interval between two passes after which a pass looks at the files again."""
_SHORTEST = 0.6
"""The least share of the interval that a pass waits for. Of equal waits, each pass could meet a
script that writes as regularly in the middle of a change, for minutes."""

# Errors of a script's files or of S3; any other error is a fault of the local cloud.
_EXPECTED = (OSError, UnicodeError, BotoCoreError, ClientError)
_GONE = (FileNotFoundError, NotADirectoryError)
_MISSED, _LEFT = object(), object()
_MANY, _AT_ONCE = 100, 8
"""As many files as these are uploaded by several threads, when the script has ended. While it runs
one upload follows another, so that a job that writes without end is no burden to others."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Stamp:
    """What differs between two versions of a file."""

    size: int
    modified: int
    inode: int


_UNKNOWN = Stamp(-1, -1, -1)
"""Of a file whose upload may have been interrupted: it is uploaded again, or deleted from S3."""

Files = Mapping[str, Stamp]
Report = Callable[[str, Exception], None]
"""Takes the name of a file or folder, relative to the checkpoint folder, and the error."""


@dataclass(frozen=True)
class Changes:
    """What a pass has to do, as names relative to the checkpoint folder."""

    upload: tuple[str, ...]
    delete: tuple[str, ...]


def changes(before: Files, now: Files, kept: Files) -> Changes:
    """The differences from S3, which has the files `kept`.

    A file is uploaded once it looks the same twice, so a growing file waits.
    """
    stable = (name for name, stamp in now.items() if before.get(name) == stamp)
    return Changes(
        upload=tuple(sorted(name for name in stable if kept.get(name) != now[name])),
        delete=tuple(sorted(kept.keys() - now.keys())),
    )


def scan(folder: Path, known: Files, report: Report) -> dict[str, Stamp]:
    """The files below `folder`, without the service's markers and without links.

    A file that vanishes meanwhile is left out. A folder that can't be read is reported to `report`,
    and its files count as unchanged since `known`, so they are not deleted.
    """
    found: dict[str, Stamp] = {}
    if leads_elsewhere(folder):
        return found
    unseen = [""]  # a list, because a script's folders may be too deep for recursion
    while unseen:
        name = unseen.pop()
        try:
            folders, files = _look(folder, name)
        except _GONE:
            continue
        except OSError as error:
            report(name, error)
            found |= {each: known[each] for each in known if each.startswith(name)}
        else:
            unseen += folders
            found |= files
    return found


def _look(root: Path, name: str) -> tuple[list[str], dict[str, Stamp]]:
    """The folders in a folder below `root`, with a slash at their ends, and its files."""
    folders, files = [], {}
    with os.scandir(f"{root}/{name}") as entries:
        for entry in entries:
            with suppress(FileNotFoundError):
                status = entry.stat(follow_symlinks=False)
                if stat.S_ISDIR(status.st_mode):
                    folders.append(f"{name}{entry.name}/")
                elif stat.S_ISREG(status.st_mode) and not entry.name.endswith(_MARKERS):
                    files[f"{name}{entry.name}"] = _stamp(status)
    return folders, files


def _stamp(status: os.stat_result) -> Stamp:
    return Stamp(status.st_size, status.st_mtime_ns, status.st_ino)


class CheckpointSync:
    """Synchronises one instance's checkpoint folder with the job's checkpoint prefix.

    An error with one file affects only that file: the local cloud's log has it once, and each
    pass tries again. The job does not notice it.
    """

    def __init__(
        self,
        s3: Any,
        location: Location,
        folder: Path,
        interval: float,
        memory: Path | None = None,
    ) -> None:
        """`interval` is the longest time between two passes, in seconds.

        `memory` is the file from which the next one learns what S3 has, if this one is killed.
        """
        self._s3 = s3
        self._prefix = location
        self._location = location.folder()
        self._folder = folder
        self._interval = interval
        self._memory = memory
        self._kept = self._recalled()
        self._failed: dict[str, type[Exception]] = {}
        self._failed_before: dict[str, type[Exception]] = {}
        self._finished = threading.Event()
        self._thread = threading.Thread(target=self._run, name="checkpoints", daemon=True)

    def restore(self) -> None:
        """Downloads the prefix's objects.

        A prefix without a slash at its end also has siblings: `run-1` has those of `run-10`. They
        are only read: changes go to the folder of the prefix.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        for key in list(list_keys(self._s3, self._prefix)):
            name = relative_name(key, self._prefix.key)
            with suppress(self._s3.exceptions.NoSuchKey):  # deleted since it was listed
                fetch(self._s3, Location(self._location.bucket, key), self._folder / name)
        self._kept = self._scan()
        self._remember(())

    def _recalled(self) -> dict[str, Stamp]:
        """What S3 has, as an earlier one noted it."""
        if self._memory is None or not self._memory.exists():
            return {}
        return {name: Stamp(*stamp) for name, stamp in json.loads(self._memory.read_text()).items()}

    def _remember(self, uploads: Sequence[str]) -> None:
        """Notes what S3 has, and what it may have after these uploads."""
        if self._memory is None:
            return
        kept = self._kept | dict.fromkeys(uploads, _UNKNOWN)
        document = {name: (each.size, each.modified, each.inode) for name, each in kept.items()}
        new = self._memory.with_suffix(".new")
        with suppress(OSError):  # a full disk does not end the uploads
            new.write_text(json.dumps(document))
            new.replace(self._memory)

    def start(self) -> None:
        """Begins to upload changes; call it when the script runs."""
        self._thread.start()

    def finish(self, seconds: float) -> None:
        """Ends with a last pass over what the script left, complete or not.

        Call it when the script has ended. The pass stops between two files after `seconds`. The
        folder may be removed only after it: an earlier removal would look like the script's.
        """
        self._end()
        deadline = time.monotonic() + seconds
        self._pass(lambda: self._apply_all(lambda: time.monotonic() > deadline))

    def abandon(self) -> None:
        """Ends without a last pass, or between two files of a running one: the instance is lost."""
        self._end()

    def _end(self) -> None:
        self._finished.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._finished.wait(self._until_next()):
            self._pass(self._apply_stable)

    def _until_next(self) -> float:
        """Seconds until the next pass, at random; see _SHORTEST."""
        share = random.uniform(_SHORTEST, 1)  # noqa: S311 - no secret
        return self._interval * share * (1 - _LOOK_AGAIN)

    def _pass(self, work: Callable[[], None]) -> None:
        """Does the work of a pass; an error ends neither the passes nor the job."""
        self._failed_before, self._failed = self._failed, {}
        self._attempt("", work)
        if self._finished.is_set():  # the pass may have been cut short
            self._failed = self._failed_before | self._failed

    def _apply_stable(self) -> None:
        before = self._scan()
        if not self._finished.wait(self._interval * _LOOK_AGAIN):
            now = self._scan()
            self._apply(changes(before, now, self._kept), now, self._finished.is_set)

    def _apply_all(self, over: Callable[[], bool]) -> None:
        now = self._scan()
        left = self._apply(changes(now, now, self._kept), now, over)
        if left:
            _log.warning("%d checkpoint files were not synchronised within the grace period", left)

    def _scan(self) -> dict[str, Stamp]:
        return scan(self._folder, self._kept, self._report)

    def _apply(self, found: Changes, now: Files, over: Callable[[], bool]) -> int:
        """Uploads and deletes until `over` is true. Returns how many files are left.

        If a file was gone before its upload, or S3 has none of the files that there are `now`, as
        many files as these are not deleted, the newest: a script that removes its checkpoints
        faster than S3 takes them would be left without any. The next pass deletes. More are not
        kept, or S3 would grow without end.
        """
        if not found.upload and not found.delete:
            return 0
        self._remember(found.upload)
        uploaded = self._each(found.upload, self._upload, over)
        oldest = sorted(found.delete, key=lambda name: self._kept[name].modified)
        if _MISSED in uploaded or self._kept.keys().isdisjoint(now):
            oldest = oldest[: max(0, len(oldest) - len(now))]
        deleted = self._each(oldest, self._delete, over)
        self._remember(())
        return [*uploaded, *deleted].count(_LEFT)

    def _each(
        self, names: Sequence[str], work: Callable[[str], object], over: Callable[[], bool]
    ) -> list[object]:
        """What the work returns for each file, _LEFT for those that come when `over` is true."""

        def step(name: str) -> object:
            return _LEFT if over() else self._attempt(name, partial(work, name))

        if len(names) < _MANY or not self._finished.is_set():
            return [step(name) for name in names]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return list(pool.map(step, names))

    def _attempt(self, name: str, work: Callable[[], object]) -> object:
        try:
            return work()
        except Exception as error:
            self._report(name, error)
            return None

    def _report(self, name: str, error: Exception) -> None:
        """Logs an error, unless this pass or the last one had the same."""
        reported = {self._failed_before.get(name), self._failed.get(name)}
        self._failed[name] = type(error)
        if type(error) not in reported:
            where = f"s3://{self._location.bucket}/{self._location.key}{name}"
            trace = None if isinstance(error, _EXPECTED) else error
            _log.warning("Checkpoint %a is not synchronised: %a", where, error, exc_info=trace)

    def _upload(self, name: str) -> object:
        """Uploads a file; returns _MISSED if it is gone."""
        target = self._location.child(name)
        path = self._folder / name
        uploading, uploaded = path.name + UPLOADING, path.name + UPLOADED
        with suppress(*_GONE), opened_folder(path.parent) as folder:
            # Without waiting, in case a pipe has replaced the file.
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
            with os.fdopen(os.open(path.name, flags, dir_fd=folder), "rb") as file:
                status = os.fstat(file.fileno())
                if not stat.S_ISREG(status.st_mode):
                    return None
                for marker in (uploaded, uploading):
                    with suppress(FileNotFoundError):
                        os.unlink(marker, dir_fd=folder)
                os.close(os.open(uploading, os.O_CREAT | os.O_EXCL, 0o644, dir_fd=folder))
                content = _Content(file, status.st_size)
                self._send(content, status.st_size, target)
            # The stamp from before: a file that changed meanwhile is uploaded again.
            self._kept[name] = _stamp(status)
            os.rename(uploading, uploaded, src_dir_fd=folder, dst_dir_fd=folder)
            return None
        return _MISSED

    def _send(self, content: _Content, size: int, target: Location) -> None:
        if size < UPLOAD.multipart_threshold:
            # boto3's uploader starts three threads for each file.
            self._s3.put_object(Bucket=target.bucket, Key=target.key, Body=content.read())
        else:
            self._s3.upload_fileobj(content, target.bucket, target.key, Config=UPLOAD)

    def _delete(self, name: str) -> None:
        target = self._location.child(name)
        self._s3.delete_object(Bucket=target.bucket, Key=target.key)
        del self._kept[name]
        path = self._folder / name
        with suppress(*_GONE), opened_folder(path.parent) as folder:
            os.unlink(path.name + UPLOADED, dir_fd=folder)


class _Content:
    """The contents of a file up to its size when the upload began.

    The script may make the file longer or shorter meanwhile. boto3 reads it as a stream, so the
    length in its request is that of what it has read.
    """

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._left = size

    def read(self, amount: int = -1) -> bytes:
        """The next bytes; without an amount all that are left, at the end none."""
        content = self._file.read(self._left if amount < 0 else min(amount, self._left))
        self._left -= len(content)
        return content
