"""Made-up jobs that ended long ago."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from localcloud.server import daemon
from tests.localcloud.cloud import Cloud

PATH = "/localcloud/past-jobs"
DAY_SECONDS = 86_400.0


def test_an_account_has_the_past_jobs_that_were_added(start: Callable[[], Cloud]):
    cloud = start()
    past = {"region": "us-east-1", "count": 30, "days": 10, "tags": {"team": "vision"}}
    daemon.ask(cloud.server, "POST", PATH, past)
    daemon.ask(cloud.server, "POST", PATH, past | {"prefix": "old", "status": "MaxRuntimeExceeded"})
    cloud.run(TrainingJobName="past-now")

    daemon.stop(cloud.data)
    again = start()
    pages = again.sagemaker.get_paginator("list_training_jobs")
    found = [
        each for page in pages.paginate(MaxResults=100) for each in page["TrainingJobSummaries"]
    ]
    names = [each["TrainingJobName"] for each in found]

    assert names[0] == "past-now"
    assert len(names) == 61
    assert set(names[1:3]) == {"past-000030", "old-000030"}
    age = found[0]["CreationTime"] - found[-1]["CreationTime"]
    assert age.total_seconds() == pytest.approx(10 * DAY_SECONDS, rel=0.05)
    job = again.describe("old-000001")
    assert (job["TrainingJobStatus"], job["TrainingTimeInSeconds"]) == ("Stopped", 599)


IMPOSSIBLE: list[tuple[dict[str, Any], str]] = [
    ({}, "This is not a number of past jobs: count: Field required"),
    ({"count": 0}, "count: Input should be greater than or equal to 1"),
    ({"count": True}, "count: Input should be a valid integer"),
    ({"count": 1, "status": "Training"}, "The status must be one of Completed, Failed"),
    ({"count": 1, "days": 0}, "days: Input should be greater than or equal to 0.01"),
    ({"count": 1, "days": 1e300}, "days: Input should be less than or equal to 36500"),
    ({"count": 1, "prefix": "a job"}, "Value 'a job-000001' at 'trainingJobName'"),
    ({"count": 1, "prefix": 5}, "prefix: Input should be a valid string"),
    ({"count": 1, "tags": 5}, "tags: Input should be an object"),
    ({"count": 1, "tags": {"a": "#"}}, "Value '#' at 'tags.1.member.value'"),
    ({"count": 1, "region": "nowhere"}, "region: String should match pattern"),
    ({"count": 1, "colour": "red"}, "colour: Unexpected member"),
]


@pytest.mark.parametrize(("changes", "message"), IMPOSSIBLE)
def test_past_jobs_that_cannot_be_are_refused(cloud: Cloud, changes: dict[str, Any], message: str):
    with pytest.raises(daemon.RequestError) as caught:
        daemon.ask(cloud.server, "POST", PATH, {"region": "us-east-1", **changes})

    assert message in str(caught.value)


def test_a_past_job_has_a_name_that_is_free(cloud: Cloud):
    cloud.create(TrainingJobName="taken-000002")

    with pytest.raises(daemon.RequestError, match="must be unique"):
        daemon.ask(
            cloud.server, "POST", PATH, {"region": "us-east-1", "count": 3, "prefix": "taken"}
        )

    listed = cloud.sagemaker.list_training_jobs(NameContains="taken", MaxResults=100)
    assert [each["TrainingJobName"] for each in listed["TrainingJobSummaries"]] == ["taken-000002"]
