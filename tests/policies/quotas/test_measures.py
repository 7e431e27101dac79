"""The pack computes a cost ceiling by itself, and comes to the same as the program."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from components.training_job.request.cost import UNKNOWN_COST, cost_ceiling, tuning_ceiling
from tests.policies.subjects import job, request, resource, tuning_job
from training_policies.instances import Prices, instance_types
from training_policies.quotas.measures import (
    accelerators,
    cost,
    instances,
    jobs,
    trials,
    tuning_cost,
)
from training_policies.quotas.quota import Scope
from training_policies.resource import UNKNOWN, Resource
from training_policies.training_job import TrainingJobView, training_job
from training_policies.tuning import AWS_TUNING_TYPE

seconds = st.integers(1, 28 * 86_400)
types = st.sampled_from(sorted(instance_types()))
counts = st.integers(1, 200)
ALL = Scope("all")


@st.composite
def requests(draw: st.DrawFn) -> dict[str, Any]:
    kept = draw(st.none() | st.integers(60, 21_600))
    more = {} if kept is None else {"KeepAlivePeriodInSeconds": kept}
    groups = draw(st.lists(st.tuples(types, counts), max_size=3))
    if groups:
        written = [{"InstanceType": name, "InstanceCount": count} for name, count in groups]
        made = request(runtime=draw(seconds), InstanceGroups=written, **more)
        del made["ResourceConfig"]["InstanceType"], made["ResourceConfig"]["InstanceCount"]
        return made
    return request(draw(types), draw(counts), runtime=draw(seconds), **more)


def view(subject: Resource) -> TrainingJobView:
    seen = training_job(subject)
    assert seen is not None
    return seen


@given(requests(), st.lists(requests(), max_size=2), st.integers(1, 30))
def test_the_ceiling_is_the_programs(
    first: dict[str, Any], fallbacks: list[dict[str, Any]], attempts: int
):
    inputs = {"request": first, "relaunch": "onFailure", "max_attempts": attempts}
    subject = view(job(inputs=inputs | ({"fallbacks": fallbacks} if fallbacks else {})))
    theirs = cost_ceiling([first, *(first | each for each in fallbacks)], attempts)
    ours = cost(subject, ALL, Prices())
    if theirs == UNKNOWN_COST:
        assert ours is None
    else:
        assert ours is not None
        assert abs(ours - float(theirs)) < 1e-4 + 1e-9 * ours


@given(
    requests().filter(lambda each: "KeepAlivePeriodInSeconds" not in each["ResourceConfig"]),
    st.integers(1, 30),
    st.none() | st.integers(1, 10_000),
    st.integers(1, 100),
    st.none() | st.integers(120, 30 * 86_400),
)
def test_the_ceiling_of_a_tuning_job_is_the_programs(
    first: dict[str, Any], attempts: int, most: int | None, parallel: int, longest: int | None
):
    inputs = {"request": first, "relaunch": "onFailure", "max_attempts": attempts}
    subject = view(tuning_job(trials=most, parallel=parallel, longest=longest, inputs=inputs))
    given_limits = {"MaxNumberOfTrainingJobs": most, "MaxRuntimeInSeconds": longest}
    config = {name: each for name, each in given_limits.items() if each is not None}
    config["MaxParallelTrainingJobs"] = parallel
    theirs = tuning_ceiling(first, {"ResourceLimits": config}, attempts)
    ours = cost(subject, ALL, Prices())
    assert tuning_cost(subject, ALL, Prices()) == ours
    if theirs == UNKNOWN_COST:
        assert ours is None
    else:
        assert ours is not None
        assert abs(ours - float(theirs)) < 1e-4 + 1e-9 * ours


@given(st.integers(1, 99), st.integers(1, 99), st.none() | seconds, st.none() | seconds)
def test_more_trials_or_more_of_them_at_once_never_take_less(
    most: int, parallel: int, longest: int | None, runtime: int | None
):
    def taken(trials_more: int, parallel_more: int) -> list[float]:
        tuned = tuning_job(
            trials=most + trials_more, parallel=parallel + parallel_more, longest=longest,
            runtime=runtime,
        )  # fmt: skip
        measured = (instances, accelerators, jobs, trials, cost, tuning_cost)
        found = [each(view(tuned), ALL, Prices()) for each in measured]
        return [float("inf") if each is None else each for each in found]

    fewer = taken(0, 0)
    for more in (taken(1, 0), taken(0, 1)):
        assert all(one <= other for one, other in zip(fewer, more, strict=True))


def test_the_parallel_trials_of_a_tuning_job_count_each():
    subject = view(tuning_job("ml.g5.12xlarge", 2, parallel=3, trials=7))
    counted = [each(subject, ALL, Prices()) for each in (instances, accelerators, jobs, trials)]
    assert counted == [6, 24, 3, 7]
    other = Scope("family", "p5")
    assert [each(subject, other, Prices()) for each in (instances, jobs, trials)] == [0, 0, 0]
    plain = view(job())
    assert [each(plain, ALL, Prices()) for each in (trials, tuning_cost)] == [0, 0]


@given(st.sampled_from([None, UNKNOWN, 0, -1, True, "4"]))
def test_a_number_of_trials_that_is_no_number_is_not_known_and_none_is_less_than_one(odd: Any):
    subject = view(tuning_job(parallel=odd, trials=odd))
    expected = 1 if odd == 0 and odd is not False else None
    assert jobs(subject, ALL, Prices()) == expected
    assert trials(subject, ALL, Prices()) == expected
    assert instances(subject, ALL, Prices()) == (expected and 2)


def test_autotune_has_no_ceiling_without_both_limits():
    definition = request("ml.g5.2xlarge", 1)
    for limits, known in (
        ({"maxNumberOfTrainingJobs": 3}, False),
        ({"maxRuntimeInSeconds": 3600}, False),
        ({"maxNumberOfTrainingJobs": 3, "maxRuntimeInSeconds": 3600}, True),
    ):
        properties = {
            "trainingJobDefinition": definition,
            "config": {"resourceLimits": {"maxParallelTrainingJobs": 2, **limits}},
        }
        tuned = view(resource(AWS_TUNING_TYPE, properties | {"autotune": {"mode": "Enabled"}}))
        assert (cost(tuned, ALL, Prices()) is not None) is known
        assert cost(view(resource(AWS_TUNING_TYPE, properties)), ALL, Prices()) is not None


def test_trials_that_keep_their_instances_have_no_ceiling():
    assert cost(view(tuning_job(KeepAlivePeriodInSeconds=60)), ALL, Prices()) is None
    assert cost(view(tuning_job(KeepAlivePeriodInSeconds=0)), ALL, Prices()) is not None


def test_an_unknown_price_is_refused_unless_the_configuration_says_otherwise():
    unpriced = view(job("ml.c4.xlarge", 1))
    assert cost(unpriced, ALL, Prices()) is None
    assert cost(unpriced, ALL, Prices(unknown="allow")) == 0
    assert cost(unpriced, ALL, Prices({"ml.c4.xlarge": 6.0})) == 7.0


def test_the_organisations_own_price_comes_first():
    assert cost(view(job("ml.g5.2xlarge", 1)), ALL, Prices({"ml.g5.2xlarge": 0.6})) == 0.7
