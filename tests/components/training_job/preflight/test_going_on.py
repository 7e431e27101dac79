"""What a preview says of a lineage that goes on on other instances."""

from __future__ import annotations

from typing import Any

import pytest

from components.training_job.preflight.going_on import going_on_notice
from tests.components.fake_aws import client_error

URI = "s3://artifacts/checkpoints/research-dev-digits/"
SAVED = [
    "checkpoints/a/step-000000200.rank-0.sha256-0",
    "checkpoints/a/step-000000812.rank-0.sha25",
]


def request(count: int = 3, spot: bool = True, uri: str = URI) -> dict[str, Any]:
    return {
        "ResourceConfig": {"InstanceType": "ml.c5.xlarge", "InstanceCount": count},
        "EnableManagedSpotTraining": spot,
        "CheckpointConfig": {"S3Uri": uri},
    }


STATE: dict[str, Any] = {
    "training_job_name": "research-dev-digits-00000001-1",
    "checkpoint_uri": URI,
    "status": "Stopped",
    "instance_type": "ml.c5.xlarge",
    "instance_count": 2,
    "request": request(2),
    "fallbacks": [{"EnableManagedSpotTraining": False}],
    "tries": 1,
}


@pytest.mark.parametrize(
    ("changes", "keys", "expected"),
    [
        ({}, SAVED, "goes on from step 812 on 3 × ml.c5.xlarge, on spot capacity"),
        (
            {"status": "InProgress"},
            SAVED,
            "step 812, or, if it still runs, what it saves until it is stopped,",
        ),
        (
            {},
            ["checkpoints/a/epoch=3.pt"],
            "goes on from its newest checkpoint on 3 × ml.c5.xlarge",
        ),
        ({}, [], f"has no checkpoint in {URI} yet, so it begins again on 3 × ml.c5.xlarge"),
    ],
)
def test_other_instances_are_named_with_the_step_that_they_go_on_from(
    changes: dict[str, Any], keys: list[str], expected: str
) -> None:
    notice = going_on_notice(STATE | changes, request(), lambda _uri: keys)
    assert notice.startswith("research-dev-digits-00000001-1: ")
    assert expected in notice


def test_another_way_to_buy_the_same_instances_is_named_too() -> None:
    notice = going_on_notice(STATE, request(2, spot=False), lambda _uri: SAVED)
    assert notice.endswith("goes on from step 812 on 2 × ml.c5.xlarge, on demand")


@pytest.mark.parametrize(
    ("changes", "successor"),
    [
        ({}, request(2)),
        ({"tries": 2}, request(2, spot=False)),
        ({"checkpoint_uri": ""}, request()),
        ({}, request(uri="s3://artifacts/checkpoints/research-dev-digits-b/")),
    ],
    ids=["the same", "the same fallback", "no checkpoints", "another lineage"],
)
def test_nothing_is_said_and_asked_where_a_job_does_not_go_on_on_others(
    changes: dict[str, Any], successor: dict[str, Any]
) -> None:
    def asked(_uri: str) -> list[str]:
        raise AssertionError

    assert going_on_notice(STATE | changes, successor, asked) == ""


def test_a_bucket_that_may_not_be_listed_is_no_failure() -> None:
    def denied(_uri: str) -> list[str]:
        raise client_error("AccessDenied", "not authorized", "ListObjectsV2")

    notice = going_on_notice(STATE, request(), denied)
    assert "goes on from its newest checkpoint on 3 × ml.c5.xlarge" in notice
    assert "not authorized" in notice
