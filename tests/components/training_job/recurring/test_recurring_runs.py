"""The runs of a recurring job: each is made once, one at a time, on a lineage of its own."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.training_job import provider as provider_module
from components.training_job.aws.errors import TrainingJobError
from components.training_job.code_channel.source_control import Revision
from components.training_job.request.job_tags import RECURRING_TAG
from tests.components.fake_aws import FakeAws
from tests.components.training_job.recurring.recurring_stack import JOB, RUNS, Engine


@pytest.fixture
def engine(aws: FakeAws) -> Engine:
    return Engine(aws)


def test_each_run_is_launched_once_and_a_plain_update_changes_nothing(engine: Engine) -> None:
    assert engine.up() == "create"
    assert engine.jobs == []
    for run in RUNS[:2]:
        assert engine.up(run) == "replace"
        assert engine.up(run) == ""
        engine.end("Completed")
        assert engine.up(run) == ""
        assert engine.up(run, hyperparameters={"epochs": 9}) == ""
        assert engine.up() == ""
        assert engine.state is not None
        assert engine.state["status"] == "Completed"
    assert engine.jobs == list(RUNS[:2])
    [tags] = {tuple(each[RECURRING_TAG] for each in engine.aws.tags.values())}
    assert tags == (JOB, JOB)


def test_the_next_run_is_refused_while_one_is_live_unless_that_is_paused(engine: Engine) -> None:
    engine.up(RUNS[0])
    [live] = engine.aws.live()
    with pytest.raises(TrainingJobError, match=f"{live} is still live") as error:
        engine.up(RUNS[1])
    assert f"the run {RUNS[1]} of {JOB} can't start" in str(error.value)
    assert engine.aws.live() == [live]
    assert engine.up(paused=True) == "update"
    assert engine.up(RUNS[1]) == "replace"
    assert engine.jobs == list(RUNS[:2])


def test_a_paused_run_goes_on_with_its_own_run(engine: Engine) -> None:
    engine.up(RUNS[0])
    engine.up(paused=True)
    assert engine.up() == ""
    assert engine.up(RUNS[0]) == "replace"
    assert engine.jobs == [RUNS[0], RUNS[0]]


def test_a_failed_run_is_relaunched_by_its_own_run_only(engine: Engine) -> None:
    engine.up(RUNS[0], relaunch="onFailure")
    engine.end("Failed")
    assert engine.up(relaunch="onFailure") == ""
    assert engine.up(RUNS[0], relaunch="onFailure") == "replace"
    assert engine.up(RUNS[0], relaunch="onFailure") == ""
    assert engine.jobs == [RUNS[0], RUNS[0]]
    assert engine.state is not None
    assert engine.state["tries"] == 2


@pytest.mark.parametrize("refresh", [True, False])
def test_what_corrects_a_failed_run_launches_it_with_or_without_a_refresh(
    engine: Engine, refresh: bool
) -> None:
    engine.up(RUNS[0])
    assert engine.up(RUNS[0], refresh=refresh, hyperparameters={"epochs": 8}) == ""
    engine.end("Failed")
    assert engine.up(RUNS[0], refresh=refresh) == ""
    assert engine.up(RUNS[0], refresh=refresh, hyperparameters={"epochs": 9}) == "replace"
    engine.end("Completed")
    assert engine.up(RUNS[0], refresh=refresh, hyperparameters={"epochs": 10}) == ""
    assert engine.jobs == [RUNS[0], RUNS[0]]


def test_a_run_that_completed_before_another_is_not_made_again(engine: Engine) -> None:
    for run in RUNS[:2]:
        engine.up(run)
        engine.end("Completed")
    with pytest.raises(TrainingJobError, match=r"a run is made once\. Set run to another value"):
        engine.up(RUNS[0])


def test_a_run_whose_launch_was_not_recorded_is_adopted(engine: Engine) -> None:
    engine.up(RUNS[0])
    engine.end("Completed")
    before = engine.state
    engine.up(RUNS[1])
    engine.end("Completed")
    engine.state = before
    assert engine.up(RUNS[1]) == "replace"
    assert engine.jobs == list(RUNS[:2])


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("up"), st.sampled_from(["", *RUNS])),
        st.tuples(st.just("up without a refresh"), st.sampled_from(["", *RUNS])),
        st.tuples(st.just("edit"), st.sampled_from(["", *RUNS])),
        st.tuples(st.just("end"), st.sampled_from(["Completed", "Failed", "Stopped"])),
    ),
    max_size=14,
)


@pytest.fixture(scope="module", autouse=True)
def _no_waiting() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "sleep", lambda _seconds: None)
        patch.setattr(provider_module, "revision", lambda _folder: Revision("0" * 40, False))
        yield


@given(STEPS)
def test_whatever_comes_one_job_is_live_and_no_run_completes_twice(
    steps: list[tuple[str, str]],
) -> None:
    engine, epochs = Engine(FakeAws()), 1
    for step, value in steps:
        launched = len(engine.jobs)
        if step == "end":
            engine.end(value)
            continue
        epochs += step == "edit"
        try:
            engine.up(
                value,
                refresh=step != "up without a refresh",
                relaunch="onFailure",
                hyperparameters={"epochs": epochs},
            )
        except TrainingJobError:
            assert len(engine.jobs) == launched
        assert len(engine.aws.live()) <= 1
        if not value:
            assert len(engine.jobs) == launched
    completed = [
        name.rsplit("-", 2)[0]
        for name, job in engine.aws.jobs.items()
        if job["TrainingJobStatus"] == "Completed"
    ]
    assert len(set(completed)) == len(completed)
