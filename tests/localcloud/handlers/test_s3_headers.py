"""Headers of S3 with values that mean nothing are refused in S3's words."""

from __future__ import annotations

import base64
import json
import time
import uuid

import pytest

from tests.localcloud.cloud import BUCKET, Cloud, refusal
from tests.localcloud.signing import ask, code

FORMAT = "400 InvalidArgument"
ENCRYPTION = "x-amz-server-side-encryption"
OWNER = "0" * 64
ALL_USERS = "http://acs.amazonaws.com/groups/global/AllUsers"
LATER = "2099-01-01T00:00:00Z"
BUCKET_WITH_ACLS = "with-acls"

NONSENSE = [
    *[
        (f"x-amz-grant-{permission}", value, FORMAT)
        for permission in ("read", "write", "read-acp", "write-acp", "full-control")
        for value in ("x", "id=", "=", '="', "id=nobody", "uri=http://x", "id=a,b")
    ],
    ("x-amz-grant-read", "emailAddress=a@b", "400 UnresolvableGrantByEmailAddress"),
    ("x-amz-acl", "x", FORMAT),
    ("x-amz-tagging", "=", "400 InvalidTag"),
    ("x-amz-tagging", "a=%3C", "400 InvalidTag"),
    ("x-amz-tagging", f"a={'x' * 257}", "400 InvalidTag"),
    ("x-amz-tagging", "a=1&a=2", FORMAT),
    ("x-amz-tagging", "%zz=1", FORMAT),
    ("x-amz-tagging", "a=%ff", FORMAT),
    ("x-amz-tagging", "&".join(f"a{number}=" for number in range(11)), "400 BadRequest"),
    ("x-amz-storage-class", "x", "400 InvalidStorageClass"),
    ("x-amz-storage-class", "SNOW", "400 InvalidStorageClass"),
    ("x-amz-website-redirect-location", "x", "400 InvalidRedirectLocation"),
    ("x-amz-website-redirect-location", "/" * 2049, "400 InvalidRedirectLocation"),
    ("x-amz-object-lock-mode", "x", FORMAT),
    ("x-amz-object-lock-mode", "GOVERNANCE", FORMAT),
    ("x-amz-object-lock-legal-hold", "x", FORMAT),
    ("x-amz-object-lock-retain-until-date", "x", FORMAT),
    ("x-amz-object-lock-retain-until-date", "2999-13-01T00:00:00Z", FORMAT),
    ("x-amz-object-lock-retain-until-date", "2020-01-01T00:00:00Z", FORMAT),
    ("x-amz-object-lock-retain-until-date", LATER, FORMAT),
    (ENCRYPTION, "x", FORMAT),
    (f"{ENCRYPTION}-bucket-key-enabled", "x", FORMAT),
    (f"{ENCRYPTION}-context", "x", FORMAT),
    (f"{ENCRYPTION}-context", base64.b64encode(b'{"a": 1}').decode(), FORMAT),
    (f"{ENCRYPTION}-customer-algorithm", "x", "400 InvalidEncryptionAlgorithmError"),
]


@pytest.fixture(scope="module")
def with_acls(cloud: Cloud) -> Cloud:
    """A cloud with a bucket whose objects may have ACLs, and are encrypted by any key."""
    cloud.s3.create_bucket(Bucket=BUCKET_WITH_ACLS, ObjectOwnership="ObjectWriter")
    cloud.s3.delete_public_access_block(Bucket=BUCKET_WITH_ACLS)
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    unblocked = {**rule, "BlockedEncryptionTypes": {"EncryptionType": ["NONE"]}}
    cloud.s3.put_bucket_encryption(
        Bucket=BUCKET_WITH_ACLS, ServerSideEncryptionConfiguration={"Rules": [unblocked]}
    )
    return cloud


@pytest.mark.parametrize(("name", "value", "expected"), NONSENSE)
def test_a_header_that_means_nothing_is_refused_and_nothing_is_stored(
    with_acls: Cloud, name: str, value: str, expected: str
):
    key = f"/{BUCKET_WITH_ACLS}/headers-{uuid.uuid4().hex}"

    answers = {
        code(ask(with_acls, "PUT", key, b"content", {name: value})),
        code(ask(with_acls, "POST", f"{key}?uploads", b"", {name: value})),
    }

    assert answers == {expected}
    assert code(ask(with_acls, "GET", key)) == "404 NoSuchKey"


@pytest.mark.parametrize(
    ("path", "more", "name", "value"),
    [
        ("{key}", {"x-amz-copy-source": "{key}"}, "x-amz-metadata-directive", "x"),
        ("{key}", {"x-amz-copy-source": "{key}"}, "x-amz-tagging-directive", "x"),
        ("{key}?acl", {}, "x-amz-grant-read", "x"),
        (f"/{BUCKET_WITH_ACLS}?acl", {}, "x-amz-grant-write", "x"),
        ("/new-headers", {"x-amz-object-ownership": "ObjectWriter"}, "x-amz-grant-read", "x"),
        ("/new-headers", {}, "x-amz-object-ownership", "x"),
        ("/new-headers", {}, "x-amz-bucket-object-lock-enabled", "x"),
    ],
)
def test_other_operations_refuse_it_too(
    with_acls: Cloud, path: str, more: dict[str, str], name: str, value: str
):
    key = f"/{BUCKET_WITH_ACLS}/headers"
    with_acls.s3.put_object(Bucket=BUCKET_WITH_ACLS, Key="headers")
    headers = {each: text.replace("{key}", key) for each, text in more.items()}
    md5 = {"Content-MD5": "1B2M2Y8AsgTpgAmY7PhCfg=="}

    answer = ask(with_acls, "PUT", path.replace("{key}", key), b"", {**md5, **headers, name: value})

    assert code(answer) == FORMAT


def test_a_range_to_copy_must_be_one(cloud: Cloud):
    named = {"Bucket": BUCKET, "Key": f"headers-{uuid.uuid4().hex}"}
    cloud.s3.put_object(**named, Body=b"x" * 10)
    upload = cloud.s3.create_multipart_upload(**named)["UploadId"]
    for given in ("x", "bytes=5-1", "bytes=1-", "1-2"):
        copy = {**named, "UploadId": upload, "PartNumber": 1, "CopySource": named}
        assert refusal(cloud.s3.upload_part_copy, **copy, CopySourceRange=given)[0] == (
            "InvalidArgument"
        )


def test_headers_that_s3_takes_are_taken(with_acls: Cloud):
    bucket = f"locked-{uuid.uuid4().hex}"
    with_acls.s3.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
    md5 = {"Content-MD5": "mgNkuembtIDdJeHwKEyFVQ=="}
    context = base64.b64encode(json.dumps({"a": "b"}).encode()).decode()
    taken = [
        (BUCKET_WITH_ACLS, {"x-amz-grant-read": f'id="{OWNER}", uri="{ALL_USERS}"'}),
        (BUCKET_WITH_ACLS, {"x-amz-acl": "bucket-owner-full-control"}),
        (BUCKET_WITH_ACLS, {"x-amz-tagging": "a=1&b=%C3%A9+x&c", "x-amz-storage-class": "GLACIER"}),
        (BUCKET_WITH_ACLS, {"x-amz-website-redirect-location": "/other"}),
        (BUCKET_WITH_ACLS, {f"{ENCRYPTION}-context": context, ENCRYPTION: "aws:kms"}),
        (bucket, {"x-amz-object-lock-legal-hold": "OFF"}),
        *[
            (bucket, {"x-amz-object-lock-mode": "GOVERNANCE", f"{each}-date": until})
            for each in ("x-amz-object-lock-retain-until",)
            for until in (LATER, "2099-01-01T01:00:00.5+01:00", "2099-01-01")
        ],
    ]
    for place, headers in taken:
        path = f"/{place}/key-{time.monotonic_ns()}"
        assert code(ask(with_acls, "PUT", path, b"content", {**md5, **headers})) == "200", headers
        expected = "403 AccessDenied" if "x-amz-object-lock-mode" in headers else "204"
        versioned = with_acls.s3.head_object(Bucket=place, Key=path.split("/")[2])
        version = versioned.get("VersionId")
        gone = ask(with_acls, "DELETE", f"{path}?versionId={version}" if version else path)
        assert code(gone) == expected, headers


def test_a_canned_acl_and_grants_do_not_go_together(with_acls: Cloud):
    both = {"x-amz-acl": "private", "x-amz-grant-read": f"id={OWNER}"}
    answer = ask(with_acls, "PUT", f"/{BUCKET_WITH_ACLS}/both", b"content", both)
    assert code(answer) == "400 InvalidRequest"
