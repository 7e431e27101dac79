"""Names of a lineage's jobs."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from components.training_job.run.names import JobName, next_job_name, parse_job_name

LINEAGES = st.from_regex(r"[a-z]([a-z0-9]|-(?=[a-z0-9])){0,40}", fullmatch=True)
HASHES = st.from_regex(r"[0-9a-f]{8}", fullmatch=True)
ATTEMPTS = st.integers(min_value=1, max_value=999)


@given(LINEAGES, HASHES, ATTEMPTS)
def test_a_name_is_parsed_into_what_it_was_made_of(lineage: str, digest: str, attempt: int) -> None:
    name = JobName(lineage, digest, attempt)
    assert parse_job_name(lineage, str(name)) == name


@given(LINEAGES, HASHES, ATTEMPTS)
def test_a_name_is_one_that_sagemaker_accepts(lineage: str, digest: str, attempt: int) -> None:
    name = str(JobName(lineage, digest, attempt))
    assert re.fullmatch(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", name)


@given(LINEAGES, HASHES, st.lists(ATTEMPTS))
def test_the_next_name_is_never_taken(lineage: str, digest: str, attempts: list[int]) -> None:
    taken = [str(JobName(lineage, digest, attempt)) for attempt in attempts]
    assert str(next_job_name(lineage, digest, taken)) not in taken


def test_attempts_are_counted_for_each_definition() -> None:
    taken = ["team-dev-a-00000001-1", "team-dev-a-00000001-2", "team-dev-a-00000002-7"]
    assert str(next_job_name("team-dev-a", "00000001", taken)) == "team-dev-a-00000001-3"


def test_a_longer_lineages_job_is_not_this_lineages() -> None:
    assert parse_job_name("team-dev-a", "team-dev-a-b-00000001-1") is None
    assert parse_job_name("team-dev-a", "my-team-dev-a-00000001-1") is None
