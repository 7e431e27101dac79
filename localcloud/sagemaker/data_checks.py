"""What a request's S3 URIs lead to, looked at when a job is created, as the job's role.

Inputs are listed under their prefix, as the service's own message says. How it looks at the bucket
of the output, AWS doesn't say: here it asks for the bucket itself, which takes s3:ListBucket
without a prefix.
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from localcloud.sagemaker.errors import validation_error
from localcloud.sagemaker.locations import Location


def check_data(request: dict[str, Any], s3: Any) -> None:
    """Raise the service's ValidationException for input that is not there, or output elsewhere."""
    for channel in request.get("InputDataConfig", []):
        uri = channel["DataSource"]["S3DataSource"]["S3Uri"]
        if not _has_objects(s3, _location(uri)):
            raise validation_error(
                f'No S3 objects found under S3 URL "{uri}" given in input data source. Please '
                "ensure that the bucket exists in the selected region, that objects exist "
                "under that S3 prefix, and that the role has s3:ListBucket permissions on it."
            )
    output = _location(request["OutputDataConfig"]["S3OutputPath"])
    if not _can_be_asked_for(s3, output.bucket):
        raise validation_error(f"Access denied to OutputDataConfig S3 bucket: {output.bucket}")


def _location(uri: str) -> Location:
    try:
        return Location.parse(uri)
    except ValueError as error:
        raise validation_error(str(error)) from error


def _can_be_asked_for(s3: Any, bucket: str) -> bool:
    try:
        s3.head_bucket(Bucket=bucket)
    except ClientError:
        return False
    return True


def _has_objects(s3: Any, location: Location) -> bool:
    try:
        answer = s3.list_objects_v2(Bucket=location.bucket, Prefix=location.key, MaxKeys=1)
    except ClientError:
        return False
    return bool(answer["KeyCount"])
