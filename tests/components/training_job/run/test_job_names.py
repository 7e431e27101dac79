"""The runs of a lineage: their names, and which try in a row the next one is."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.training_job.request.job_tags import LINEAGE_TAG
from components.training_job.run.job_names import (
    Run,
    lineage_runs,
    next_run,
    run_of,
    try_after,
    try_of_launch,
)
from tests.components.fake_aws import FakeAws

LINEAGES = st.from_regex(r"[a-z]([a-z0-9]|-(?=[a-z0-9])){0,40}", fullmatch=True)
HASHES = st.from_regex(r"[0-9a-f]{8}", fullmatch=True)
ATTEMPTS = st.integers(min_value=1, max_value=999)
LINEAGE, HASH = "vision-dev-work", "0123abcd"


def named(lineage: str, name: str) -> Run | None:
    return run_of(lineage, {"TrainingJobName": name})


@given(LINEAGES, HASHES, ATTEMPTS)
def test_a_name_is_parsed_into_what_it_was_made_of(lineage: str, digest: str, attempt: int) -> None:
    run = Run(lineage, digest, attempt)
    assert named(lineage, run.name) == run


@given(LINEAGES, HASHES, ATTEMPTS)
def test_a_name_is_one_that_sagemaker_accepts(lineage: str, digest: str, attempt: int) -> None:
    name = Run(lineage, digest, attempt).name
    assert re.fullmatch(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", name)


@given(LINEAGES, HASHES, st.lists(ATTEMPTS))
def test_the_next_name_is_never_taken(lineage: str, digest: str, attempts: list[int]) -> None:
    taken = [Run(lineage, digest, attempt) for attempt in attempts]
    assert next_run(lineage, digest, taken) not in taken


def test_attempts_are_counted_for_each_definition() -> None:
    taken = [Run("team-dev-a", "00000001", 1), Run("team-dev-a", "00000001", 2)]
    taken += [Run("team-dev-a", "00000002", 7)]
    assert next_run("team-dev-a", "00000001", taken).name == "team-dev-a-00000001-3"


def test_a_longer_lineages_job_is_not_this_lineages() -> None:
    assert named("team-dev-a", "team-dev-a-b-00000001-1") is None
    assert named("team-dev-a", "my-team-dev-a-00000001-1") is None


@pytest.mark.parametrize(
    ("newest", "expected"), [("InProgress", 2), ("Stopping", 2), ("Failed", 3)]
)
def test_a_live_job_is_the_try_itself_and_a_failed_one_was_the_try_before(
    newest: str, expected: int
) -> None:
    assert try_of_launch(HASH, runs(newest)) == expected


def test_a_record_that_is_being_deleted_is_no_live_job_whose_tries_would_go_on() -> None:
    vanishing = runs("Deleting")
    assert try_of_launch(HASH, vanishing) == try_after(HASH, vanishing) == 1


def test_the_trials_of_a_tuning_job_are_no_runs_though_they_have_its_tags(aws: FakeAws) -> None:
    aws.add_history(2, f"{LINEAGE}-{HASH}-", {LINEAGE_TAG: LINEAGE})
    aws.jobs[f"{LINEAGE}-{HASH}-2"]["TuningJobArn"] = "arn"
    assert [run.attempt for run in lineage_runs(aws, LINEAGE)] == [1]


def runs(newest: str) -> list[Run]:
    """Two runs of one definition, the older of which failed."""
    statuses = {f"{LINEAGE}-{HASH}-2": newest, f"{LINEAGE}-{HASH}-1": "Failed"}
    found = (
        run_of(LINEAGE, {"TrainingJobName": name, "TrainingJobStatus": status})
        for name, status in statuses.items()
    )
    return [run for run in found if run]
