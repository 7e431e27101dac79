"""What flows through the pipe of a channel: all its data, once an epoch."""

from __future__ import annotations

import gzip
import random
import struct
from collections.abc import Iterator
from typing import Any

from localcloud.sagemaker.runtime.channels import Share, sharded
from localcloud.sagemaker.runtime.sources import Object, attributes, lines, objects, shard

Document = dict[str, Any]

_PIECE_BYTES = 1 << 18
# The first word of a record in MXNet's RecordIO format, whose contents are padded to words.
_RECORD_MAGIC, _WORD = 0xCED7230A, 4


class Stream:
    """The data of one channel for one host."""

    def __init__(self, s3: Any, channel: Document, share: Share) -> None:
        self._s3 = s3
        self._channel = channel
        self._source: Document = channel["DataSource"]["S3DataSource"]
        self._share = share

    def epoch(self, number: int) -> Iterator[bytes]:
        """Yield the bytes of an epoch, from 0, in pieces; raise ClientError for missing data."""
        for item in self._items(number):
            yield from self._contents(item)

    def _items(self, epoch: int) -> list[Any]:
        """Return objects or lines, in the epoch's order: where they are shuffled, then divided."""
        augmented = self._source["S3DataType"] == "AugmentedManifestFile"
        found: list[Any] = (lines if augmented else objects)(self._s3, self._source)
        if shuffle := self._channel.get("ShuffleConfig"):
            random.Random(f"{shuffle['Seed']} {epoch}").shuffle(found)  # noqa: S311 - no secret
        return shard(found, *self._share) if sharded(self._source) else found

    def _contents(self, item: Object | Document) -> Iterator[bytes]:
        if isinstance(item, Object):
            pieces = self._object(item)
            yield from [record(b"".join(pieces))] if self._wrapped() else pieces
            return
        for value in attributes(self._s3, item, self._source.get("AttributeNames", [])):
            yield record(value) if self._wrapped() else value

    def _wrapped(self) -> bool:
        return bool(self._channel.get("RecordWrapperType") == "RecordIO")

    def _object(self, item: Object) -> Iterator[bytes]:
        location = item.location
        body = self._s3.get_object(Bucket=location.bucket, Key=location.key)["Body"]
        with body:
            compressed = self._channel.get("CompressionType") == "Gzip"
            source = gzip.GzipFile(fileobj=body) if compressed else body
            while piece := source.read(_PIECE_BYTES):
                yield piece


def record(content: bytes) -> bytes:
    """Return one record of the RecordIO format."""
    padding = b"\0" * (-len(content) % _WORD)
    return struct.pack("<II", _RECORD_MAGIC, len(content)) + content + padding
