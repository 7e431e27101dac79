"""S3 locations, and the keys below them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Location:
    """A bucket and a key or key prefix."""

    bucket: str
    key: str

    @classmethod
    def parse(cls, uri: str) -> Location:
        """Parses s3://bucket/key. Raises ValueError for anything else."""
        scheme, _, rest = uri.partition("://")
        bucket, _, key = rest.partition("/")
        if scheme not in {"s3", "https"} or not bucket:
            raise ValueError(f"{uri} is not an S3 URI")
        return cls(bucket, key)

    def folder(self) -> Location:
        """The location as a folder: an empty key or one that ends with a slash."""
        key = self.key.rstrip("/")
        return Location(self.bucket, f"{key}/" if key else "")

    def child(self, name: str) -> Location:
        """The location of `name` in this folder."""
        return Location(self.bucket, self.folder().key + name)


def list_keys(s3: Any, location: Location) -> Iterator[str]:
    """Yields, in order, the keys that begin with the location's key."""
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=location.bucket, Prefix=location.key
    )
    for page in pages:
        for entry in page.get("Contents", []):
            yield entry["Key"]
