"""Images of repositories that were not made.

Any image can be run here, by the environment that stands in for it, and pushing one first would
be of no use. So a repository that was not made holds every image that it is asked for. One that
was made holds what was pushed to it, as in AWS.
"""

from __future__ import annotations

import hashlib
from typing import Any


def correct() -> None:
    """Has moto's ECR describe, and get, images of repositories that don't exist."""
    from moto.ecr.models import ECRBackend

    describe, get = ECRBackend.describe_images, ECRBackend.batch_get_image

    def describe_images(backend: Any, *asked: Any) -> Any:
        return _missing(backend, *asked) or describe(backend, *asked)

    def batch_get_image(backend: Any, *asked: Any) -> Any:
        missing = _missing(backend, *asked)
        return {"images": missing, "failures": []} if missing else get(backend, *asked)

    ECRBackend.describe_images, ECRBackend.batch_get_image = describe_images, batch_get_image


def _missing(
    backend: Any,
    repository: str,
    registry: str | None = None,
    identifiers: list[dict[str, str]] | None = None,
) -> list[Any]:
    """The images that are asked for of a repository that doesn't exist; none of one that does."""
    if repository in backend.repositories:
        return []
    place = registry or backend.account_id
    return [_image(place, repository, each) for each in identifiers or ()]


def _image(registry: str, repository: str, identifier: dict[str, str]) -> Any:
    """An image whose digest, where none is asked for, says where it is."""
    from moto.ecr.models import Image

    tag = identifier.get("imageTag")
    place = f"{registry}/{repository}:{tag}"
    digest = identifier.get("imageDigest") or f"sha256:{hashlib.sha256(place.encode()).hexdigest()}"
    return Image(registry, tag, "{}", repository, digest=digest)
