"""Whether what a job needs exists: its image, its inputs, its role. boto3, no Pulumi.

Each function returns False only where AWS says that there is no such thing; any other refusal, such
as of a permission, is raised.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

_PRIVATE_IMAGE = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr(-fips)?\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?/"
    r"(?P<repository>[^:@]+)(:(?P<tag>[^@]+))?(@(?P<digest>sha256:[0-9a-f]{64}))?"
)
_NO_REPOSITORY = frozenset({"RepositoryNotFoundException"})
_NO_OBJECTS = frozenset({"NoSuchBucket"})
_NO_ROLE = frozenset({"NoSuchEntity"})


@dataclass(frozen=True)
class PrivateImage:
    """An image in a private ECR registry, by tag or digest; `latest` where it names neither."""

    account_id: str
    region: str
    repository: str
    identifier: dict[str, str]
    """As ECR's ImageIdentifier."""


def private_image(uri: str) -> PrivateImage | None:
    """The parts of an image's URI; None where its registry is not a private one of ECR."""
    match = _PRIVATE_IMAGE.fullmatch(uri)
    if match is None:
        return None
    identifier = (
        {"imageDigest": match["digest"]}
        if match["digest"]
        else {"imageTag": match["tag"] or "latest"}
    )
    return PrivateImage(match["account"], match["region"], match["repository"], identifier)


def image_exists(ecr: Any, image: PrivateImage) -> bool:
    """Whether the image is in its repository, asked with the permission that a pull takes."""
    try:
        answer = ecr.batch_get_image(
            registryId=image.account_id,
            repositoryName=image.repository,
            imageIds=[image.identifier],
        )
    except ClientError as error:
        return _absent(error, _NO_REPOSITORY)
    return bool(answer.get("images"))


def has_objects(s3: Any, uri: str) -> bool:
    """Whether any object's key begins with what an S3 URI names."""
    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    try:
        listed = s3.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1)
    except ClientError as error:
        return _absent(error, _NO_OBJECTS)
    return bool(listed.get("Contents"))


def role_exists(iam: Any, arn: str) -> bool:
    """Whether an IAM role exists."""
    try:
        iam.get_role(RoleName=arn.rpartition("/")[2])
    except ClientError as error:
        return _absent(error, _NO_ROLE)
    return True


def _absent(error: Any, codes: frozenset[str]) -> bool:
    """False for an error that says that there is no such thing; raises any other."""
    if error.response["Error"]["Code"] in codes:
        return False
    raise error
