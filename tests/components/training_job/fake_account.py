"""An AWS account in memory: what preflight asks of it, and how often."""

# ruff: noqa: N803 — the calls' arguments have the service's own names

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from tests.components.training_job.fake_sagemaker import FakeSageMaker, client_error


class FakeAccount:
    """Quotas, images, objects and roles, beside the training jobs of a FakeSageMaker."""

    def __init__(self, sagemaker: FakeSageMaker) -> None:
        self.sagemaker = sagemaker
        self.quotas: dict[str, float] = {}
        self.images: set[tuple[str, str]] = set()
        self.objects: set[str] = set()
        self.roles: set[str] = set()
        self.denied: set[str] = set()
        """The operations that the credentials may not call."""
        self.calls: Counter[str] = Counter()

    def client(self, service: str, _region: str) -> Any:
        """The client of a service, as AwsClients has it."""
        return self.sagemaker if service == "sagemaker" else self

    def account(self, _region: str) -> str:
        return "123456789012"

    def get_paginator(self, operation: str) -> SimpleNamespace:
        assert operation == "list_service_quotas"
        return SimpleNamespace(paginate=self._list_quotas)

    def batch_get_image(
        self, registryId: str, repositoryName: str, imageIds: list[dict[str, str]]
    ) -> dict[str, Any]:
        self._call("BatchGetImage")
        assert registryId == "123456789012"
        if not any(repository == repositoryName for repository, _ in self.images):
            raise client_error("RepositoryNotFoundException", "no such repository")
        held = (repositoryName, next(iter(imageIds[0].values()))) in self.images
        return {"images": [{"imageId": imageIds[0]}]} if held else {"images": [], "failures": []}

    def list_objects_v2(self, Bucket: str, Prefix: str, MaxKeys: int) -> dict[str, Any]:
        self._call("ListObjectsV2")
        if not any(uri.startswith(f"s3://{Bucket}/") for uri in self.objects):
            raise client_error("NoSuchBucket", "no such bucket")
        found = sorted(uri for uri in self.objects if uri.startswith(f"s3://{Bucket}/{Prefix}"))
        return {"Contents": [{"Key": uri} for uri in found[:MaxKeys]]} if found else {}

    def get_role(self, RoleName: str) -> None:
        self._call("GetRole")
        if RoleName not in self.roles:
            raise client_error("NoSuchEntity", "no such role")

    def _list_quotas(self, ServiceCode: str, **_: Any) -> Iterator[dict[str, Any]]:
        assert ServiceCode == "sagemaker"
        self._call("ListServiceQuotas")
        yield {
            "Quotas": [
                {"QuotaName": name, "QuotaCode": f"L-{number:08}", "Value": value}
                for number, (name, value) in enumerate(self.quotas.items())
            ]
        }

    def _call(self, operation: str) -> None:
        self.calls[operation] += 1
        if operation in self.denied:
            raise client_error("AccessDeniedException", f"not authorized to {operation}", operation)
