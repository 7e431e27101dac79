"""Runs in W&B: any number of synchronizations, however they end, have the result of one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tracking.fake_mlflow import Killed
from tests.tracking.fake_wandb import FakeProject, FakeWandb, Kept
from tests.tracking.lineages import EVENTS, LINEAGE, World, at, trained
from tracking.errors import TrackingError
from tracking.shown_lineages import show
from tracking.wandb_tracking import WandbTracking, tracked_name

KILLS = st.none() | st.integers(1, 60)


def tracking_of(project: FakeProject) -> WandbTracking:
    return WandbTracking(FakeWandb(project), "research", "digits", lambda _seconds: None)


def sync(project: FakeProject, world: World, kill_in: int | None = None) -> None:
    """One process that synchronizes, and may be killed."""
    project.calls, project.kill_in = 0, kill_in
    show(tracking_of(project), LINEAGE, world.found, at(world.seconds))


def points(run: Kept, metric: str) -> list[tuple[int, float]]:
    """The steps and the times of a metric, in the order of its rows."""
    return [(row["step"], row["_timestamp"]) for row in run.rows if metric in row]


def content(project: FakeProject) -> list[Any]:
    """What people see, without what depends on how often there was a synchronization."""

    def seen(run: Kept) -> Any:
        numbers = ("rows", "replaces")
        own = {key: value for key, value in run.config["sagemaker"].items() if key not in numbers}
        rows = sorted(
            (row["step"], row["_timestamp"], metric, value)
            for row in run.rows
            for metric, value in row.items()
            if metric != "step" and not metric.startswith("_")
        )
        config = {**run.config, "sagemaker": own}
        return (run.name, run.state, run.job_type, run.notes, config, run.summary, rows)

    return sorted(map(seen, project.shown()), key=str)


@settings(max_examples=300)
@given(st.lists(st.tuples(EVENTS, st.lists(KILLS, max_size=2)), max_size=12))
def test_any_sequence_of_kills_and_syncs_ends_with_the_runs_of_one_sync(
    history: list[tuple[Callable[[World], None], list[int | None]]],
):
    often, once, world = FakeProject(), FakeProject(), World()
    for event, syncs in history:
        event(world)
        for kill_in in syncs:
            with suppress(Killed):
                sync(often, world, kill_in)
    sync(often, world)
    sync(once, world)
    assert content(often) == content(once)


def test_a_second_sync_writes_nothing():
    project, world = FakeProject(), trained()
    sync(project, world)
    before = content(project)
    sync(project, world)
    assert content(project) == before
    assert project.calls == 1  # it looks for the runs


def test_a_lineage_has_one_curve_and_its_attempts_are_in_its_group():
    project, world = FakeProject(), trained()
    sync(project, world)
    lineage, first, second = sorted(project.shown(), key=lambda run: run.name)
    assert [each.state for each in (lineage, first, second)] == ["running", "failed", "running"]
    assert [each.job_type for each in (lineage, first, second)] == ["lineage", "attempt", "attempt"]
    assert {each.group for each in (lineage, first, second)} == {LINEAGE}
    curve = points(lineage, "loss")
    assert [step for step, _ in curve] == [1, 2, 3, 4, 5, 6]
    assert curve == sorted(curve, key=lambda each: each[1])
    assert sorted(step for step, _ in points(first, "loss")) == [1, 2, 3, 4, 4, 5, 5]
    assert first.config["epochs"] == 2
    assert first.config["sagemaker"]["status"] == "FAILED"
    assert first.config["sagemaker"]["ended"] == at(9).isoformat()
    assert first.config["sagemaker"]["parent"] == LINEAGE
    assert lineage.config["sagemaker"]["commit"] == "c0ffee"
    assert lineage.summary["loss"] == [row["loss"] for row in lineage.rows if "loss" in row][-1]
    assert second.name in lineage.notes


def test_a_run_that_is_cut_back_is_replaced_by_a_complete_one_at_once():
    project, world = FakeProject(), World()
    world.launch(epochs=2)
    world.train(5)
    sync(project, world)
    before, _ = sorted(project.shown(), key=lambda run: run.name)
    before.tags = ["reviewed"]
    world.interrupt(3)
    world.train(1)
    for kill_in in range(1, 40):
        with suppress(Killed):
            sync(project, world, kill_in)
        lineages = [run for run in project.shown() if run.job_type == "lineage"]
        assert len(lineages) <= 2
        assert before in lineages or [step for step, _ in points(lineages[0], "loss")] == [1, 2, 3]
    [after] = (run for run in project.shown() if run.job_type == "lineage")
    assert before.is_deleted
    assert (after.name, after.tags) == (LINEAGE, ["reviewed"])


def test_a_run_is_not_deleted_before_the_server_has_all_points_of_the_one_in_its_place():
    project, world = FakeProject(), World()
    world.launch(epochs=2)
    world.train(5)
    sync(project, world)
    before = project.shown()
    world.interrupt(3)
    world.train(1)
    tracking = tracking_of(project)
    tracking.find(LINEAGE)
    project.unread = 1
    with pytest.raises(TrackingError, match="has not taken in all points"):
        show(tracking, LINEAGE, world.found, at(world.seconds))
    assert all(run in project.shown() for run in before)
    project.unread = 0
    sync(project, world)
    once = FakeProject()
    sync(once, world)
    assert content(project) == content(once)


def test_nothing_is_sent_twice_while_the_server_takes_points_in():
    project, world = FakeProject(), trained()
    sync(project, world)
    world.train(1)
    project.unread = 1
    with pytest.raises(TrackingError, match="Run the command again"):
        sync(project, world)
    project.unread = 0
    sync(project, world)
    once = FakeProject()
    sync(once, world)
    assert content(project) == content(once)


def test_a_server_that_counts_late_is_not_sent_the_same_again():
    project, world = FakeProject(), trained()
    tracking = tracking_of(project)
    for calls in (None, 1, 1):
        project.calls = 0
        show(tracking, LINEAGE, world.found, at(world.seconds))
        assert calls in (None, project.calls)
        project.unread = 1


def test_a_point_that_is_there_twice_is_taken_away():
    project, world = FakeProject(), trained()
    sync(project, world)
    before = content(project)
    [run, *_] = project.shown()
    run.rows.append({**run.rows[0], "_step": len(run.rows)})
    sync(project, world)
    assert content(project) == before


def test_points_that_the_log_has_lost_stay():
    project, world = FakeProject(), trained()
    sync(project, world)
    before = content(project)
    kept = [(attempt, own[2:]) for attempt, own in world.found]
    project.calls = 0
    show(tracking_of(project), LINEAGE, kept, at(world.seconds + 3 * 86_400))
    assert content(project) == before


def test_a_hyperparameter_that_is_gone_is_not_shown_any_more():
    project, world = FakeProject(), World()
    world.launch(epochs=2)
    sync(project, world)
    world.found[0][0].description["HyperParameters"].pop("epochs")
    sync(project, world)
    assert all("epochs" not in run.config for run in project.shown())


def test_hyperparameters_are_numbers_where_they_are_and_hashes_are_text():
    project, world = FakeProject(), World()
    world.launch(epochs=2)
    given = {"rate": "1e-3", "name": "007", "huge": "9" * 30, "lr": "0.10", "on": "true"}
    world.found[0][0].description["HyperParameters"].update(given)
    sync(project, world)
    config = project.shown()[0].config
    assert {name: config[name] for name in given} == {
        **given,
        "rate": 0.001,
        "lr": 0.1,
    }
    assert config["sagemaker"]["definition_hash"] == "01234567"


@pytest.mark.parametrize("name", ["val/loss", "loss at 10: x", "a.b-c_d", "Verlust ß"])
def test_a_metric_keeps_its_name(name: str):
    assert tracked_name(name) == name


@pytest.mark.parametrize("name", ["", "step", "_step", "___", "loss*", "a\\b"])
def test_a_metric_whose_name_means_something_to_wandb_gets_another_one(name: str):
    changed = tracked_name(name)
    assert tracked_name(changed) == changed
    assert changed != tracked_name(name + "?")
