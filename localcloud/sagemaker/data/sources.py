"""The parts of a channel's data source: objects, or the lines of an augmented manifest."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from localcloud.sagemaker.data.locations import Location, list_keys
from localcloud.sagemaker.jobs.failure_reasons import ClientError

Document = dict[str, Any]
Item = TypeVar("Item")

_REFERENCE = "-ref"


@dataclass(frozen=True)
class Object:
    """An object of a channel, and its path within the channel's folder."""

    location: Location
    name: str


@dataclass(frozen=True)
class Line:
    """A line of an augmented manifest, and where it is."""

    place: str
    text: bytes


def objects(s3: Any, source: Document) -> list[Object]:
    """The objects of an S3 data source, in their order. Raises ClientError if there are none."""
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
    """The objects that a manifest names, each with what follows the prefix.

    Raises ClientError, as the job fails with it, for a text that is no manifest.
    """
    try:
        first, *suffixes = json.loads(text)
        prefix = first["prefix"]
        bucket = Location.parse(prefix).bucket
        found = [(Location.parse(prefix + suffix), suffix.lstrip("/")) for suffix in suffixes]
        if any(location.bucket != bucket for location, _ in found):
            raise ValueError(f"not all of it is in the bucket {bucket}")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ClientError(
            f"Data download failed:The manifest s3://{where.bucket}/{where.key} is not an array of "
            f"a prefix and suffixes: {error}"
        ) from error
    return found


def lines(s3: Any, source: Document) -> list[Line]:
    """The lines of an augmented manifest, without empty ones."""
    text = _read(s3, Location.parse(source["S3Uri"]))
    return [
        Line(f"{source['S3Uri']} line {number}", line)
        for number, line in enumerate(text.splitlines(), 1)
        if line.strip()
    ]


def attributes(s3: Any, line: Line, names: Sequence[str]) -> Iterator[bytes]:
    """The attributes of an augmented manifest's line; for a reference, the object's contents.

    Raises ClientError for a line that is not a JSON object or lacks an attribute.
    """
    try:
        values = json.loads(line.text)
    except (ValueError, RecursionError) as error:
        raise ClientError(f"Data download failed:A line is not JSON: {error}") from error
    for name in names:
        if not isinstance(values, dict) or name not in values:
            raise ClientError(f"Data download failed:A line is not a JSON object with {name}")
        yield _attribute(s3, name, values[name])


def _attribute(s3: Any, name: str, value: Any) -> bytes:
    if not name.endswith(_REFERENCE):
        try:
            return (value if isinstance(value, str) else json.dumps(value)).encode()
        except UnicodeEncodeError as error:  # a lone surrogate, which JSON can have
            raise ClientError(f"Data download failed:{name} is not text: {error}") from error
    try:
        location = Location.parse(value)
    except (ValueError, AttributeError):
        location = Location("", "")
    if not location.key:
        raise ClientError(f"Data download failed:{name} is not the S3 URI of an object: {value!a}")
    return _read(s3, location)


def shard(items: Sequence[Item], index: int, count: int) -> list[Item]:
    """The share of host `index` (from 0) of `count` hosts.

    AWS documents the proportion, not which host gets which object.
    """
    return list(items[index::count])


def relative_name(key: str, prefix: str) -> str:
    """An object's path within its channel.

    It is what follows the last slash of the prefix. Raises ClientError for a path that would lead
    out of the channel, or that no file can have.
    """
    if key == prefix or not (prefix.endswith("/") or key.startswith(f"{prefix}/")):
        prefix = prefix.rpartition("/")[0]
    return _within(key.removeprefix(prefix).lstrip("/"), key)


def _within(name: str, key: str) -> str:
    parts = name.split("/")
    if ".." in parts:
        raise ClientError(f"Data download failed:the key {key} would leave the channel's folder")
    if "." in parts:
        raise ClientError(
            f"Data download failed:the key {key!a} can't be a file's name: it has '.'"
        )
    return name


def _read(s3: Any, location: Location) -> bytes:
    body = s3.get_object(Bucket=location.bucket, Key=location.key)["Body"]
    with body:
        content: bytes = body.read()
    return content
