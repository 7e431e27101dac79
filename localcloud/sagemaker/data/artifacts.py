"""A job's results: what its instances left in /opt/ml, merged and uploaded to S3."""

from __future__ import annotations

import errno
import stat
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from boto3.exceptions import S3UploadFailedError
from botocore.exceptions import ClientError as ServiceClientError

from localcloud.sagemaker.data.locations import Location, is_key
from localcloud.sagemaker.jobs.failure_reasons import ClientError, refused
from localcloud.sagemaker.sandbox.script_files import leads_elsewhere

_FAILED = "Artifact upload failed:"


def merged(folders: Sequence[Path]) -> dict[str, Path]:
    """The files below several folders by relative name; a later folder's file replaces others.

    Raises ClientError for folders that are too deep.
    """
    files = {}
    for folder in folders:
        if leads_elsewhere(folder):
            continue
        try:
            for path in sorted(folder.rglob("*")):
                # Pipes, sockets and devices have no contents to upload.
                mode = path.lstat().st_mode
                if stat.S_ISREG(mode) or stat.S_ISLNK(mode):
                    files[path.relative_to(folder).as_posix()] = path
        except (OSError, RecursionError) as error:
            if isinstance(error, OSError) and error.errno != errno.ENAMETOOLONG:
                raise
            raise ClientError(f"{_FAILED}the folders in {folder.name} are too deep") from error
    return files


class Uploader:
    """Uploads results below one S3 folder, encrypted as OutputDataConfig says."""

    def __init__(self, s3: Any, output: dict[str, Any], location: Location) -> None:
        self._s3 = s3
        self._location = location
        self._compressed = output.get("CompressionType", "GZIP") == "GZIP"
        key = output.get("KmsKeyId")
        self._encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key} if key else {}

    def upload(self, name: str, folders: Sequence[Path]) -> None:
        """Uploads the merged folders as `name`.tar.gz, or file by file below `name`.

        Nothing is uploaded when there is no file. Raises ClientError for what can't be uploaded.
        """
        files = merged(folders)
        if not files:
            return
        if self._compressed:
            self._upload_archive(f"{name}.tar.gz", files)
            return
        for relative, path in files.items():
            # A link might lead anywhere; an archive keeps it as a link.
            if not path.is_symlink():
                self._put(path, f"{name}/{relative}")

    def _upload_archive(self, name: str, files: dict[str, Path]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            archive = Path(folder) / name
            # The fastest level, because the bytes only go to another process.
            with tarfile.open(archive, "w:gz", compresslevel=1) as tar:
                for relative, path in files.items():
                    tar.add(path, relative, recursive=False)
            self._put(archive, name)

    def _put(self, path: Path, name: str) -> None:
        if not is_key(name):
            raise ClientError(f"{_FAILED}the name of the file {name!a} can't be a key in S3")
        target = self._location.child(name)
        try:
            self._s3.upload_file(str(path), target.bucket, target.key, ExtraArgs=self._encryption)
        except S3UploadFailedError as error:
            # boto3 has the service's answer only as the context of its own error.
            if isinstance(error.__context__, ServiceClientError):
                raise refused(f"{_FAILED}Error 7: ", error.__context__) from error
            raise
