"""The pack computes a cost ceiling by itself, and comes to the same as the program."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from components.training_job.request.cost import UNKNOWN_COST, cost_ceiling
from tests.policies.subjects import job, request
from training_policies.instances import Prices, instance_types
from training_policies.quotas.measures import cost
from training_policies.quotas.quota import Scope
from training_policies.resource import Resource
from training_policies.training_job import TrainingJobView, training_job

seconds = st.integers(1, 28 * 86_400)
types = st.sampled_from(sorted(instance_types()))
counts = st.integers(1, 200)


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
    ours = cost(subject, Scope("all"), Prices())
    if theirs == UNKNOWN_COST:
        assert ours is None
    else:
        assert ours is not None
        assert abs(ours - float(theirs)) < 1e-4 + 1e-9 * ours


def test_an_unknown_price_is_refused_unless_the_configuration_says_otherwise():
    unpriced = view(job("ml.c4.xlarge", 1))
    assert cost(unpriced, Scope("all"), Prices()) is None
    assert cost(unpriced, Scope("all"), Prices(unknown="allow")) == 0
    assert cost(unpriced, Scope("all"), Prices({"ml.c4.xlarge": 6.0})) == 7.0


def test_the_organisations_own_price_comes_first():
    assert cost(view(job("ml.g5.2xlarge", 1)), Scope("all"), Prices({"ml.g5.2xlarge": 0.6})) == 0.7
