"""The container registry: what is in a repository that nobody made.

Any image can be run here, by the environment that stands in for it, and nobody wants to push one
first. So a repository that nobody made holds every image that it is asked for. One that was made
holds what was pushed to it, as in AWS.
"""

from __future__ import annotations

import hashlib
from typing import Any


def stand_in_for_missing_repositories() -> None:
    """Have moto's ECR describe images of repositories that don't exist."""
    from moto.ecr.models import ECRBackend

    describe = ECRBackend.describe_images

    def describe_images(
        backend: Any,
        repository_name: str,
        registry_id: str | None = None,
        image_ids: list[dict[str, str]] | None = None,
    ) -> Any:
        if repository_name in backend.repositories or not image_ids:
            return describe(backend, repository_name, registry_id, image_ids)
        registry = registry_id or backend.account_id
        return [_image(registry, repository_name, each) for each in image_ids]

    ECRBackend.describe_images = describe_images


def _image(registry: str, repository: str, identifier: dict[str, str]) -> Any:
    """An image whose digest, where none is asked for, says where it is."""
    from moto.ecr.models import Image

    tag = identifier.get("imageTag")
    place = f"{registry}/{repository}:{tag}"
    digest = identifier.get("imageDigest") or f"sha256:{hashlib.sha256(place.encode()).hexdigest()}"
    return Image(registry, tag, "{}", repository, digest=digest)
