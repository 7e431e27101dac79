"""Input channels in File and FastFile mode: the download of what an instance receives."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from localcloud.sagemaker.data.locations import Location
from localcloud.sagemaker.data.sources import objects, shard
from localcloud.sagemaker.jobs.failure_reasons import ClientError

Document = dict[str, Any]
Share = tuple[int, int]
"""A host's position among a channel's hosts, from 0, and their number."""


def download(s3: Any, source: Document, folder: Path, share: Share) -> None:
    """Downloads a channel's objects into `folder`.

    Raises ClientError for a key that can't be a file's name, or whose file another key has.
    """
    found = objects(s3, source)
    if sharded(source):
        found = shard(found, *share)
    folder.mkdir(parents=True, exist_ok=True)
    keys: dict[Path, str] = {}
    for each in found:
        key = each.location.key
        if (other := keys.setdefault(folder / each.name, key)) != key:
            raise ClientError(
                f"Data download failed:the keys {other!a} and {key!a} would be the same file"
            )
        fetch(s3, each.location, folder / each.name)


def sharded(source: Document) -> bool:
    """Whether a source's objects are divided among the hosts."""
    return source.get("S3DataDistributionType") == "ShardedByS3Key"


def fetch(s3: Any, location: Location, path: Path) -> None:
    """Downloads one object; a key that ends with a slash is a folder.

    Raises ClientError for a key that can't be a file name.
    """
    if location.key.endswith("/"):
        with _named(location):
            path.mkdir(parents=True, exist_ok=True)
        return
    body = s3.get_object(Bucket=location.bucket, Key=location.key)["Body"]
    with body:
        with _named(location):
            path.parent.mkdir(parents=True, exist_ok=True)
            target = path.open("wb")
        with _enough_space(), target:
            shutil.copyfileobj(body, target, 1 << 20)


@contextmanager
def _enough_space() -> Iterator[None]:
    """Raises ClientError, in the service's words, if the disk is full."""
    try:
        yield
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise ClientError("Data download failed:Insufficient disk space") from error


@contextmanager
def _named(location: Location) -> Iterator[None]:
    """Raises ClientError for a key that the file system refuses as a name."""
    try:
        yield
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise ClientError(
            f"Data download failed:the key {location.key!a} can't be a file's name: {why}"
        ) from error
