"""Whether what a job needs exists: its inputs, its role. boto3, no Pulumi.

Each function returns False only where AWS says that there is no such thing; any other refusal, such
as of a permission, is raised.
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from components.arns import s3_location
from components.training_job.aws.errors import code_of

_NO_OBJECTS = frozenset({"NoSuchBucket"})
_NO_ROLE = frozenset({"NoSuchEntity"})


def has_objects(s3: Any, uri: str) -> bool:
    """Whether any object's key begins with what an S3 URI names."""
    bucket, prefix = s3_location(uri)
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
    if code_of(error) in codes:
        return False
    raise error
