"""Input channels: which objects an instance receives, and their download."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from localcloud.sagemaker.locations import Location, list_keys
from localcloud.sagemaker.runtime.failures import ClientError

Document = dict[str, Any]


def shard(keys: Sequence[str], index: int, count: int) -> list[str]:
    """Return the share of host `index` (from 0) of `count` hosts, of sorted keys.

    AWS documents the proportion, not which host gets which object.
    """
    return [key for position, key in enumerate(sorted(keys)) if position % count == index]


def relative_name(key: str, prefix: str) -> str:
    """Return an object's path within its channel.

    A prefix that names a folder or an object leaves what follows its last slash; one that
    ends within a name leaves that name too. Raises ClientError for a path that would
    lead out of the channel.
    """
    if key == prefix or not (prefix.endswith("/") or key.startswith(f"{prefix}/")):
        prefix = prefix.rpartition("/")[0]
    name = key.removeprefix(prefix).lstrip("/")
    if ".." in PurePosixPath(name).parts:
        raise ClientError(f"Data download failed:the key {key} would leave the channel's folder")
    return name


def download(
    s3: Any, source: Document, folder: Path, share: tuple[int, int], check: Callable[[], None]
) -> None:
    """Download a channel's objects into `folder`.

    `share` is the host's position, from 0, among the number of the channel's hosts; `check`
    runs before each object and may raise to end the download.
    """
    location = Location.parse(source["S3Uri"])
    keys = list(list_keys(s3, location))
    if not keys:
        raise ClientError(
            f'Data download failed:No S3 objects found under S3 URL "{source["S3Uri"]}"'
        )
    if source.get("S3DataDistributionType") == "ShardedByS3Key":
        keys = shard(keys, *share)
    folder.mkdir(parents=True, exist_ok=True)
    for key in keys:
        check()
        fetch(s3, Location(location.bucket, key), folder / relative_name(key, location.key))


def fetch(s3: Any, location: Location, path: Path) -> None:
    """Download one object; a key that ends with a slash is a folder."""
    if location.key.endswith("/"):
        path.mkdir(parents=True, exist_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    body = s3.get_object(Bucket=location.bucket, Key=location.key)["Body"]
    with body, path.open("wb") as target:
        shutil.copyfileobj(body, target, 1 << 20)
