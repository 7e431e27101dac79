"""What a job's role must be allowed before the script runs."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.authorization.demands import Demand
from localcloud.sagemaker.runtime import provisioning


@pytest.mark.parametrize(
    "host",
    [
        "123456789012.dkr.ecr.us-east-1.amazonaws.com",
        "123456789012.dkr.ecr-fips.us-east-1.amazonaws.com",
        "123456789012.dkr-ecr.us-east-1.on.aws",
        "123456789012.dkr-ecr-fips.us-east-1.on.aws",
    ],
)
def test_an_image_is_pulled_as_the_role_from_every_host_of_ecr(
    monkeypatch: pytest.MonkeyPatch, host: str
):
    asked: list[Demand] = []
    monkeypatch.setattr(provisioning, "require", lambda _session, demand: asked.append(demand))
    session: Any = None

    provisioning.pull_image(
        {"AlgorithmSpecification": {"TrainingImage": f"{host}/team/digits:1"}}, session
    )

    repository = "arn:aws:ecr:us-east-1:123456789012:repository/team/digits"
    assert [each.action for each in asked if each.resource == repository] == [
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:GetDownloadUrlForLayer",
    ]
