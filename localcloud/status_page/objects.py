"""The page's data of S3, as JSON documents; times are in epoch seconds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from localcloud.moto_data.backends import all_of
from localcloud.protocol.errors import ServiceError
from localcloud.sagemaker.data.locations import Location

Document = dict[str, Any]

MOST_OBJECTS = 200
"""The newest objects of a listing that are shown."""


def buckets() -> list[Document]:
    """Each bucket, with the number and the total size of its objects."""
    return [
        {
            "name": bucket.name,
            "objects": len(found),
            "bytes": sum(each["bytes"] for each in found),
        }
        for bucket in sorted(_buckets(), key=lambda bucket: str(bucket.name))
        for found in [list(_objects(bucket, ""))]
    ]


def listing(name: str, prefix: str) -> Document:
    """The objects with a prefix in a bucket. Raises ServiceError if there is no bucket."""
    bucket = next((each for each in _buckets() if each.name == name), None)
    if bucket is None:
        raise ServiceError("NoSuchBucket", f"There is no bucket {name}", 404)
    found = list(_objects(bucket, prefix))
    return {"bucket": name, "prefix": prefix, "count": len(found), "objects": _newest(found)}


def below(uri: str) -> list[Document]:
    """The objects whose URI begins with this one; none if there is no such bucket."""
    location = Location.parse(uri)
    found = (
        each
        for bucket in _buckets()
        if bucket.name == location.bucket
        for each in _objects(bucket, location.key)
    )
    return _newest(list(found))


def _newest(found: list[Document]) -> list[Document]:
    return sorted(found, key=lambda each: float(each["modified"]), reverse=True)[:MOST_OBJECTS]


def _buckets() -> Iterator[Any]:
    for _, _, backend in all_of("s3"):
        yield from list(backend.buckets.values())


def _objects(bucket: Any, prefix: str) -> Iterator[Document]:
    for name, key in list(bucket.keys.items()):
        # A delete marker has no content.
        if name.startswith(prefix) and hasattr(key, "contentsize"):
            yield {
                "key": name,
                "bytes": key.contentsize,
                "modified": key.last_modified.timestamp(),
            }
