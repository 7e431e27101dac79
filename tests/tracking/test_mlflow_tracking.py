"""Runs in MLflow: any number of synchronizations, however they end, have the result of one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tracking.fake_mlflow import ENTITIES, FakeMlflowClient, FakeServer, Kept, Killed, Metric
from tests.tracking.lineages import EVENTS, LINEAGE, World, at, milliseconds, trained
from tracking.mlflow_tracking import MlflowTracking, tracked_name
from tracking.shown_lineages import show

KILLS = st.none() | st.integers(1, 60)


def sync(server: FakeServer, world: World, kill_in: int | None = None) -> None:
    """One process that synchronizes, and may be killed."""
    server.calls, server.kill_in = 0, kill_in
    tracking = MlflowTracking(FakeMlflowClient(server), ENTITIES, "digits")
    show(tracking, LINEAGE, world.found, at(world.seconds))


def content(server: FakeServer) -> list[Any]:
    """What people see, without the runs' numbers."""
    names = {run.id: run.tags["sagemaker.run"] for run in server.shown()}

    def seen(run: Kept) -> Any:
        tags = {key: value for key, value in run.tags.items() if key != "sagemaker.replaces"}
        if parent := tags.get("mlflow.parentRunId"):
            tags["mlflow.parentRunId"] = names[parent]
        end = None if run.status == "RUNNING" else run.end_time
        times = (run.start_time, end)
        return (run.name, run.status, times, sorted(tags.items()), run.params, sorted(run.metrics))

    return sorted(map(seen, server.shown()), key=str)


@settings(max_examples=300)
@given(st.lists(st.tuples(EVENTS, st.lists(KILLS, max_size=2)), max_size=12))
def test_any_sequence_of_kills_and_syncs_ends_with_the_runs_of_one_sync(
    history: list[tuple[Callable[[World], None], list[int | None]]],
):
    often, once, world = FakeServer(), FakeServer(), World()
    for event, syncs in history:
        event(world)
        for kill_in in syncs:
            with suppress(Killed):
                sync(often, world, kill_in)
    sync(often, world)
    sync(once, world)
    assert content(often) == content(once)


def test_a_second_sync_writes_nothing():
    server, world = FakeServer(), trained()
    sync(server, world)
    before = content(server)
    sync(server, world)
    assert content(server) == before
    assert server.calls == 2  # it reads the experiment and the runs


def test_tags_that_people_gave_a_run_stay_when_it_is_made_again():
    server, world = FakeServer(), trained()
    sync(server, world)
    for run in server.shown():
        run.tags["reviewed"] = "yes"
    world.interrupt(1)
    world.train(1)
    sync(server, world)
    assert {run.tags["reviewed"] for run in server.shown()} == {"yes"}


def test_a_metric_that_people_added_stays_as_long_as_no_curve_is_cut_back():
    server, world = FakeServer(), trained()
    sync(server, world)
    for run in server.shown():
        run.metrics.add(Metric("reviewed", 1.0, milliseconds(99), 0))
    world.train(1)
    sync(server, world)
    assert all("reviewed" in {each.key for each in run.metrics} for run in server.shown())


def test_a_lineage_has_one_curve_and_its_attempts_are_below_it():
    server, world = FakeServer(), trained()
    sync(server, world)
    lineage, first, second = sorted(server.shown(), key=lambda run: run.name)
    assert [each.status for each in (lineage, first, second)] == ["RUNNING", "FAILED", "RUNNING"]
    assert {each.tags["mlflow.parentRunId"] for each in (first, second)} == {lineage.id}
    curve = sorted((each.step, each.timestamp) for each in lineage.metrics if each.key == "loss")
    assert [step for step, _ in curve] == [1, 2, 3, 4, 5, 6]
    assert curve == sorted(curve, key=lambda each: each[1])
    assert sorted(each.step for each in first.metrics if each.key == "loss") == [
        1, 2, 3, 4, 4, 5, 5,
    ]  # fmt: skip
    assert first.params == {"epochs": "2"}
    assert first.end_time == milliseconds(9)
    assert lineage.tags["sagemaker.commit"] == "c0ffee"
    assert lineage.tags["sagemaker.attempts"] == "2"
    assert lineage.tags["sagemaker.spot"] == "false"
    assert lineage.tags["mlflow.source.git.commit"] == "c0ffee"
    assert lineage.tags["mlflow.source.name"] == second.name
    assert second.name in lineage.tags["mlflow.note.content"]


def test_a_run_that_is_cut_back_is_replaced_by_a_complete_one_at_once():
    server, world = FakeServer(), World()
    world.launch(epochs=2)
    world.train(5)
    sync(server, world)
    (before,) = (run for run in server.shown() if run.name == LINEAGE)
    world.interrupt(3)
    world.train(1)
    for kill_in in range(1, 40):
        with suppress(Killed):
            sync(server, world, kill_in)
        complete = [run for run in server.shown() if run.name == LINEAGE]
        incomplete = [run for run in server.shown() if run.name == f"{LINEAGE} (incomplete)"]
        assert len(complete) + len(incomplete) <= 2
        assert complete or incomplete
    (after,) = (run for run in server.shown() if run.name == LINEAGE)
    assert before.is_deleted
    assert sorted(each.step for each in after.metrics if each.key == "loss") == [1, 2, 3]


def test_points_that_the_log_has_lost_stay():
    server, world = FakeServer(), trained()
    sync(server, world)
    before = content(server)
    kept = [(attempt, points[2:]) for attempt, points in world.found]
    server.calls = 0
    tracking = MlflowTracking(FakeMlflowClient(server), ENTITIES, "digits")
    show(tracking, LINEAGE, kept, at(world.seconds + 3 * 86_400))
    assert content(server) == before


def test_only_the_newest_hundred_attempts_are_looked_at_and_the_others_stay():
    server, world = FakeServer(), trained()
    sync(server, world)
    before = {(m.key, m.step) for run in server.shown() for m in run.metrics}
    del world.found[0]
    sync(server, world)
    assert {(m.key, m.step) for run in server.shown() for m in run.metrics} == before
    assert len(server.shown()) == 3


@pytest.mark.parametrize("name", ["val/loss", "loss at 10: x", "a.b-c_d"])
def test_a_metric_keeps_a_name_that_mlflow_takes(name: str):
    assert tracked_name(name) == name


@pytest.mark.parametrize(
    "name", ["", ".", "../a", "/a", "a//b", "a/", "loss,x", "Verlust ß", "x" * 300]
)
def test_a_metric_with_another_name_gets_one_of_its_own(name: str):
    changed = tracked_name(name)
    assert tracked_name(changed) == changed
    assert len(changed) <= 250
    assert changed != tracked_name(name + "?")
