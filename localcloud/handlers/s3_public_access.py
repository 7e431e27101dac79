"""Refuses ACLs where a bucket has none, and public access where a bucket blocks it.

New buckets have no ACLs and block public access, as on AWS since April 2023.
"""

from __future__ import annotations

from typing import Any

from localcloud.moto_data import resources
from localcloud.permissions.patterns import PolicyError
from localcloud.permissions.policy_documents import parse
from localcloud.permissions.public_policies import is_public
from localcloud.protocol.errors import ServiceError
from localcloud.protocol.requests import Answer, Request, Response
from localcloud.protocol.s3_requests import S3Request

_ACL, _GRANT = "x-amz-acl", "x-amz-grant-"
_OWNERS = "bucket-owner-full-control"
_PUBLIC = ("public-read", "public-read-write", "authenticated-read")
_GROUPS = ("global/AllUsers", "global/AuthenticatedUsers")
_WITHOUT_ACLS = "BucketOwnerEnforced"
_WRITES = {"PUT", "POST"}


def check_s3_public_access(request: Request, rest: Answer) -> Response:
    """Raises the ServiceError of S3 for an ACL or a policy that the bucket does not take."""
    if request.method in _WRITES and request.signer.service == "s3":
        asked = S3Request.of(request)
        holder = resources.bucket(asked.bucket)
        if asked.creates_bucket:
            _check_new_bucket(asked)
        elif holder is not None:
            _check_acl(asked, holder, request.body if "acl" in asked.subresources else b"")
            if "policy" in asked.subresources and not asked.key:
                _check_policy(asked, holder, request.body)
    return rest(request)


def _check_new_bucket(request: S3Request) -> None:
    if request.headers.get(_ACL, "private") == "private" and not _grants(request):
        return
    ownership = request.headers.get("x-amz-object-ownership", _WITHOUT_ACLS)
    if ownership == _WITHOUT_ACLS:
        raise ServiceError(
            "InvalidBucketAclWithObjectOwnership",
            "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
        )
    if _is_public_acl(request, b""):
        message = "Bucket cannot have public ACLs set with BlockPublicAccess enabled"
        raise ServiceError("InvalidBucketAclWithBlockPublicAccessError", message)


def _check_acl(request: S3Request, holder: Any, body: bytes) -> None:
    canned = request.headers.get(_ACL, "")
    sets = "acl" in request.subresources
    if not (sets or canned or _grants(request)):
        return
    if holder.ownership_rule == _WITHOUT_ACLS:
        if not request.key or canned != _OWNERS or _grants(request):
            message = "The bucket does not allow ACLs"
            raise ServiceError("AccessControlListNotSupported", message)
    elif _is_public_acl(request, body) and resources.blocks_public(holder, "acls"):
        raise ServiceError("AccessDenied", "Access Denied", 403)


def _check_policy(request: S3Request, holder: Any, body: bytes) -> None:
    if not resources.blocks_public(holder, "policy"):
        return
    try:
        public = is_public(parse(body.decode()))
    except (PolicyError, UnicodeDecodeError):
        return  # it allows nothing
    if public:
        raise ServiceError(
            "AccessDenied",
            "The request is not authorized to perform: s3:PutBucketPolicy on resource: "
            f'"arn:aws:s3:::{request.bucket}" because public policies are blocked by the '
            "BlockPublicPolicy block public access setting.",
            403,
        )


def _grants(request: S3Request) -> list[str]:
    return [value for name, value in request.headers.items() if name.startswith(_GRANT)]


def _is_public_acl(request: S3Request, body: bytes) -> bool:
    """Whether an ACL gives everyone access, or everyone with an account on AWS."""
    texts = [*_grants(request), body.decode(errors="replace")]
    return request.headers.get(_ACL) in _PUBLIC or any(
        group in text for group in _GROUPS for text in texts
    )
