"""What left the settings is stopped and released, whatever dies meanwhile; what stays runs on."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from components.training_job.aws.errors import TrainingJobError
from components.training_job.lineages import TrainingJobLineagesProvider, departed
from components.training_job.request.job_tags import RELEASED_TAG
from components.unknowns import UNKNOWN
from tests.components.training_job.fake_sagemaker import (
    CrashError,
    FakeSageMaker,
    checked,
    client_error,
    launch,
    provider_over,
)

Inputs = Callable[..., dict[str, Any]]
OWNER = "artifacts"
A, B = "research-dev-a", "research-dev-b"


def lineages(*names: str, **changes: Any) -> dict[str, Any]:
    """The inputs of a stack with jobs of these lineages."""
    place = {"owner": OWNER, "account_id": "123456789012", "region": "us-east-1"}
    return {"lineages": {name: name for name in names}} | place | changes


def lineages_over(sagemaker: FakeSageMaker) -> TrainingJobLineagesProvider:
    provider = TrainingJobLineagesProvider()
    provider._clients = SimpleNamespace(  # type: ignore[assignment]
        account=lambda _region: "123456789012", client=lambda _service, _region: sagemaker
    )
    return provider


def lineage(job_inputs: Inputs, name: str, **settings: Any) -> dict[str, Any]:
    """A job's inputs on a lineage, with the lineage's checkpoints."""
    inputs = job_inputs(settings or None, lineage=name)
    if "CheckpointConfig" in inputs["request"]:
        inputs["request"]["CheckpointConfig"]["S3Uri"] = f"s3://artifacts/checkpoints/{name}/"
    return inputs


def test_the_jobs_of_a_lineage_that_left_are_stopped_and_released_and_no_others(
    sagemaker: FakeSageMaker, job_inputs: Inputs
) -> None:
    stays, leaves = (launch(provider_over(sagemaker), lineage(job_inputs, each)) for each in (A, B))
    result = lineages_over(sagemaker).update("", lineages(A, B), lineages(A))
    assert result.outs == lineages(A)
    assert sagemaker.live() == [stays["training_job_name"]]
    assert RELEASED_TAG in sagemaker.tags[leaves["training_job_arn"]]
    assert RELEASED_TAG not in sagemaker.tags[stays["training_job_arn"]]


def test_a_job_of_another_owner_with_the_same_lineage_runs_on(
    sagemaker: FakeSageMaker, job_inputs: Inputs
) -> None:
    theirs = lineage(job_inputs, B) | {"owner": "theirs"}
    state = launch(provider_over(sagemaker), theirs)
    lineages_over(sagemaker).update("", lineages(B), lineages())
    assert sagemaker.live() == [state["training_job_name"]]
    assert RELEASED_TAG not in sagemaker.tags[state["training_job_arn"]]


def test_a_job_that_an_earlier_release_tagged_with_its_role_is_known_by_its_bucket(
    sagemaker: FakeSageMaker, job_inputs: Inputs
) -> None:
    role = "arn:aws:iam::123456789012:role/execution"
    launch(provider_over(sagemaker), lineage(job_inputs, B) | {"owner": role})
    lineages_over(sagemaker).update("", lineages(A, B), lineages(A))
    assert sagemaker.live() == []


def test_a_run_that_ended_by_itself_is_left_to_the_engines_delete_but_not_its_instances(
    sagemaker: FakeSageMaker, job_inputs: Inputs
) -> None:
    inputs = lineage(job_inputs, B, spot=False, keepAlive="30m")
    state = launch(provider_over(sagemaker), inputs)
    sagemaker.end(state["training_job_name"], "Completed")
    sagemaker.jobs[state["training_job_name"]]["WarmPoolStatus"] = {"Status": "Available"}
    lineages_over(sagemaker).update("", lineages(B), lineages())
    job = sagemaker.jobs[state["training_job_name"]]
    assert job["TrainingJobStatus"] == "Completed"
    assert job["WarmPoolStatus"] == {"Status": "Terminated"}
    assert RELEASED_TAG not in sagemaker.tags[state["training_job_arn"]]


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


def test_a_job_that_returns_after_its_run_was_released_is_launched_again(
    sagemaker: FakeSageMaker, job_inputs: Inputs
) -> None:
    provider, inputs = provider_over(sagemaker), lineage(job_inputs, B)
    state = launch(provider, inputs)
    lineages_over(sagemaker).update("", lineages(A, B), lineages(A))
    # The completion of another job failed, so the engine never came to its delete.
    news = checked(provider, inputs)
    assert provider.diff("", state, news).replaces
    provider.delete(state["training_job_name"], state)
    again = launch(provider, inputs)
    assert again["training_job_name"].endswith("-2")
    assert sagemaker.live() == [again["training_job_name"]]
    assert provider.diff("", again, news).changes is False


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("returns", [False, True])
@pytest.mark.usefixtures("sagemaker")
def test_a_crash_at_any_call_leaves_one_live_job_or_none(
    job_inputs: Inputs, moment: str, returns: bool
) -> None:
    for point in itertools.count(1):
        sagemaker = FakeSageMaker()
        provider, inputs = provider_over(sagemaker), lineage(job_inputs, B)
        state = launch(provider, inputs)
        sagemaker.crash_at = (len(sagemaker.calls) + point, moment)
        try:
            lineages_over(sagemaker).update("", lineages(A, B), lineages(A))
        except CrashError:
            sagemaker.crash_at = None
        else:
            break
        if returns:  # the state still has the lineage, so that nothing left
            assert (
                lineages_over(sagemaker).diff("", lineages(A, B), lineages(A, B)).changes is False
            )
            news = checked(provider, inputs)
            if provider.diff("", state, news).replaces:
                provider.delete(state["training_job_name"], state)
                state = launch(provider, inputs)
            assert sagemaker.live() == [state["training_job_name"]]
        else:
            lineages_over(sagemaker).update("", lineages(A, B), lineages(A))
            assert sagemaker.live() == []
            assert RELEASED_TAG in sagemaker.tags[state["training_job_arn"]]
    assert point > 5


def test_a_person_who_stopped_a_job_is_not_overruled(
    sagemaker: FakeSageMaker, job_inputs: Inputs
) -> None:
    provider, inputs = provider_over(sagemaker), lineage(job_inputs, B)
    state = launch(provider, inputs)
    sagemaker.end(state["training_job_name"], "Stopped")
    assert provider.diff("", state, checked(provider, inputs)).changes is False


def test_a_preview_says_what_will_be_stopped_and_asks_aws_nothing(
    sagemaker: FakeSageMaker, capsys: pytest.CaptureFixture[str]
) -> None:
    news = lineages(A, owner=UNKNOWN)
    assert lineages_over(sagemaker).diff("", lineages(A, B), news).changes is True
    assert f"{B} is no longer in the settings" in capsys.readouterr().out
    assert sagemaker.calls == []


def test_the_credentials_of_another_account_stop_nothing(
    sagemaker: FakeSageMaker, job_inputs: Inputs
) -> None:
    state = launch(provider_over(sagemaker), lineage(job_inputs, B))
    before = lineages(B, account_id="210987654321")
    with pytest.raises(TrainingJobError, match="210987654321"):
        lineages_over(sagemaker).update("", before, lineages())
    assert sagemaker.live() == [state["training_job_name"]]


def test_nothing_has_left_a_stack_that_recorded_no_lineages_yet(sagemaker: FakeSageMaker) -> None:
    assert lineages_over(sagemaker).create(lineages(A)).outs == lineages(A)
    assert sagemaker.calls == []


def test_a_record_that_vanishes_meanwhile_costs_nothing_else(
    sagemaker: FakeSageMaker, job_inputs: Inputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, leaves = (launch(provider_over(sagemaker), lineage(job_inputs, each)) for each in (A, B))
    listed = [dict(job) for job in sagemaker.jobs.values()]
    monkeypatch.setattr(
        sagemaker, "_list_training_jobs", lambda **_: [{"TrainingJobSummaries": listed}]
    )
    del sagemaker.jobs[gone["training_job_name"]], sagemaker.tags[gone["training_job_arn"]]
    lineages_over(sagemaker).update("", lineages(A, B), lineages())
    assert sagemaker.live() == []
    assert RELEASED_TAG in sagemaker.tags[leaves["training_job_arn"]]


def test_a_job_that_can_not_be_marked_is_stopped_all_the_same(
    sagemaker: FakeSageMaker, job_inputs: Inputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = provider_over(sagemaker)
    state = launch(provider, lineage(job_inputs, B))

    def refuse(**_: Any) -> None:
        raise client_error("ResourceLimitExceeded", "too many tags", "AddTags")

    monkeypatch.setattr(sagemaker, "add_tags", refuse)
    with pytest.raises(TrainingJobError, match=r"has ended, but its tag .* too many tags"):
        provider.delete(state["training_job_name"], state)
    assert sagemaker.live() == []


def test_a_run_that_completed_before_it_was_let_go_is_not_launched_again(
    sagemaker: FakeSageMaker, job_inputs: Inputs
) -> None:
    """A delete that died after the mark; the state still says that the job runs."""
    provider, inputs = provider_over(sagemaker), lineage(job_inputs, B)
    state = launch(provider, inputs)
    sagemaker.end(state["training_job_name"], "Completed")
    provider.delete(state["training_job_name"], state)
    assert provider.diff("", state, checked(provider, inputs)).changes is False


def test_credentials_that_may_not_see_tags_preview_the_job_as_it_is(
    sagemaker: FakeSageMaker,
    job_inputs: Inputs,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    provider, inputs = provider_over(sagemaker), lineage(job_inputs, B)
    state = launch(provider, inputs)

    def refuse(**_: Any) -> None:
        raise client_error("AccessDeniedException", "no", "ListTags")

    monkeypatch.setattr(sagemaker, "_list_tags", refuse)
    assert provider.diff("", state, checked(provider, inputs)).changes is False
    assert "may not see its tags" in capsys.readouterr().out
