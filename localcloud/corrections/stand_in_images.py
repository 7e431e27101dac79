"""Images of repositories that do not exist.

Any image can be run here, with the environment that is used in its place, so there is no need to
push one first. So a repository that was not created contains every image that is asked for. One
that was created contains what was pushed to it, as on AWS.
"""

from __future__ import annotations

import hashlib
from typing import Any


def correct() -> None:
    """Makes moto's ECR describe, and return, images of repositories that do not exist."""
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
    """The images that are asked for, if their repository does not exist; none if it does."""
    if repository in backend.repositories:
        return []
    place = registry or backend.account_id
    return [_image(place, repository, each) for each in identifiers or ()]


def _image(registry: str, repository: str, identifier: dict[str, str]) -> Any:
    """An image; if the request has no digest, it is made from the repository and the tag."""
    from moto.ecr.models import Image

    tag = identifier.get("imageTag")
    place = f"{registry}/{repository}:{tag}"
    digest = identifier.get("imageDigest") or f"sha256:{hashlib.sha256(place.encode()).hexdigest()}"
    return Image(registry, tag, "{}", repository, digest=digest)
