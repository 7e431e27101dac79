"""What is true of any job: valid is accepted, broken refused, and placement launches nothing."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from botocore.validate import ParamValidator
from hypothesis import given, settings
from hypothesis import strategies as st

from components.problems import Problem
from components.training_job.request.definition import definition_hash, definition_of
from components.training_job.request.service_model import conform, request_problems, request_shape
from components.training_job.request.training_request import (
    Placement,
    fallback_requests,
    training_request,
)
from components.training_job.rules.job_rules import job_problems
from components.training_job.run.decision import Decision, decide
from components.training_job.settings.job_settings import JobSettings
from components.validation import validate
from tests.components.training_job.any_job import jobs
from tests.components.training_job.conftest import PLACEMENT, inputs_of_job

Settings = dict[str, Any]
FEWER = settings(max_examples=40)
Request = dict[str, Any]


def problems_of(job: Settings) -> list[Problem]:
    model, problems = validate(JobSettings, job)
    return problems + (job_problems(model, Path("/nowhere")) if model else [])


def requests_of(job: Settings, placement: Placement = PLACEMENT) -> list[Request]:
    """The request of each attempt that the job may need."""
    model = JobSettings.model_validate(job)
    first = training_request(model, placement)
    return [first, *(first | each for each in fallback_requests(model, placement))]


def hash_of(request: Request) -> str:
    return definition_hash(definition_of(conform(request), "0", ""))


def botocore_refuses(request: Request) -> bool:
    named = request | {"TrainingJobName": "a"}
    return bool(ParamValidator().validate(named, request_shape()).has_errors())


@FEWER
@given(jobs())
def test_a_valid_job_breaks_no_rule_and_its_requests_are_accepted(job: Settings) -> None:
    assert problems_of(job) == []
    for request in requests_of(job):
        assert request_problems(request) == []
        assert not botocore_refuses(request)


@FEWER
@given(jobs())
def test_the_same_settings_have_the_same_hash_in_any_order(job: Settings) -> None:
    backwards = json.loads(json.dumps(job), object_pairs_hook=lambda kv: dict(reversed(kv)))
    assert hash_of(requests_of(job)[0]) == hash_of(requests_of(backwards)[0])


@FEWER
@given(jobs())
def test_each_attempt_is_the_same_definition_but_for_its_instances(job: Settings) -> None:
    first, *others = [definition_of(each, "0", "") for each in requests_of(job)]
    for other in others:
        assert other | {"instances": None} == first | {"instances": None}


BREAKS: list[tuple[str, Callable[[Settings], Settings]]] = [
    ("no image", lambda job: {k: v for k, v in job.items() if k != "image"}),
    ("two of them", lambda job: job | {"algorithm": "scan"}),
    ("an unknown key", lambda job: job | {"instancetype": "ml.g5.xlarge"}),
    ("no instance", lambda job: job | {"instanceCount": 0}),
    ("no type", lambda job: job | {"instanceType": "ml.none.large", "instanceGroups": {}}),
    ("no volume", lambda job: job | {"volumeGb": 0}),
    ("too long", lambda job: job | {"maxRuntime": "29d"}),
    ("too short a wait", lambda job: job | {"maxRuntime": 7200, "spot": {"maxWait": 7199}}),
    ("no checkpoints", lambda job: job | {"spot": {"checkpoints": False}}),
    ("kept on spot", lambda job: job | {"spot": True, "keepAlive": 60}),
    ("kept for too long", lambda job: job | {"spot": False, "keepAlive": "7h"}),
    ("too many retries", lambda job: job | {"maxRetries": 31}),
    ("too many variables", lambda job: job | {"environment": {f"V{n}": "" for n in range(101)}}),
    ("too long a value", lambda job: job | {"environment": {"A": "x" * 513}}),
    ("a bad variable", lambda job: job | {"environment": {"1": "x"}}),
    ("a secret", lambda job: job | {"environment": {"A": "AKIA0123456789ABCDEF"}}),
    ("a metric without a group", lambda job: job | {"metrics": {"a": "x"}}),
    ("a channel from nowhere", lambda job: job | {"inputs": {"a": {}}}),
    ("a reserved channel", lambda job: job | {"inputs": {"code": {"s3Uri": "s3://data/"}}}),
    ("isolated secrets", lambda job: job | {"networkIsolation": True, "secrets": {"A": "arn"}}),
    ("useless fallbacks", lambda job: job | {"relaunch": "never", "fallbacks": [{"spot": False}]}),
    ("an override", lambda job: job | {"extra": {"RoleArn": "other"}}),
    ("an unknown part", lambda job: job | {"extra": {"Rolearn": "other"}}),
]  # fmt: skip


@FEWER
@given(jobs(), st.sampled_from(BREAKS))
def test_a_broken_job_is_refused(
    job: Settings, broken: tuple[str, Callable[[Settings], Settings]]
) -> None:
    assert problems_of(broken[1](job))


WRONG = st.sampled_from([None, 7, -1, True, 1.5, "", "x" * 3000, [], [7], {}, {"Unknown": "x"}])


@st.composite
def mutations(draw: st.DrawFn) -> Request:
    """A valid request in which one value, anywhere, became another or is gone."""
    request = copy.deepcopy(draw(st.sampled_from(requests_of(draw(jobs())))))
    place: Any = request
    while True:
        key = draw(st.sampled_from(range(len(place)) if isinstance(place, list) else sorted(place)))
        if not (isinstance(place[key], dict | list) and place[key] and draw(st.booleans())):
            break
        place = place[key]
    if isinstance(place, dict) and draw(st.booleans()):
        del place[key]
    else:
        place[key] = draw(WRONG)
    return request


@FEWER
@given(mutations())
def test_what_botocore_refuses_is_refused_before(request: Request) -> None:
    checked = conform(request)
    assert request_problems(checked) or not botocore_refuses(checked)


PLACEMENTS: list[Callable[[Settings], Settings]] = [
    lambda job: job | {"maxRuntime": 60, "spot": {"maxWait": 120}, "keepAlive": None},
    lambda job: job | {"spot": False},
    lambda job: job | {"volumeGb": 77},
    lambda job: job | {"metrics": {"other": "y=(.*)"}},
    lambda job: job | {"networkIsolation": not job.get("networkIsolation", True)},
    lambda job: job | {"maxRetries": 7},
    lambda job: job | {"tags": {"experiment": "other"}},
    lambda job: job | {"fallbacks": []},
    lambda job: job | {"relaunch": "onFailure", "maxAttempts": 30},
    lambda job: job | {"extra": {"ProfilerConfig": {"DisableProfiler": True}}},
]
ELSEWHERE = replace(
    PLACEMENT,
    role_arn="arn:aws:iam::123456789012:role/other",
    key_arn=PLACEMENT.key_arn.replace("0", "1"),
    subnet_ids=["subnet-11111111"],
    security_group_ids=["sg-11111111"],
    code_uri="s3://artifacts/source/research-dev-digits/1/",
    tags={"team": "vision"},
)
STATUSES = st.sampled_from(
    [("InProgress", "running"), ("Completed", "completed"), ("Failed", "script error"),
     ("Stopped", "stopped"), ("Stopped", "out of wait")]
)  # fmt: skip


def recorded(job: Settings, placement: Placement) -> Settings:
    """A job's checked inputs; a failure is not tried again."""
    return inputs_of_job(
        job,
        placement,
        owner=placement.role_arn,
        definition_hash=hash_of(requests_of(job, placement)[0]),
        relaunch="never",
        max_attempts=3,
    )


@FEWER
@given(jobs(), st.sampled_from(PLACEMENTS), st.booleans(), STATUSES)
def test_another_placement_never_relaunches(
    job: Settings,
    change: Callable[[Settings], Settings],
    elsewhere: bool,
    status: tuple[str, str],
) -> None:
    now = {"training_job_name": "a-1", "status": status[0], "outcome": status[1], "tries": 1}
    olds = recorded(job, PLACEMENT) | now
    news = recorded(change(job), ELSEWHERE if elsewhere else PLACEMENT)
    assert decide(olds, news) in (Decision.UPDATE, Decision.NOTHING)


@FEWER
@given(jobs(), STATUSES)
def test_what_the_engine_does_to_an_unchanged_job_is_no_difference(
    job: Settings, status: tuple[str, str]
) -> None:
    now = {"training_job_name": "a-1", "status": status[0], "outcome": status[1], "tries": 1}
    inputs = recorded(job, PLACEMENT)
    noisy = as_the_engine_sends_it(inputs["request"])
    assert decide(inputs | now, inputs | {"request": conform(noisy)}) is Decision.NOTHING


def as_the_engine_sends_it(value: Any) -> Any:
    """A value with its numbers as floats, where a float can be that number, and with nulls."""
    if isinstance(value, dict):
        return {key: as_the_engine_sends_it(each) for key, each in value.items()} | {"Null": None}
    if isinstance(value, list):
        return [as_the_engine_sends_it(each) for each in value]
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return float(value) if is_number and float(value) == value else value
