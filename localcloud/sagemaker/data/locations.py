"""S3 locations, the keys below them, and how files get there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from boto3.s3.transfer import TransferConfig

_HOST = re.compile(r"(?:(?P<bucket>.+)\.)?s3(?:[.-][a-z0-9-]+)*\.amazonaws\.com(?:\.cn)?")
_BUCKET = re.compile(r"[A-Za-z0-9._-]{3,255}")

UPLOAD = TransferConfig(max_concurrency=2)
"""How results are uploaded. The server has one interpreter, so more threads are hardly faster."""


@dataclass(frozen=True)
class Location:
    """A bucket and a key or key prefix."""

    bucket: str
    key: str

    @classmethod
    def parse(cls, uri: str) -> Location:
        """Parses s3://bucket/key, or the https address of a bucket in S3.

        Raises ValueError for anything else, and for a key that is not text.
        """
        scheme, _, rest = uri.partition("://")
        bucket, _, key = rest.partition("/")
        if scheme == "https":
            host = _HOST.fullmatch(bucket)
            bucket = (host["bucket"] or "") if host else "?"
            if host and not bucket:
                bucket, _, key = key.partition("/")
        if scheme not in {"s3", "https"} or not _BUCKET.fullmatch(bucket) or not is_key(key):
            raise ValueError(f"{uri!a} is not an S3 URI")
        return cls(bucket, key)

    def folder(self) -> Location:
        """The location as a folder: an empty key or one that ends with a slash."""
        key = self.key.rstrip("/")
        return Location(self.bucket, f"{key}/" if key else "")

    def child(self, name: str) -> Location:
        """The location of `name` in this folder."""
        return Location(self.bucket, self.folder().key + name)


def is_key(name: str) -> bool:
    """Whether a name can be an object's key: text, without NUL and newlines."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return not {"\0", "\n"} & set(name)


def list_keys(s3: Any, location: Location) -> Iterator[str]:
    """Yields, in order, the keys that begin with the location's key."""
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=location.bucket, Prefix=location.key
    )
    for page in pages:
        for entry in page.get("Contents", []):
            yield entry["Key"]
