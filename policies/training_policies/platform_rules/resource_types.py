"""The types of pulumi-aws's resources, as rules name them."""

from __future__ import annotations

from collections.abc import Callable

BUCKETS = frozenset({"aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2"})
"""The types of buckets: releases of the provider have had two names for many of S3's types."""


def of_types(*types: str) -> Callable[[str], bool]:
    """Whether a type is one of these."""
    return frozenset(types).__contains__


def s3_types(name: str) -> tuple[str, str]:
    """An S3 type in both spellings that the provider has had, as bucketPolicy."""
    token = name[0].upper() + name[1:]
    return f"aws:s3/{name}:{token}", f"aws:s3/{name}V2:{token}V2"
