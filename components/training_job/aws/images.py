"""Images in ECR: whether one exists, and which digest a tag means. boto3, no Pulumi."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from components.arns import ecr_image
from components.training_job.aws.aws_clients import AwsClients
from components.training_job.aws.errors import code_of
from components.training_job.aws.remembered_answers import RememberedAnswers


@dataclass(frozen=True)
class PrivateImage:
    """An image in a private ECR registry."""

    account_id: str
    region: str
    repository: str
    tag: str
    """`latest` where its URI names neither tag nor digest."""
    digest: str
    """Its digest, "" where its URI names none."""

    @property
    def identifier(self) -> dict[str, str]:
        """The image as ECR's ImageIdentifier: by its digest, if it has one."""
        return {"imageDigest": self.digest} if self.digest else {"imageTag": self.tag}


def private_image(uri: str) -> PrivateImage | None:
    """The parts of an image's URI; None where its registry is not a private one of ECR."""
    match = ecr_image(uri)
    if match is None:
        return None
    return PrivateImage(
        account_id=match["account"],
        region=match["region"],
        repository=match["repository"],
        tag=match["tag"] or "latest",
        digest=match["digest"] or "",
    )


def image_exists(ecr: Any, image: PrivateImage) -> bool:
    """Whether the image is in its repository."""
    try:
        return bool(_found(ecr, image))
    except ClientError as error:
        if code_of(error) != "RepositoryNotFoundException":
            raise
        return False


class Images:
    """Resolves each tag once for all jobs of one operation, so that they run the same image."""

    def __init__(self, clients: AwsClients) -> None:
        self._clients = clients
        self._remembered = RememberedAnswers()

    def pinned(self, request: dict[str, Any]) -> dict[str, Any]:
        """The request with its image by digest; by its tag where the digest can't be had."""
        algorithm = request["AlgorithmSpecification"]
        uri = algorithm.get("TrainingImage", "")
        image = private_image(uri)
        if image is None or image.digest:
            return request
        digest = self._remembered.ask(uri, lambda: self._digest(uri, image)).result()
        if not digest:
            return request
        pinned = f"{uri.partition('/')[0]}/{image.repository}@{digest}"
        return request | {"AlgorithmSpecification": algorithm | {"TrainingImage": pinned}}

    def _digest(self, uri: str, image: PrivateImage) -> str:
        """The digest of an image, "" and a message where it can't be had."""
        try:
            found = _found(self._clients.client("ecr", image.region), image)
        except (BotoCoreError, ClientError) as error:
            return _without_digest(uri, str(error))
        if not found:
            return _without_digest(uri, "the registry has no such image")
        return str(found[0]["imageId"]["imageDigest"])


def _found(ecr: Any, image: PrivateImage) -> list[dict[str, Any]]:
    """ECR's answer of an image, with the permission that a pull takes.

    Other accounts' registries give that permission, too.
    """
    answer = ecr.batch_get_image(
        registryId=image.account_id, repositoryName=image.repository, imageIds=[image.identifier]
    )
    return list(answer.get("images", []))


def digest_in(description: Mapping[str, Any]) -> str:
    """The digest that a job was launched with, "" where it was launched by a tag."""
    image = description.get("AlgorithmSpecification", {}).get("TrainingImage", "")
    return str(image.partition("@")[2])


def _without_digest(uri: str, reason: str) -> str:
    print(f"the digest of {uri} can't be had, so jobs are launched by its tag: {reason}")
    return ""
