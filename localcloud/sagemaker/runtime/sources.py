"""What a channel's data source consists of: objects, or the lines of an augmented manifest."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, TypeVar

from localcloud.sagemaker.locations import Location, list_keys
from localcloud.sagemaker.runtime.failures import ClientError

Document = dict[str, Any]
Item = TypeVar("Item")

_REFERENCE = "-ref"


@dataclass(frozen=True)
class Object:
    """An object of a channel, and its path within the channel's folder."""

    location: Location
    name: str


def objects(s3: Any, source: Document) -> list[Object]:
    """Return the objects of an S3 data source in their order; raise ClientError without any."""
    location = Location.parse(source["S3Uri"])
    found = list(_listed(s3, location, source["S3DataType"]))
    if not found:
        raise ClientError(
            f'Data download failed:No S3 objects found under S3 URL "{source["S3Uri"]}"'
        )
    return found


def _listed(s3: Any, location: Location, kind: str) -> Iterator[Object]:
    if kind == "ManifestFile":
        yield from _named(manifest(_read(s3, location), location))
        return
    for key in list_keys(s3, location):
        yield Object(Location(location.bucket, key), relative_name(key, location.key))


def _named(uris: Sequence[tuple[Location, str]]) -> Iterator[Object]:
    for location, suffix in uris:
        yield Object(location, _within(suffix, location.key))


def manifest(text: bytes, where: Location) -> list[tuple[Location, str]]:
    """Return the objects that a manifest names, each with what follows the prefix."""
    try:
        first, *suffixes = json.loads(text)
        prefix = Location.parse(first["prefix"])
    except (ValueError, KeyError, TypeError) as error:
        raise ClientError(
            f"Data download failed:The manifest s3://{where.bucket}/{where.key} is no array of "
            f"a prefix and suffixes: {error}"
        ) from error
    return [
        (Location(prefix.bucket, prefix.key + suffix), suffix.lstrip("/")) for suffix in suffixes
    ]


def lines(s3: Any, source: Document) -> list[Document]:
    """Return the lines of an augmented manifest; raise ClientError for what is no JSON."""
    text = _read(s3, Location.parse(source["S3Uri"]))
    try:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    except ValueError as error:
        message = f"Data download failed:{source['S3Uri']} is no JSON Lines: {error}"
        raise ClientError(message) from error


def attributes(s3: Any, line: Document, names: Sequence[str]) -> Iterator[bytes]:
    """Yield the attributes of an augmented manifest's line: what a reference leads to."""
    for name in names:
        if name not in line:
            raise ClientError(f"Data download failed:A line has no attribute {name}")
        value = line[name]
        if name.endswith(_REFERENCE):
            yield _read(s3, Location.parse(value))
        else:
            yield (value if isinstance(value, str) else json.dumps(value)).encode()


def shard(items: Sequence[Item], index: int, count: int) -> list[Item]:
    """Return the share of host `index` (from 0) of `count` hosts.

    AWS documents the proportion, not which host gets which object.
    """
    return list(items[index::count])


def relative_name(key: str, prefix: str) -> str:
    """Return an object's path within its channel.

    A prefix that names a folder or an object leaves what follows its last slash; one that
    ends within a name leaves that name too. Raises ClientError for a path that would
    lead out of the channel.
    """
    if key == prefix or not (prefix.endswith("/") or key.startswith(f"{prefix}/")):
        prefix = prefix.rpartition("/")[0]
    return _within(key.removeprefix(prefix).lstrip("/"), key)


def _within(name: str, key: str) -> str:
    if ".." in PurePosixPath(name).parts:
        raise ClientError(f"Data download failed:the key {key} would leave the channel's folder")
    return name


def _read(s3: Any, location: Location) -> bytes:
    body = s3.get_object(Bucket=location.bucket, Key=location.key)["Body"]
    with body:
        content: bytes = body.read()
    return content
