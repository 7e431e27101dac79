"""Buckets and objects: where moto's S3 differs from S3."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import wraps
from typing import Any

from localcloud.moto_data.resources import blocked_encryption
from localcloud.protocol.forms import CONTENT_TYPE

_ENCRYPTION = {
    "Rule": {
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"},
        "BucketKeyEnabled": "false",
        "BlockedEncryptionTypes": {"EncryptionType": ["SSE-C"]},
    }
}
"""How a new bucket encrypts, and what it blocks, as moto keeps it."""


def correct() -> None:
    """Corrects new buckets, their lists and policies, delete markers, encryption and bodies."""
    from moto.s3.models import FakeBucket, FakeDeleteMarker, S3Backend
    from moto.s3.responses import S3Response
    from moto.s3.utils import _VersionedKeyStore

    _VersionedKeyStore.items = _VersionedKeyStore.iteritems = _items
    _VersionedKeyStore.values = _VersionedKeyStore.itervalues = _values
    _VersionedKeyStore.lists = _VersionedKeyStore.iterlists = _lists
    FakeBucket.get_permission = _permit
    FakeBucket.__init__ = _with_defaults(FakeBucket.__init__)
    S3Backend.delete_bucket_encryption = _encrypt_by_default
    FakeDeleteMarker.dispose = _dispose_of_nothing
    S3Backend.list_objects_v2 = _knowing_tokens(S3Backend.list_objects_v2)
    S3Response.setup_class = _with_whole_body(S3Response.setup_class)
    S3Response.get_bucket_encryption = _with_blocked_types(S3Response.get_bucket_encryption)


def _lists(keys: Any) -> Iterator[tuple[str, list[Any]]]:
    """The keys of a bucket as they are now, each with its versions.

    moto looks for each one again, and fails at one that was deleted meanwhile.
    """
    for name, versions in keys._self_iterable().items():
        yield name, list(versions)


def _items(keys: Any) -> Iterator[tuple[str, Any]]:
    """The keys of a bucket as they are now, each with its newest version."""
    return ((name, versions[-1]) for name, versions in _lists(keys) if versions)


def _values(keys: Any) -> Iterator[Any]:
    """The newest version of each key of a bucket as they are now."""
    return (newest for _, newest in _items(keys))


def _permit(_bucket: Any, _action: str, _resource: str) -> Any:
    """Ignores bucket policies, because permissions are checked before moto is called.

    moto evaluates them without their conditions: for example, a Deny for requests without TLS
    would refuse every request.
    """
    from moto.iam.access_control import PermissionResult

    return PermissionResult.PERMITTED


def _with_defaults(begin: Callable[..., None]) -> Callable[..., None]:
    """A constructor of buckets that have no ACLs and block public access, as S3's new ones."""

    @wraps(begin)
    def make(bucket: Any, *arguments: Any, **named: Any) -> None:
        from moto.s3.models import PublicAccessBlock

        begin(bucket, *arguments, **named)
        bucket.public_access_block = PublicAccessBlock(*["true"] * 4)
        bucket.ownership_rule = "BucketOwnerEnforced"
        bucket.encryption = deepcopy(_ENCRYPTION)

    return make


def _encrypt_by_default(backend: Any, bucket: str) -> None:
    """Ends a bucket's own encryption: S3's default is in its place."""
    backend.get_bucket(bucket).encryption = deepcopy(_ENCRYPTION)


def _dispose_of_nothing(_marker: Any) -> None:
    """Lets moto remove a key whose versions include a delete marker.

    moto disposes of each version's content, and fails on a marker, which has none: a bucket
    whose versioning was suspended, as on its way to deletion, could not be emptied.
    """


def _knowing_tokens(listing: Callable[..., Any]) -> Callable[..., Any]:
    """A listing that refuses page tokens that it did not give."""

    @wraps(listing)
    def list_objects(backend: Any, *arguments: Any, **named: Any) -> Any:
        from moto.s3.exceptions import InvalidContinuationToken

        token = named.get("continuation_token")
        if token and token not in backend._pagination_tokens:
            raise InvalidContinuationToken
        return listing(backend, *arguments, **named)

    return list_objects


def _with_blocked_types(get: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """An answer that has the blocked types of encryption, which moto's own leaves out."""

    @wraps(get)
    def get_bucket_encryption(response: Any) -> Any:
        from moto.core.responses import ActionResult

        bucket = response.backend.get_bucket(response.bucket_name)
        blocked = blocked_encryption(bucket)
        if not blocked:
            return get(response)
        rule = {
            **bucket.encryption["Rule"],
            "BucketKeyEnabled": bucket.encryption["Rule"].get("BucketKeyEnabled") == "true",
            "BlockedEncryptionTypes": {"EncryptionType": blocked},
        }
        response.data["Action"] = "GetBucketEncryption"
        configuration = {"ServerSideEncryptionConfiguration": {"Rules": [rule]}}
        return response.serialized(ActionResult(configuration))

    return get_bucket_encryption


def _with_whole_body(setup: Callable[..., None]) -> Callable[..., None]:
    """A setup that reads a body as a form only if a browser uploads with one.

    moto takes the content type of a new object for that of the request, and loses the content.
    """

    @wraps(setup)
    def setup_class(response: Any, request: Any, *arguments: Any, **named: Any) -> None:
        from werkzeug.datastructures import ImmutableMultiDict

        if request.method != "POST" or request.mimetype != CONTENT_TYPE:
            request.get_data(cache=True, parse_form_data=False)
            request.form = request.files = ImmutableMultiDict()
        setup(response, request, *arguments, **named)

    return setup_class
