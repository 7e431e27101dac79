from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from acceptance.finding import Check, Finding, confirmed, refuted
from acceptance.judging import CHECKS, finding_of, look_at
from acceptance.report import rendered
from acceptance.scene import Scene
from acceptance.steps import STEPS


def check(look: Callable[[Scene], Finding], name: str = "a-check") -> Check:
    return Check(name, "Something is true.", "control", "up", look)


def raising(error: Exception) -> Callable[[Scene], Finding]:
    def look(_: Scene) -> Finding:
        raise error

    return look


def answered(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code}}, "GetBucketPolicy")


@pytest.mark.parametrize(
    ("look", "verdict", "evidence"),
    [
        (lambda _: confirmed("seen"), "confirmed", "seen"),
        (lambda _: refuted("not so"), "refuted", "not so"),
        (raising(answered("NoSuchBucketPolicy")), "refuted", "answered with NoSuchBucketPolicy"),
        (raising(answered("AccessDenied")), "not seen", "answered with AccessDenied"),
        (raising(answered("NotImplemented")), "not seen", "answered with NotImplemented"),
        (raising(EndpointConnectionError(endpoint_url="x")), "not seen", "EndpointConnectionError"),
        (raising(KeyError("status")), "not seen", "could not be judged: KeyError"),
    ],
)
def test_a_check_confirms_refutes_or_has_not_seen(
    scene: Scene, look: Callable[[Scene], Finding], verdict: str, evidence: str
):
    look_at(scene, [check(look)])
    found = finding_of(scene, "a-check")
    assert found["verdict"] == verdict
    assert evidence in found["evidence"]


def test_the_last_finding_of_a_check_counts_and_the_report_has_each_once(scene: Scene):
    look_at(scene, [check(lambda _: confirmed("a | b")), check(lambda _: confirmed(""), "other")])
    look_at(scene, [check(lambda _: refuted("the policy\nis gone"))])
    text = rendered(scene.diary, {"region": "eu-west-1"})
    assert text.count("Something is true.") == 2
    assert "| refuted | Something is true. | the policy is gone |" in text
    assert "**1 confirmed, 0 not seen, 1 refuted**" in text


def test_each_check_has_a_name_of_its_own_and_follows_a_step():
    assert [
        name for name, number in Counter(each.name for each in CHECKS).items() if number > 1
    ] == []
    assert {each.after for each in CHECKS} <= {step.name for step in STEPS}
    assert {each.source for each in CHECKS} == {"promise", "control", "assumption"}
