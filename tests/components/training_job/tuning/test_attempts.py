"""How the tuning jobs of a lineage are named and found, however many jobs the account has had."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.site import Site
from components.training_job.aws.errors import TrainingJobError
from components.training_job.aws.found_jobs import LISTED_AGE
from components.training_job.request.job_tags import LINEAGE_TAG
from components.training_job.request.service_model import tuning_shape, value_problems
from components.training_job.tuning.attempts import (
    attempt_number,
    earlier_names,
    lineage_attempts,
    live_attempts,
    tuning_name,
)
from components.training_job.tuning.tuning_provider import TuningJobProvider
from tests.components.fake_aws import FakeAws
from tests.components.training_job.tuning.tuned_jobs import PREFIX, launch, tuned

LINEAGE = "research-dev-digits"
JOBS = st.from_regex(r"[a-z]([a-z0-9-]{0,30}[a-z0-9])?", fullmatch=True)


@given(job=JOBS, number=st.integers(1, 999))
def test_a_name_is_one_that_the_service_takes(job: str, number: int) -> None:
    prefix = Site("123456789012", "us-east-1", "research-dev").tuning_job_prefix(job)
    name = tuning_name(prefix, LINEAGE, "0123abcd", number)
    shape = tuning_shape().members["HyperParameterTuningJobName"]
    assert list(value_problems("", name, shape)) == []
    assert attempt_number(name) == number
    assert len(earlier_names(name)) == number - 1
    assert name not in earlier_names(name)


def test_lineages_and_definitions_have_names_of_their_own() -> None:
    names = {tuning_name(PREFIX, *each, 1) for each in (("a", "1"), ("b", "1"), ("a", "2"))}
    assert len(names) == 3


def test_a_thousandth_attempt_is_refused_with_the_remedy() -> None:
    with pytest.raises(TrainingJobError, match="Set another runId"):
        tuning_name(PREFIX, LINEAGE, "0123abcd", 1000)


@pytest.mark.parametrize(
    "age",
    [timedelta(), LISTED_AGE - timedelta(minutes=1), timedelta(days=100)],
    ids=["only listed", "both", "only searched"],
)
def test_an_attempt_is_found_at_any_age_as_it_is_now(
    tuning: TuningJobProvider, aws: FakeAws, age: timedelta
) -> None:
    name = launch(tuning, tuned())["tuning_job_name"]
    aws.now += age
    aws.end_tuning(name, "Stopped")
    [found] = lineage_attempts(aws, LINEAGE, PREFIX)
    assert (found.name, found.status, found.is_live) == (name, "Stopped", False)
    assert list(live_attempts(aws, LINEAGE)) == []


def test_an_attempt_is_found_without_a_search_too(tuning: TuningJobProvider, aws: FakeAws) -> None:
    name = launch(tuning, tuned())["tuning_job_name"]
    aws.now += timedelta(days=100)
    aws.deny("Search")
    assert [each.name for each in lineage_attempts(aws, LINEAGE, PREFIX)] == [name]
    assert list(live_attempts(aws, LINEAGE)) == []


def test_the_tags_of_other_stacks_jobs_are_not_read(
    tuning: TuningJobProvider, aws: FakeAws
) -> None:
    launch(tuning, tuned())
    launch(tuning, tuned(tuning_name_prefix="t7654321-digits-", lineage="another"))
    aws.calls.clear()
    assert len(lineage_attempts(aws, LINEAGE, PREFIX)) == 1
    assert aws.calls.count("ListTags") == 1
    assert aws.tags[aws.tunings[next(iter(aws.tunings))]["HyperParameterTuningJobArn"]][LINEAGE_TAG]


def test_the_number_of_calls_does_not_grow_with_the_accounts_history(
    tuning: TuningJobProvider, aws: FakeAws
) -> None:
    calls = []
    for history in (10, 1000):
        for number in range(history):
            name = f"other-{history}-{number}"
            arn = f"arn:aws:sagemaker:us-east-1:123456789012:hyper-parameter-tuning-job/{name}"
            aws.tunings[name] = {
                "HyperParameterTuningJobName": name,
                "HyperParameterTuningJobArn": arn,
                "HyperParameterTuningJobStatus": "Completed",
                "CreationTime": aws.now - timedelta(days=1),
            }
        aws.calls.clear()
        launch(tuning, tuned(run_id=str(history)))
        aws.end_tuning(next(iter(aws.live_tunings())))
        calls.append(len(aws.calls))
    assert calls[1] <= calls[0] + 1  # the tags of the first
