"""The jobs that left the settings are stopped and released, even after a crash; others run on."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from components.training_job.aws.errors import TrainingJobError
from components.training_job.lineages import TrainingJobLineagesProvider, departed
from components.training_job.request.job_tags import RELEASED_TAG
from components.unknowns import UNKNOWN
from tests.components.fake_aws import CrashError, FakeAws
from tests.components.training_job.conftest import PLACEMENT, inputs_of_job
from tests.components.training_job.providers import checked, launch, provider_over
from tests.components.training_job.tuning.tuned_jobs import PREFIX, tuned, tuning_provider_over
from tests.components.training_job.tuning.tuned_jobs import launch as launch_tuning

OWNER = "artifacts"
A, B = "research-dev-a", "research-dev-b"


def lineages(*names: str, **changes: Any) -> dict[str, Any]:
    """The inputs of a stack with jobs of these lineages."""
    place = {"owner": OWNER, "account_id": "123456789012", "region": "us-east-1"}
    return {"lineages": {name: name for name in names}} | place | changes


def lineages_over(aws: FakeAws) -> TrainingJobLineagesProvider:
    provider = TrainingJobLineagesProvider()
    provider._clients = aws  # type: ignore[assignment]
    return provider


def lineage(name: str, **settings: Any) -> dict[str, Any]:
    """A job's inputs on a lineage, with the lineage's checkpoints."""
    checkpoints = f"s3://artifacts/checkpoints/{name}/"
    placement = replace(PLACEMENT, checkpoint_uri=checkpoints)
    return inputs_of_job(settings, placement, lineage=name)


def test_the_jobs_of_a_lineage_that_left_are_stopped_and_released_and_no_others(
    aws: FakeAws,
) -> None:
    stays, leaves = (launch(provider_over(aws), lineage(each)) for each in (A, B))
    result = lineages_over(aws).update("", lineages(A, B), lineages(A))
    assert result.outs == lineages(A)
    assert aws.live() == [stays["training_job_name"]]
    assert RELEASED_TAG in aws.tags[leaves["training_job_arn"]]
    assert RELEASED_TAG not in aws.tags[stays["training_job_arn"]]


def test_the_live_run_of_a_recurring_job_that_left_is_stopped_and_released(aws: FakeAws) -> None:
    provider = provider_over(aws)
    stays = launch(provider, lineage(f"{A}-w48", recurring=True) | {"recurring": A})
    leaves = launch(provider, lineage(f"{B}-w48", recurring=True) | {"recurring": B})
    lineages_over(aws).update("", lineages(A, B), lineages(A))
    assert aws.live() == [stays["training_job_name"]]
    assert RELEASED_TAG in aws.tags[leaves["training_job_arn"]]


def test_a_job_of_another_owner_with_the_same_lineage_runs_on(aws: FakeAws) -> None:
    theirs = lineage(B) | {"owner": "theirs"}
    state = launch(provider_over(aws), theirs)
    lineages_over(aws).update("", lineages(B), lineages())
    assert aws.live() == [state["training_job_name"]]
    assert RELEASED_TAG not in aws.tags[state["training_job_arn"]]


def test_a_job_that_an_earlier_release_tagged_with_its_role_is_known_by_its_bucket(
    aws: FakeAws,
) -> None:
    role = "arn:aws:iam::123456789012:role/execution"
    launch(provider_over(aws), lineage(B) | {"owner": role})
    lineages_over(aws).update("", lineages(A, B), lineages(A))
    assert aws.live() == []


def test_a_run_that_ended_by_itself_is_left_to_the_engines_delete_but_not_its_instances(
    aws: FakeAws,
) -> None:
    inputs = lineage(B, spot=False, keepAlive="30m")
    state = launch(provider_over(aws), inputs)
    aws.set_status(state["training_job_name"], "Completed")
    aws.jobs[state["training_job_name"]]["WarmPoolStatus"] = {"Status": "Available"}
    lineages_over(aws).update("", lineages(B), lineages())
    job = aws.jobs[state["training_job_name"]]
    assert job["TrainingJobStatus"] == "Completed"
    assert job["WarmPoolStatus"] == {"Status": "Terminated"}
    assert RELEASED_TAG not in aws.tags[state["training_job_arn"]]


@pytest.mark.parametrize(
    ("before", "now", "left"),
    [
        ({"a": A, "b": B}, {"a": A}, [B]),
        ({"a": A, "b": B}, {"a": A, "b": B, "c": "c"}, []),
        ({"a": A, "b": B}, {}, [A, B]),
        # b is renamed and goes on with its lineage
        ({"a": A, "b": B}, {"a": A, "c": B}, []),
        # b stays and begins another lineage: it is replaced, and stopped only for that
        ({"a": A, "b": B}, {"a": A, "b": "fresh"}, []),
    ],
)
def test_what_left_is_what_no_job_goes_on_with(
    before: dict[str, str], now: dict[str, str], left: list[str]
) -> None:
    assert departed(before, now) == left


def test_a_job_that_returns_after_its_run_was_released_is_launched_again(aws: FakeAws) -> None:
    provider, inputs = provider_over(aws), lineage(B)
    state = launch(provider, inputs)
    lineages_over(aws).update("", lineages(A, B), lineages(A))
    # The completion of another job failed, so the engine did not get to its delete.
    news = checked(provider, inputs)
    assert provider.diff("", state, news).replaces
    provider.delete(state["training_job_name"], state)
    again = launch(provider, inputs)
    assert again["training_job_name"].endswith("-2")
    assert aws.live() == [again["training_job_name"]]
    assert provider.diff("", again, news).changes is False


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("returns", [False, True])
@pytest.mark.usefixtures("aws")
def test_a_crash_at_any_call_leaves_one_live_job_or_none(moment: str, returns: bool) -> None:
    for point in itertools.count(1):
        aws = FakeAws()
        provider, inputs = provider_over(aws), lineage(B)
        state = launch(provider, inputs)
        aws.crash_at = (len(aws.calls) + point, moment)
        try:
            lineages_over(aws).update("", lineages(A, B), lineages(A))
        except CrashError:
            aws.crash_at = None
        else:
            break
        if returns:  # the state still has the lineage, so that nothing left
            assert lineages_over(aws).diff("", lineages(A, B), lineages(A, B)).changes is False
            news = checked(provider, inputs)
            if provider.diff("", state, news).replaces:
                provider.delete(state["training_job_name"], state)
                state = launch(provider, inputs)
            assert aws.live() == [state["training_job_name"]]
        else:
            lineages_over(aws).update("", lineages(A, B), lineages(A))
            assert aws.live() == []
            assert RELEASED_TAG in aws.tags[state["training_job_arn"]]
    assert point > 5


def test_a_job_that_a_person_stopped_stays_stopped(aws: FakeAws) -> None:
    provider, inputs = provider_over(aws), lineage(B)
    state = launch(provider, inputs)
    aws.set_status(state["training_job_name"], "Stopped")
    assert provider.diff("", state, checked(provider, inputs)).changes is False


def test_a_preview_says_what_will_be_stopped_and_asks_aws_nothing(
    aws: FakeAws, capsys: pytest.CaptureFixture[str]
) -> None:
    news = lineages(A, owner=UNKNOWN)
    assert lineages_over(aws).diff("", lineages(A, B), news).changes is True
    assert f"{B} is no longer in the settings" in capsys.readouterr().out
    assert aws.calls == []


def test_the_credentials_of_another_account_stop_nothing(aws: FakeAws) -> None:
    state = launch(provider_over(aws), lineage(B))
    before = lineages(B, account_id="210987654321")
    with pytest.raises(TrainingJobError, match="210987654321"):
        lineages_over(aws).update("", before, lineages())
    assert aws.live() == [state["training_job_name"]]


def test_nothing_has_left_a_stack_that_recorded_no_lineages_yet(aws: FakeAws) -> None:
    assert lineages_over(aws).create(lineages(A)).outs == lineages(A)
    assert aws.calls == []


def test_a_record_that_is_gone_in_the_meantime_stops_nothing_else(aws: FakeAws) -> None:
    gone, leaves = (launch(provider_over(aws), lineage(each)) for each in (A, B))
    aws.old_list = [dict(job) for job in aws.jobs.values()]
    del aws.jobs[gone["training_job_name"]], aws.tags[gone["training_job_arn"]]
    lineages_over(aws).update("", lineages(A, B), lineages())
    assert aws.live() == []
    assert RELEASED_TAG in aws.tags[leaves["training_job_arn"]]


def test_a_job_that_can_not_be_marked_is_stopped_all_the_same(aws: FakeAws) -> None:
    provider = provider_over(aws)
    state = launch(provider, lineage(B))

    aws.refuse("AddTags", "ResourceLimitExceeded", "too many tags")
    with pytest.raises(TrainingJobError, match=r"has ended, but its tag .* too many tags"):
        provider.delete(state["training_job_name"], state)
    assert aws.live() == []


def test_a_run_that_completed_before_it_was_let_go_is_not_launched_again(aws: FakeAws) -> None:
    """After a delete that crashed after the mark, the state still says that the job runs."""
    provider, inputs = provider_over(aws), lineage(B)
    state = launch(provider, inputs)
    aws.set_status(state["training_job_name"], "Completed")
    provider.delete(state["training_job_name"], state)
    assert provider.diff("", state, checked(provider, inputs)).changes is False


def test_credentials_that_may_not_see_tags_preview_the_job_as_it_is(
    aws: FakeAws, capsys: pytest.CaptureFixture[str]
) -> None:
    provider, inputs = provider_over(aws), lineage(B)
    state = launch(provider, inputs)
    aws.deny("ListTags")
    assert provider.diff("", state, checked(provider, inputs)).changes is False
    assert "may not see its tags" in capsys.readouterr().out


TUNED = {"tunings": {"research-dev-digits": PREFIX}}
DIGITS = "research-dev-digits"


@pytest.mark.parametrize("age", [timedelta(), timedelta(hours=3)], ids=["new", "old"])
def test_a_tuned_job_that_left_is_ended_with_its_trials(aws: FakeAws, age: timedelta) -> None:
    state = launch_tuning(tuning_provider_over(aws), tuned())
    aws.add_trial(state["tuning_job_name"], status="InProgress")
    aws.now += age
    lineages_over(aws).update("", lineages(A, DIGITS, **TUNED), lineages(A))
    assert (aws.live(), aws.live_tunings()) == ([], [])
    assert RELEASED_TAG in aws.tags[state["tuning_job_arn"]]


def test_a_job_that_is_tuned_now_or_no_longer_is_ended_in_time(
    aws: FakeAws, capsys: pytest.CaptureFixture[str]
) -> None:
    job = launch(provider_over(aws), inputs_of_job())
    provider, before, now = lineages_over(aws), lineages(DIGITS), lineages(DIGITS, **TUNED)
    assert provider.diff("", before, now).changes is True
    assert f"{DIGITS} is tuned now" in capsys.readouterr().out
    provider.update("", before, now)
    assert aws.live() == []
    assert RELEASED_TAG in aws.tags[job["training_job_arn"]]
    state = launch_tuning(tuning_provider_over(aws), tuned())
    assert provider.update("", now, now).outs == now
    assert aws.live_tunings() == [state["tuning_job_name"]]
    assert provider.diff("", now, before).changes is True
    assert f"{DIGITS} is no longer tuned" in capsys.readouterr().out
    provider.update("", now, before)
    assert aws.live_tunings() == []
    assert RELEASED_TAG in aws.tags[state["tuning_job_arn"]]


def test_another_owners_tuning_of_a_lineage_that_left_runs_on(aws: FakeAws) -> None:
    state = launch_tuning(tuning_provider_over(aws), tuned(owner="theirs"))
    lineages_over(aws).update("", lineages(A, DIGITS, **TUNED), lineages(A))
    assert aws.live_tunings() == [state["tuning_job_name"]]
