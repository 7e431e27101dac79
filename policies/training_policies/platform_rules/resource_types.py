"""The types of pulumi-aws's resources, as rules name them."""

from __future__ import annotations

from collections.abc import Callable


def of_types(*types: str) -> Callable[[str], bool]:
    """Whether a type is one of these."""
    return frozenset(types).__contains__


def s3_types(name: str) -> tuple[str, str]:
    """Both names that releases of the provider have had for one of S3's types, as bucketPolicy."""
    token = name[0].upper() + name[1:]
    return f"aws:s3/{name}:{token}", f"aws:s3/{name}V2:{token}V2"


BUCKETS = frozenset(s3_types("bucket"))
"""The types of buckets."""
