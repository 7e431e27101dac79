"""Spot capacity that comes and goes by chance."""

from __future__ import annotations

import math
import threading
from pathlib import Path
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from localcloud.__main__ import app
from localcloud.protocol.errors import ServiceError
from localcloud.sagemaker.jobs.records import TrainingJob, Transition
from localcloud.sagemaker.runtime.control import Interruption
from localcloud.sagemaker.runtime.spot_schedule import Market, SpotSchedule
from localcloud.server import daemon
from tests.localcloud.cloud import FAST, LISTEN, Cloud, eventually
from tests.localcloud.spot import SPOT, rows

WAIT_SECONDS = 30.0
LONG = {"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 600}
OFTEN = {"interval": 0.01, "drought": 0.0, "abrupt": 1.0, "seed": 1}


def job(name: str = "job", *, spot: bool = True, interruptions: int = 0) -> TrainingJob:
    return TrainingJob(
        name=name,
        account="123456789012",
        region="us-east-1",
        request={"EnableManagedSpotTraining": spot},
        created=0.0,
        modified=0.0,
        transitions=(Transition("Interrupted", 0.0, ""),) * interruptions,
    )


@given(st.integers(), st.text(min_size=1), st.integers(0, 20))
def test_a_seed_decides_what_happens_to_each_job(seed: int, name: str, number: int):
    market = Market(interval=60.0, drought=5.0, seed=seed)

    assert market.interruption(name, number) == market.interruption(name, number)
    assert market.interruption(name, number) != market.interruption(name, number + 1)
    assert market.interruption(name, number) != market.interruption(name + "x", number)
    assert market.launch_delay(name) == market.launch_delay(name)


def test_times_and_shares_are_those_that_were_asked_for():
    market = Market(interval=60.0, drought=5.0, abrupt=0.25)

    drawn = [market.interruption("job", number) for number in range(4000)]

    assert mean(after for after, _ in drawn) == pytest.approx(60.0, rel=0.1)
    assert mean(each.drought for _, each in drawn) == pytest.approx(5.0, rel=0.1)
    assert mean(each.abrupt for _, each in drawn) == pytest.approx(0.25, rel=0.15)


def test_without_droughts_there_is_capacity_at_once():
    _, interruption = Market(interval=60.0).interruption("job", 0)

    assert interruption.drought == 0.0
    assert Market(interval=60.0).launch_delay("job") == 0.0


def test_only_spot_jobs_wait_and_are_interrupted():
    schedule = SpotSchedule(Market(interval=0.001, drought=60.0))

    with schedule.reclaiming(job(spot=False), lambda _: pytest.fail("on demand")):
        assert "spot" not in {thread.name for thread in threading.enumerate()}
    assert schedule.launch_delay(job(spot=False)) == 0.0
    assert schedule.launch_delay(job()) > 0.0


def test_a_new_schedule_holds_for_jobs_that_train():
    schedule, interrupted = SpotSchedule(), threading.Event()

    with schedule.reclaiming(job(), lambda _: interrupted.set()):
        assert not interrupted.is_set()
        schedule.replace(OFTEN)
        assert interrupted.wait(WAIT_SECONDS)


def test_each_interruption_is_the_next_in_the_jobs_row():
    market = Market(interval=0.001, drought=5.0, seed=3)
    schedule, found, came = SpotSchedule(market), list[Interruption](), threading.Event()

    def interrupt(interruption: Interruption) -> None:
        found.append(interruption)
        came.set()

    for before in range(3):
        came.clear()
        with schedule.reclaiming(job(interruptions=before), interrupt):
            assert came.wait(WAIT_SECONDS)
    assert found == [market.interruption("job", number)[1] for number in range(3)]


WRONG: list[dict[str, object]] = [
    {"interval": -1},
    {"interval": math.inf},
    {"interval": 10**400},
    {"interval": True},
    {"abrupt": 2},
    {"seed": "x"},
    {"drought": ""},
]


@pytest.mark.parametrize("wrong", WRONG)
def test_a_schedule_that_cannot_be_is_refused(wrong: dict[str, object]):
    schedule = SpotSchedule()

    with pytest.raises(
        ServiceError, match=f"not a spot schedule: {next(iter(wrong))}: Input should be"
    ):
        schedule.replace(OFTEN | wrong)

    assert schedule.show({}) == {"interval": 0.0, "drought": 0.0, "abrupt": 0.5, "seed": 0}


@pytest.mark.deep
def test_jobs_are_interrupted_by_a_schedule_and_may_never_get_capacity(tmp_path: Path):
    data = tmp_path / "cloud"
    cloud = Cloud(daemon.start(data, *FAST, "--spot-interval", "1", "--spot-seed", "3"), data)
    try:
        name = cloud.create(LISTEN, **SPOT | {"StoppingCondition": LONG})
        eventually(lambda: True if interruptions(cloud, name) >= 2 else None)
        arguments = ["spot", "--data", str(data), "--drought", "3600"]
        assert CliRunner().invoke(app, arguments).exit_code == 0
        limits = {"MaxRuntimeInSeconds": 1, "MaxWaitTimeInSeconds": 2}
        waited = cloud.run(LISTEN, **SPOT | {"StoppingCondition": limits})
    finally:
        daemon.stop(data)
    assert (waited["TrainingJobStatus"], rows(waited)) == (
        "Stopped",
        ["Starting", "Stopping", "MaxWaitTimeExceeded"],
    )
    assert "TrainingStartTime" not in waited


def interruptions(cloud: Cloud, name: str) -> int:
    job = cloud.describe(name)
    assert job["TrainingJobStatus"] == "InProgress"
    return rows(job).count("Interrupted")
