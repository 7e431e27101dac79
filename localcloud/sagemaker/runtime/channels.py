"""Input channels in File and FastFile mode: the download of what an instance receives."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from localcloud.sagemaker.locations import Location
from localcloud.sagemaker.runtime.sources import objects, shard

Document = dict[str, Any]
Share = tuple[int, int]
"""A host's position, from 0, among the number of a channel's hosts."""


def download(
    s3: Any, source: Document, folder: Path, share: Share, check: Callable[[], None]
) -> None:
    """Download a channel's objects into `folder`.

    `check` runs before each object and may raise to end the download.
    """
    found = objects(s3, source)
    if sharded(source):
        found = shard(found, *share)
    folder.mkdir(parents=True, exist_ok=True)
    for each in found:
        check()
        fetch(s3, each.location, folder / each.name)


def sharded(source: Document) -> bool:
    """Tell whether a source's objects are divided among the hosts."""
    return source.get("S3DataDistributionType") == "ShardedByS3Key"


def fetch(s3: Any, location: Location, path: Path) -> None:
    """Download one object; a key that ends with a slash is a folder."""
    if location.key.endswith("/"):
        path.mkdir(parents=True, exist_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    body = s3.get_object(Bucket=location.bucket, Key=location.key)["Body"]
    with body, path.open("wb") as target:
        shutil.copyfileobj(body, target, 1 << 20)
