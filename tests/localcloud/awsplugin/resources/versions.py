"""Many versions of objects, put into a bucket without requests, which is fast."""

from __future__ import annotations

from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends


def fill(bucket: str, keys: int, versions: int) -> None:
    """Puts versions of keys into a bucket, and a delete marker on each."""
    backend = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
    backend.put_bucket_versioning(bucket, "Enabled")
    for key in range(keys):
        for _ in range(versions):
            backend.put_object(bucket, f"key-{key:04}", b"")
        backend.delete_object(bucket, f"key-{key:04}")
