"""Which try in a row a launch would be: what preflight counts is what create counts."""

from __future__ import annotations

import pytest

from components.training_job.run.tries import next_try_of, try_of

LINEAGE, HASH = "vision-dev-work", "0123abcd"


@pytest.mark.parametrize(
    ("newest", "expected"), [("InProgress", 2), ("Stopping", 2), ("Failed", 3)]
)
def test_a_live_job_is_the_try_itself_and_a_failed_one_was_the_try_before(
    newest: str, expected: int
) -> None:
    assert next_try_of(LINEAGE, HASH, summaries(newest)) == expected


def test_a_record_that_is_being_deleted_is_no_live_job_whose_tries_would_go_on() -> None:
    vanishing = summaries("Deleting")
    created = try_of(LINEAGE, HASH, f"{LINEAGE}-{HASH}-3", vanishing)
    assert next_try_of(LINEAGE, HASH, vanishing) == created == 1


def summaries(newest: str) -> list[dict[str, str]]:
    """Of two jobs of one definition, the older of which failed."""
    statuses = {f"{LINEAGE}-{HASH}-2": newest, f"{LINEAGE}-{HASH}-1": "Failed"}
    return [
        {"TrainingJobName": name, "TrainingJobStatus": status} for name, status in statuses.items()
    ]
