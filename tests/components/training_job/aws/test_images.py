"""The digest of an image: asked for once, and never a reason not to launch."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from components.training_job.aws.images import Images, digest_in

REPOSITORY = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/training"
DIGEST = "sha256:" + "0123456789abcdef" * 4


class Registry:
    """ECR with one image; it keeps the requests."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.answer: dict[str, Any] | Exception = {"images": [{"imageId": {"imageDigest": DIGEST}}]}

    def client(self, service: str, region: str) -> Any:
        def batch_get_image(**request: Any) -> dict[str, Any]:
            self.asked.append((region, request))
            if isinstance(self.answer, Exception):
                raise self.answer
            return self.answer

        assert service == "ecr"
        return SimpleNamespace(batch_get_image=batch_get_image)


@pytest.fixture
def registry() -> Registry:
    return Registry()


def pinned(registry: Registry, *uris: str) -> list[str]:
    images = Images(registry)  # type: ignore[arg-type]
    requests = [{"AlgorithmSpecification": {"TrainingImage": uri}} for uri in uris]
    results = [images.pinned(request) for request in requests]
    return [each["AlgorithmSpecification"]["TrainingImage"] for each in results]


def test_a_tag_becomes_the_digest_that_it_points_to(registry: Registry) -> None:
    assert pinned(registry, f"{REPOSITORY}:1") == [f"{REPOSITORY}@{DIGEST}"]
    asked = {
        "registryId": "123456789012",
        "repositoryName": "team/training",
        "imageIds": [{"imageTag": "1"}],
    }
    assert registry.asked == [("eu-west-1", asked)]


@pytest.mark.parametrize(
    ("host", "region"),
    [
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com", "eu-west-1"),
        ("123456789012.dkr.ecr-fips.us-east-1.amazonaws.com", "us-east-1"),
        ("123456789012.dkr-ecr.eu-west-1.on.aws", "eu-west-1"),
        ("123456789012.dkr-ecr-fips.us-east-1.on.aws", "us-east-1"),
        ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("123456789012.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn", "cn-north-1"),
    ],
)
def test_a_tag_becomes_a_digest_on_every_host_of_ecr(
    registry: Registry, host: str, region: str
) -> None:
    assert pinned(registry, f"{host}/team/training:1") == [f"{host}/team/training@{DIGEST}"]
    assert [each for each, _ in registry.asked] == [region]


def test_an_image_without_a_tag_is_the_latest(registry: Registry) -> None:
    assert pinned(registry, REPOSITORY) == [f"{REPOSITORY}@{DIGEST}"]
    assert registry.asked[0][1]["imageIds"] == [{"imageTag": "latest"}]


def test_the_jobs_of_a_stack_run_the_same_image(registry: Registry) -> None:
    assert len(set(pinned(registry, *[f"{REPOSITORY}:1"] * 3))) == 1
    assert len(registry.asked) == 1


@pytest.mark.parametrize(
    "uri", [f"{REPOSITORY}@{DIGEST}", f"{REPOSITORY}:1@{DIGEST}", "python:3.11"]
)
def test_nothing_is_asked_of_an_image_that_has_a_digest_or_no_registry_of_ecr(
    registry: Registry, uri: str
) -> None:
    assert pinned(registry, uri) == [uri]
    assert registry.asked == []


def test_an_algorithm_has_no_image_to_ask_of(registry: Registry) -> None:
    request = {"AlgorithmSpecification": {"AlgorithmName": "scan"}}
    assert Images(registry).pinned(request) is request  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "answer",
    [
        ClientError({"Error": {"Code": "AccessDeniedException"}}, "BatchGetImage"),
        ClientError({"Error": {"Code": "RepositoryNotFoundException"}}, "BatchGetImage"),
        NoCredentialsError(),
        {"images": [], "failures": [{"failureCode": "ImageNotFound"}]},
    ],
)
def test_a_digest_that_can_not_be_had_is_reported_and_the_tag_is_launched(
    registry: Registry, answer: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    registry.answer = answer
    assert pinned(registry, f"{REPOSITORY}:1", f"{REPOSITORY}:1") == [f"{REPOSITORY}:1"] * 2
    assert capsys.readouterr().out.count("launched by its tag") == 1


def test_a_jobs_record_says_its_digest() -> None:
    record = {"AlgorithmSpecification": {"TrainingImage": f"{REPOSITORY}@{DIGEST}"}}
    assert digest_in(record) == DIGEST
    assert digest_in({"AlgorithmSpecification": {"TrainingImage": f"{REPOSITORY}:1"}}) == ""
    assert digest_in({"AlgorithmSpecification": {"AlgorithmName": "scan"}}) == ""
