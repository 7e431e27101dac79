"""How many tags a job may have, and how they are changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from components.training_job.provider import TrainingJobProvider
from components.training_job.request.job_tags import IDLE_TAG, REPORTED_TAG, tag_problems
from components.training_job.run.service_record import retag
from components.unknowns import UNKNOWN
from tests.components.fake_aws import FakeAws
from tests.components.training_job.providers import launch

Inputs = Callable[..., dict[str, Any]]
LIMIT = 50


def tagged(count: int, name: str = "tag") -> list[dict[str, str]]:
    return [{"Key": f"{name}-{number}", "Value": ""} for number in range(count)]


@pytest.mark.parametrize(("count", "refused"), [(0, False), (44, False), (45, True), (50, True)])
def test_a_job_leaves_room_for_the_tags_of_its_lifecycle(
    provider: TrainingJobProvider, job_inputs: Inputs, count: int, refused: bool
) -> None:
    inputs = job_inputs()
    inputs["request"]["Tags"] = tagged(count)
    failures = provider.check({}, inputs).failures
    assert [each.property for each in failures] == ["request.Tags"] * refused
    assert all("until 44 are left" in each.reason for each in failures)


@pytest.mark.parametrize(("count", "refused"), [(43, False), (44, True)])
def test_a_recurring_job_leaves_room_for_one_tag_more(
    provider: TrainingJobProvider, job_inputs: Inputs, count: int, refused: bool
) -> None:
    inputs = job_inputs() | {"recurring": "team-dev-job"}
    inputs["request"]["Tags"] = tagged(count)
    failures = provider.check({}, inputs).failures
    assert [each.property for each in failures] == ["request.Tags"] * refused


def test_tags_that_are_not_known_yet_are_passed_over() -> None:
    assert list(tag_problems({"Tags": UNKNOWN})) == []
    assert list(tag_problems({})) == []


def test_a_job_with_the_most_tags_never_has_more_than_the_service_allows(
    provider: TrainingJobProvider,
    aws: FakeAws,
    job_inputs: Inputs,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counts = list[int]()
    call = FakeAws._call

    def counted(self: FakeAws, operation: str, effect: Callable[[], Any]) -> Any:
        answer = call(self, operation, effect)
        counts.extend(len(tags) for tags in self.tags.values())
        return answer

    monkeypatch.setattr(FakeAws, "_call", counted)
    inputs = job_inputs()
    inputs["request"]["Tags"] = tagged(44)
    state = launch(provider, inputs)
    arn, others = state["training_job_arn"], tagged(44, "other")
    retag(aws, arn, state, {"request": {"Tags": others}, "owner": state["owner"]})
    assert {tag["Key"] for tag in others} <= aws.tags[arn].keys()
    for tag in (REPORTED_TAG, IDLE_TAG):
        aws.add_tags(arn, [{"Key": tag, "Value": "2026-01-01"}])
    provider.delete("", state)
    assert max(counts) == len(aws.tags[arn]) == LIMIT
