"""How tuning jobs and their trials are found."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

from components.training_job.reader.run_attempts import Clients
from components.training_job.reader.tunings import attempts_of_trials, trials_of, tunings_of
from components.training_job.tuning.observation import keep_table
from tests.components.fake_aws import FakeAws
from tests.components.training_job.tuning.tuned_jobs import launch, tuned, tuning_provider_over

LINEAGE = "research-dev-digits"


@pytest.fixture
def clients(aws: FakeAws) -> Clients:
    return Clients(aws, aws, aws)


@pytest.fixture
def name(aws: FakeAws) -> str:
    """A tuning job of the lineage."""
    return str(launch(tuning_provider_over(aws), tuned())["tuning_job_name"])


def test_a_tuning_job_is_read_with_its_record_and_tags_also_while_a_search_does_not_show_it(
    clients: Clients, aws: FakeAws, name: str
):
    launch(tuning_provider_over(aws), tuned(lineage="research-dev-other"))
    [found] = tunings_of(clients, LINEAGE)
    assert (found.name, found.status, found.ended) == (name, "InProgress", None)
    assert found.record["tuning_job"] == name
    assert found.tags["sagemaker-training:lineage"] == LINEAGE
    aws.deny("ListHyperParameterTuningJobs")
    assert tunings_of(clients, LINEAGE) == []


def test_what_a_search_shows_late_of_a_tuning_job_decides_nothing(
    clients: Clients, aws: FakeAws, name: str
):
    aws.now += timedelta(hours=1)
    aws.end_tuning(name)
    aws.deny("ListHyperParameterTuningJobs")
    assert [each.status for each in tunings_of(clients, LINEAGE)] == ["Completed"]


def test_a_trial_is_an_attempt_with_an_objective_and_the_tuning_jobs_record(
    clients: Clients, aws: FakeAws, name: str
):
    late = aws.add_trial(name, 0.25, "InProgress")
    aws.now += timedelta(hours=1)
    aws.set_status(late, "Completed")
    [found] = tunings_of(clients, LINEAGE)
    [trial] = attempts_of_trials(clients, found)
    assert (trial.name, trial.objective, trial.is_live) == (late, 0.25, False)
    assert (trial.record, trial.tags) == (found.record, found.tags)


def test_trials_are_read_from_the_table_that_is_kept_also_from_one_of_a_later_version(
    clients: Clients, aws: FakeAws, name: str
):
    aws.add_trial(name, 0.25)
    aws.end_tuning(name)
    [found] = tunings_of(clients, LINEAGE)
    now = trials_of(clients, found)
    keep_table(aws, aws, aws.tunings[name])
    assert trials_of(clients, found) == now
    [uri] = (each for each in aws.objects if each.endswith("trials.json"))
    table = json.loads(aws.objects[uri])
    table["trials"][0] |= {"name": "from the table", "added later": 1}
    aws.objects[uri] = json.dumps(table).encode()
    assert [(each.name, each.counts) for each in trials_of(clients, found)] == [
        ("from the table", True)
    ]


@pytest.mark.parametrize(
    ("refusal", "warns", "said"),
    [
        ("AccessDeniedException", True, True),
        ("AccessDeniedException", False, False),
        ("ValidationException", True, False),
    ],
)
def test_tuning_jobs_that_may_not_be_searched_for_are_said_to_be_missing(
    clients: Clients,
    aws: FakeAws,
    refusal: str,
    warns: bool,
    said: bool,
    capsys: pytest.CaptureFixture[str],
):
    aws.refuse("Search", refusal, "no")
    assert tunings_of(clients, LINEAGE, warns=warns) == []
    assert ("can't be searched for" in capsys.readouterr().out) is said


def test_another_error_is_not_hidden(clients: Clients, aws: FakeAws):
    aws.refuse("Search", "ThrottlingException", "too often")
    with pytest.raises(ClientError, match="ThrottlingException"):
        tunings_of(clients, LINEAGE)
