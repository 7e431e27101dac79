"""What the service keeps of a job: its description and its tags. boto3, no Pulumi."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from components.artifact_layout import object_uri
from components.training_job.aws.errors import is_gone
from components.training_job.aws.sagemaker_jobs import TRAINING_JOB
from components.training_job.request.definition import Request
from components.training_job.request.job_tags import OWNER_TAG


def describe(client: Any, name: str) -> dict[str, Any] | None:
    """DescribeTrainingJob's answer; None where the record no longer exists."""
    return TRAINING_JOB.describe(client, name)


def tags_of(client: Any, arn: str) -> dict[str, str]:
    """All tags of a job; none of one whose record is gone."""
    pages = client.get_paginator("list_tags").paginate(ResourceArn=arn)
    try:
        return {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}
    except client.exceptions.ClientError as error:
        if is_gone(error):
            return {}
        raise


def owns(owner: str, tags: Mapping[str, str], job: Mapping[str, Any]) -> bool:
    """Whether a job is an owner's, by its tags, and by what it writes to.

    An earlier release wrote the ARN of the execution role into the tag. The role may have another
    ARN since, so such a job is known by the bucket of its output.
    """
    tagged = tags.get(OWNER_TAG, "")
    output: str = job["OutputDataConfig"]["S3OutputPath"]
    return tagged == owner or (
        tagged.startswith("arn:") and output.startswith(object_uri(owner, ""))
    )


def retag(client: Any, arn: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Gives a job the tags of its new inputs, in place; never more at once than it may have."""
    before, after = (
        request_tags(each["request"]) | {OWNER_TAG: each["owner"]} for each in (old, new)
    )
    if removed := sorted(before.keys() - after.keys()):
        client.delete_tags(ResourceArn=arn, TagKeys=removed)
    if changed := [{"Key": k, "Value": v} for k, v in after.items() if before.get(k) != v]:
        client.add_tags(ResourceArn=arn, Tags=changed)


def request_tags(request: Request) -> dict[str, str]:
    """The tags in a request, by their keys."""
    return {tag["Key"]: tag["Value"] for tag in request.get("Tags", [])}
