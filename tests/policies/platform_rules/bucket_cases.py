"""Cases of the rules for buckets."""

from __future__ import annotations

from tests.policies.platform_rules.cases import (
    ACCOUNT,
    HEADER,
    KEY,
    PLAIN,
    ROLE,
    STORE,
    allow,
    case,
    deny,
    text,
)
from training_policies.resource import UNKNOWN

BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
BLOCKED = dict.fromkeys(
    ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"), True
)
ENCRYPTION = (
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
)
ENCRYPTED = {
    "applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": KEY},
    "bucketKeyEnabled": True,
}
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
ABORT = {"status": "Enabled", "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7}}
EXPIRE = {"status": "Enabled", "noncurrentVersionExpiration": {"noncurrentDays": 30}}
BUCKET, BUCKET_POLICY = "aws:s3/bucket:Bucket", "aws:s3/bucketPolicy:BucketPolicy"
TLS = deny("s3:*", STORE, **PLAIN)
KEYS = (
    deny("s3:PutObject", STORE[1:], StringNotEquals={HEADER: "aws:kms"}),
    deny("s3:PutObject", STORE[1:], ArnNotEquals={f"{HEADER}-aws-kms-key-id": KEY}),
    deny("s3:PutObject", STORE[1:], Null={f"{HEADER}-customer-algorithm": "false"}),
)
MINE = {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}

BUCKET_CASES = (
    *(case("s3-public-access-block", BLOCK, each, [True], [False, "true"], missing=True,
           unknown=True, inputs=BLOCKED) for each in BLOCKED),
    case("s3-object-ownership", "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
         "rule.objectOwnership", ["BucketOwnerEnforced"], ["ObjectWriter"], missing=True,
         unknown=True),
    case("s3-access-lists", "aws:s3/bucketAcl:BucketAcl", "acl", ["private"],
         ["public-read", "authenticated-read"], missing=False, unknown=True),
    case("s3-versioning", "aws:s3/bucketVersioning:BucketVersioning",
         "versioningConfiguration.status", ["Enabled"], ["Suspended"], missing=True, unknown=True),
    case("s3-versioning", "aws:s3/bucketVersioningV2:BucketVersioningV2",
         "versioningConfiguration.status", ["Enabled"], ["Suspended"], missing=True, unknown=True),
    case("s3-encryption", ENCRYPTION, "rules",
         [[ENCRYPTED], [ENCRYPTED | {"applyServerSideEncryptionByDefault":
                                     {"sseAlgorithm": "aws:kms:dsse", "kmsMasterKeyId": UNKNOWN}}]],
         [[], [{}], [UNKNOWN], [ENCRYPTED | {"bucketKeyEnabled": False}],
          [ENCRYPTED | {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}],
          [ENCRYPTED | {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms"}}]],
         missing=True),
    case("s3-encryption", ENCRYPTION, "rules",
         [[{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]],
         [[{}], [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms"}}]],
         missing=True, inputs={"bucket": "team-access-logs"}),
    case("s3-lifecycle", LIFECYCLE, "rules",
         [[ABORT, EXPIRE], [{**ABORT, **EXPIRE, "filter": {"prefix": ""}}]],
         [[], [ABORT], [EXPIRE], [ABORT, {**EXPIRE, "filter": {"prefix": "source/"}}],
          [ABORT, {**EXPIRE, "prefix": "source/"}], [EXPIRE, {**ABORT, "status": "Disabled"}],
          [EXPIRE, UNKNOWN]], missing=True),
    case("s3-lifecycle", LIFECYCLE, "rules", [], [[ABORT, EXPIRE]], missing=True, maximumDays=29),
    case("s3-tls-only", BUCKET_POLICY, "policy",
         [text(TLS), text(allow(Principal={"AWS": ROLE}), TLS), text(deny("*", "*", **PLAIN)),
          text(deny("s3:*", STORE[:1], **PLAIN), deny("s3:*", STORE[1:], **PLAIN)),
          text(deny("s3:*", STORE, Bool={"aws:SecureTransport": [False]}))],
         ["", "nonsense", text(allow(Principal={"AWS": ROLE})),
          text(deny("s3:*", STORE[:1], **PLAIN)),
          text(deny("s3:*", STORE[1:], **PLAIN)), text(deny("s3:GetObject", STORE, **PLAIN)),
          text(TLS | {"Principal": {"AWS": ROLE}}), text(TLS | {"Effect": "Allow"}),
          text(deny("s3:*", STORE, **PLAIN, ArnLike={"aws:PrincipalArn": ROLE})),
          text(deny("s3:*", STORE, Bool={"aws:SecureTransport": "true"}))],
         missing=True),
    case("s3-no-public-policy", BUCKET_POLICY, "policy",
         [text(TLS), text(allow(Principal={"AWS": ROLE})),
          text(allow(Principal="*", Condition=MINE))],
         ["", text(allow(Principal="*")), text(allow(Principal={"AWS": ["*"]})),
          text(allow(NotPrincipal={"AWS": ROLE})),
          text(allow(Principal="*", Condition={"StringEqualsIfExists": MINE["StringEquals"]})),
          text(allow(Principal="*", Condition={"StringLike": {"aws:PrincipalArn": "*"}}))],
         missing=True),
    case("s3-other-keys", BUCKET_POLICY, "policy", [text(*KEYS)],
         ["", *(text(*KEYS[:index], *KEYS[index + 1:]) for index in range(3)),
          text(*KEYS[1:], KEYS[0] | {"Action": "s3:GetObject"}),
          text(*KEYS[1:], KEYS[0] | {"Principal": {"AWS": ROLE}}),
          text(*KEYS[1:], KEYS[0] | {"Condition": {"StringEquals": {HEADER: "AES256"}}}),
          text(*KEYS[1:], KEYS[0] | {"Resource": STORE[:1]})], missing=True),
    case("s3-retained-in-production", BUCKET, "forceDestroy", [False], [True], missing=False,
         unknown=True, inputs={"tagsAll": {"environment": "prod"}}),
    case("s3-tls-only", BUCKET, "policy", [text(TLS)], [text(allow(Principal={"AWS": ROLE}))],
         missing=False),
    case("s3-no-public-policy", BUCKET, "policy", [text(TLS)], [text(allow(Principal="*"))],
         missing=False),
)  # fmt: skip
