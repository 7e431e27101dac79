"""A job's results: what its instances left in /opt/ml, merged and uploaded to S3."""

from __future__ import annotations

import errno
import os
import stat
import tarfile
import tempfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from boto3.exceptions import S3UploadFailedError
from botocore.exceptions import ClientError as ServiceClientError

from localcloud.sagemaker.data.locations import UPLOAD, Location, is_key
from localcloud.sagemaker.jobs.failure_reasons import ClientError, refused
from localcloud.sagemaker.sandbox.script_files import leads_elsewhere

_SAMPLE = 1 << 16
_SHRUNK = 0.75
"""The share of its size that a sample may keep for its file to be worth compressing."""


def merged(folders: Sequence[Path]) -> dict[str, Path]:
    """The files below several folders by relative name; a later folder's file replaces others.

    Raises OSError for a folder that can't be read.
    """
    files: dict[str, Path] = {}
    for folder in folders:
        if not leads_elsewhere(folder):
            files |= {name: folder / name for name in sorted(_names(folder))}
    return files


def _names(root: Path) -> Iterator[str]:
    """The relative names of files and links; pipes, sockets and devices have no contents."""
    unseen = [""]  # a list, because a script's folders may be too deep for recursion
    while unseen:
        folder = unseen.pop()
        with os.scandir(root / folder) as entries:
            for entry in entries:
                name = f"{folder}{entry.name}"
                mode = entry.stat(follow_symlinks=False).st_mode
                if stat.S_ISDIR(mode):
                    unseen.append(f"{name}/")
                elif stat.S_ISREG(mode) or stat.S_ISLNK(mode):
                    yield name


def compression(files: Mapping[str, Path]) -> int:
    """The level of an archive's compression: the fastest, or none if its largest file won't shrink.

    Weights hardly shrink, and take the most time to find that out.
    """
    regular = [path for path in files.values() if not path.is_symlink()]
    if not regular:
        return 1
    with max(regular, key=lambda path: path.stat().st_size).open("rb") as file:
        file.seek(os.fstat(file.fileno()).st_size // 2)
        sample = file.read(_SAMPLE)
    return 1 if len(zlib.compress(sample, 1)) < len(sample) * _SHRUNK else 0


class Uploader:
    """Uploads results below one S3 folder, encrypted as OutputDataConfig says."""

    def __init__(self, s3: Any, output: dict[str, Any], location: Location, scratch: Path) -> None:
        """An archive is made in the folder `scratch`."""
        self._s3 = s3
        self._location = location
        self._scratch = scratch
        self._compressed = output.get("CompressionType", "GZIP") == "GZIP"
        key = output.get("KmsKeyId")
        self._encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key} if key else {}

    def upload(self, name: str, folders: Sequence[Path]) -> None:
        """Uploads the merged folders as `name`.tar.gz, or file by file below `name`.

        Nothing is uploaded when there is no file. Raises ClientError for files that can't be read
        or named in S3, and for a full disk.
        """
        with _as_the_owners():
            files = merged(folders)
            if files and self._compressed:
                self._upload_archive(f"{name}.tar.gz", files)
            elif files:
                self._upload_each(name, files)

    def _upload_each(self, name: str, files: Mapping[str, Path]) -> None:
        for relative, path in files.items():
            # A link might lead anywhere; an archive keeps it as a link.
            if not path.is_symlink():
                self._put(path, f"{name}/{relative}")

    def _upload_archive(self, name: str, files: Mapping[str, Path]) -> None:
        with tempfile.TemporaryDirectory(dir=self._scratch) as folder:
            archive = Path(folder) / name
            with tarfile.open(archive, "w:gz", compresslevel=compression(files)) as tar:
                for relative, path in files.items():
                    tar.add(path, relative, recursive=False)
            self._put(archive, name)

    def _put(self, path: Path, name: str) -> None:
        if not is_key(name):
            raise ClientError(
                f"Artifact upload failed:the name of the file {name!a} can't be a key in S3"
            )
        target = self._location.child(name)
        try:
            self._s3.upload_file(
                str(path), target.bucket, target.key, ExtraArgs=self._encryption, Config=UPLOAD
            )
        except S3UploadFailedError as error:
            # boto3 has the service's answer only as the context of its own error.
            if isinstance(error.__context__, ServiceClientError):
                raise refused("Artifact upload failed:Error 7: ", error.__context__) from error
            raise


@contextmanager
def _as_the_owners() -> Iterator[None]:
    """Raises ClientError for errors of the script's files."""
    try:
        yield
    except (OSError, UnicodeError) as error:
        full = isinstance(error, OSError) and error.errno == errno.ENOSPC
        why = "Insufficient disk space" if full else f"{error!a}"
        raise ClientError(f"Artifact upload failed:{why}") from error
