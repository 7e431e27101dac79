"""The data of a channel's pipe: all of them, once in each epoch."""

from __future__ import annotations

import gzip
import random
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError as ServiceClientError

from localcloud.sagemaker.data.channels import Share, sharded
from localcloud.sagemaker.data.sources import Line, Object, attributes, lines, objects, shard
from localcloud.sagemaker.jobs.failure_reasons import ClientError, refused

Document = dict[str, Any]

_PIECE_BYTES = 1 << 18
# The first word of a record in MXNet's RecordIO format; the contents are padded to words.
_RECORD_MAGIC, _WORD = 0xCED7230A, 4


class Stream:
    """The data of one channel for one host."""

    def __init__(self, s3: Any, channel: Document, share: Share) -> None:
        self._s3 = s3
        self._channel = channel
        self._source: Document = channel["DataSource"]["S3DataSource"]
        self._share = share

    def epoch(self, number: int) -> Iterator[bytes]:
        """The bytes of an epoch, in pieces; the first epoch is 0.

        Raises ClientError for data that are missing, not allowed or invalid, and RuntimeError for
        any other error. Both name the channel, and the object or line.
        """
        with self._named(self._source["S3Uri"]):
            items = self._items(number)
        for item in items:
            with self._named(_place(item)):
                yield from self._contents(item)

    @contextmanager
    def _named(self, place: str) -> Iterator[None]:
        where = f"(channel {self._channel['ChannelName']}, {place})"
        try:
            yield
        except ServiceClientError as error:
            raise refused("Data download failed:", error, where) from error
        except ClientError as error:
            raise ClientError(f"{error} {where}") from error
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            message = f"Data download failed:Not a complete gzip: {error} {where}"
            raise ClientError(message) from error
        except Exception as error:
            raise RuntimeError(f"Data could not be read {where}") from error

    def _items(self, epoch: int) -> list[Any]:
        """The host's objects or lines in an epoch: shuffled, if asked for, then divided."""
        augmented = self._source["S3DataType"] == "AugmentedManifestFile"
        found: list[Any] = (lines if augmented else objects)(self._s3, self._source)
        if shuffle := self._channel.get("ShuffleConfig"):
            random.Random(f"{shuffle['Seed']} {epoch}").shuffle(found)  # noqa: S311 - no secret
        return shard(found, *self._share) if sharded(self._source) else found

    def _contents(self, item: Object | Line) -> Iterator[bytes]:
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


def _place(item: Object | Line) -> str:
    if isinstance(item, Line):
        return item.place
    return f"s3://{item.location.bucket}/{item.location.key}"


def record(content: bytes) -> bytes:
    """One record of the RecordIO format."""
    padding = b"\0" * (-len(content) % _WORD)
    return struct.pack("<II", _RECORD_MAGIC, len(content)) + content + padding
