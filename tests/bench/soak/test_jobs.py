"""How a soak's job may end, by its plan and by what was done to it."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

import pytest

from bench.soak.jobs import (
    BEHAVIOURS,
    LOST,
    History,
    Job,
    Observed,
    Stop,
    Window,
    plan,
    possible_ends,
    problems,
    ran_twice_at_once,
    request,
)

MODEL = {"steps-algo-1": "3"}
S3_FAULT = {"service": "s3", "path": "/measurements/output/job/*"}


def job(behaviour: Any = "completes", **changes: Any) -> Job:
    return Job("job", behaviour, 3, **changes)


def ended(end: str, at: float = 100.0, reason: str = "", **changes: Any) -> History:
    time = datetime.fromtimestamp(at, UTC)
    description = {"SecondaryStatus": end, "TrainingEndTime": time, "FailureReason": reason}
    values: dict[str, Any] = {"created": 1.0, "accepted": 1, "model": MODEL}
    return History(**values | {"description": description} | changes)


def test_a_seed_draws_the_same_jobs_each_time_and_every_behaviour():
    first, again = (list(itertools.islice(plan(1), 200)) for _ in range(2))

    assert first == again
    assert {each.behaviour for each in first} == set(BEHAVIOURS)
    assert first != list(itertools.islice(plan(2), 200))
    for each in first:
        assert each.behaviour != "stubborn" or each.stop
        assert not each.warm_pool or not each.spot
        arguments = request(each, {"Subnets": ["s"]})["AlgorithmSpecification"]
        assert max(map(len, arguments["ContainerArguments"])) <= 256


@pytest.mark.parametrize(
    ("planned", "history", "ends"),
    [
        (job(), History(), {"Completed"}),
        (job("fails"), History(), {"Failed"}),
        (job("exceeds"), History(), {"MaxRuntimeExceeded"}),
        (job(faults=(S3_FAULT,)), History(), {"Completed", "Failed"}),
        (job(faults=({"service": "sagemaker"},)), History(), {"Completed"}),
        (job(stop=Stop("Training", 0)), History(), {"Completed"}),
        (job(), History(stops=[50.0]), {"Stopped"}),
        (job("fails"), History(stops=[50.0]), {"Failed", "Stopped"}),
        (job(), History(is_stop_doubtful=True), {"Completed", "Stopped"}),
        (job(), History(stops=[50.0], lost=[Window(49.0, 51.0)]), {"Completed", "Stopped"}),
        (job(), History(created=50.0, lost=[Window(49.0, 51.0)]), {"Completed", LOST}),
        (job(), History(is_doubtful=True), {"Completed", "Failed", LOST}),
    ],
)
def test_a_jobs_possible_ends_follow_from_what_was_done_to_it(
    planned: Job, history: History, ends: set[str]
):
    assert possible_ends(planned, history) == ends


def test_a_job_may_complete_while_its_stop_is_answered_and_not_after_it():
    assert problems(job(), ended("Completed", at=49.0, stops=[50.0])) == []
    assert problems(job(), ended("Completed", at=51.0, stops=[50.0])) == [
        "it ended as Completed, not as Stopped"
    ]


@pytest.mark.parametrize(
    ("planned", "history", "problem"),
    [
        (job(), ended("Failed"), "it ended as Failed, not as Completed"),
        (job(), ended("Completed", description=None), "it ended as Lost, not as Completed"),
        (job(), ended("Completed", accepted=2), "2 creations of it were accepted"),
        (job(), ended("Completed", model=None), "its model is None"),
        (job(hosts=2), ended("Completed"), "its model is {'steps-algo-1': '3'}, not"),
        (job("fails"), ended("Failed", reason="ClientError: no"), "it failed for another reason"),
        (
            job(),
            ended("Completed", observed=[Observed(1.0, 7), Observed(2.0, 6)]),
            "its checkpoint went back from step 7 to 6",
        ),
        (
            job(),
            ended("Completed", lines=[[], ["a begins after 0", "b begins after 0", "a step 1 x"]]),
            "it ran twice at once",
        ),
    ],
)
def test_what_should_not_be_is_a_problem(planned: Job, history: History, problem: str):
    assert any(found.startswith(problem) for found in problems(planned, history))


def test_what_a_killed_server_lost_is_no_step_back():
    seen = [Observed(1.0, 5), Observed(9.5, 9), Observed(12.0, 6)]
    lost = [Window(9.0, 10.0)]

    assert problems(job(), ended("Completed", observed=seen, lost=lost)) == []
    assert problems(job(), ended("Completed", observed=seen)) != []
    assert problems(job(), ended("Completed", observed=[*seen, Observed(13.0, 4)], lost=lost)) == [
        "its checkpoint went back from step 6 to 4"
    ]


def test_a_planned_failure_has_its_own_reason():
    reasons = {
        "fails": "AlgorithmError: failed as planned, exit code: 3",
        "crashes": "AlgorithmError: , exit code: 139",
    }
    for behaviour, reason in reasons.items():
        assert problems(job(behaviour), ended("Failed", reason=reason)) == []


def test_attempts_one_after_the_other_are_not_at_once():
    assert not ran_twice_at_once(["a begins after 0", "a step 1 x", "line 1", "b begins after 1"])
    assert ran_twice_at_once(["twice at once"])
