"""The digest that an image's tag stands for when a job is launched. boto3, no Pulumi."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from components.training_job.aws.aws_clients import AwsClients
from components.training_job.aws.existence import PrivateImage, private_image
from components.training_job.aws.questions import Questions
from components.training_job.request.definition import Request


class Images:
    """Resolves each tag once for all jobs of one operation, so that they run the same image."""

    def __init__(self, clients: AwsClients) -> None:
        self._clients = clients
        self._questions = Questions()

    def pinned(self, request: Request) -> Request:
        """The request with its image by digest; by its tag where the digest can't be had."""
        algorithm = request["AlgorithmSpecification"]
        uri = algorithm.get("TrainingImage", "")
        image = private_image(uri)
        if image is None or "imageDigest" in image.identifier:
            return request
        digest = self._questions.ask(uri, lambda: self._digest(uri, image)).result()
        if not digest:
            return request
        pinned = f"{uri.partition('/')[0]}/{image.repository}@{digest}"
        return request | {"AlgorithmSpecification": algorithm | {"TrainingImage": pinned}}

    def _digest(self, uri: str, image: PrivateImage) -> str:
        """Asked with the permission that a pull takes, which other accounts' registries give."""
        try:
            client = self._clients.client("ecr", image.region)
            answer = client.batch_get_image(
                registryId=image.account_id,
                repositoryName=image.repository,
                imageIds=[image.identifier],
            )
        except (BotoCoreError, ClientError) as error:
            return _without_digest(uri, str(error))
        found = [each["imageId"]["imageDigest"] for each in answer.get("images", [])]
        return str(found[0]) if found else _without_digest(uri, "the registry has no such image")


def digest_in(description: Mapping[str, Any]) -> str:
    """The digest that a job was launched with, "" where it was launched by a tag."""
    image = description.get("AlgorithmSpecification", {}).get("TrainingImage", "")
    return str(image.partition("@")[2])


def _without_digest(uri: str, reason: str) -> str:
    print(f"the digest of {uri} can't be had, so jobs are launched by its tag: {reason}")
    return ""
