"""Wildcards in the patterns of rules."""

from __future__ import annotations

import json
from typing import Any

import pytest

from localcloud.events.event_patterns import fault, matches
from tests.localcloud.alerting import Alerting
from tests.localcloud.cloud import Cloud, refusal


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("same", "same", True),
        ("same", "same more", False),
        ("*", "", True),
        ("a*", "abc", True),
        ("*c", "abc", True),
        ("a*c", "abc", True),
        ("a*bc*c", "abcxc", True),
        ("ab*bc", "abc", False),
        ("a*b*c", "acb", False),
        ("a*b*b", "ab", False),
        ("*a*a*", "a", False),
        ("line*end", "line\nend", True),
        (r"a\*c", "a*c", True),
        (r"a\*c", "abc", False),
        (r"a\\*c", r"a\bc", True),
        ("a*b" * 1_000, "ab" * 1_000, True),
        ("*a" * 1_000 + "*b", "a" * 100_000, False),
    ],
)
def test_a_wildcard_stands_for_any_characters_without_backtracking(
    pattern: str, text: str, expected: bool
):
    assert matches(text, pattern) is expected


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("a*b", ""),
        (r"a\**", ""),
        ("*a*", ""),
        ("a**b", "Consecutive wildcard characters at pos 2"),
        ("**", "Consecutive wildcard characters at pos 1"),
        (r"a\b", "Invalid escape character at pos 1"),
        ("a\\", "Invalid escape character at pos 1"),
    ],
)
def test_a_wildcard_pattern_that_eventbridge_does_not_take_has_a_reason(
    pattern: str, expected: str
):
    assert fault(pattern) == expected


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        (json.dumps({"source": [{"wildcard": "a**b"}]}), "Consecutive wildcard characters"),
        (json.dumps({"source": [{"anything-but": {"wildcard": "a**"}}]}), "Consecutive wildcard"),
    ],
)
def test_a_rule_with_a_pattern_that_is_not_valid_is_refused(
    cloud: Cloud, pattern: str, message: str
):
    put: Any = cloud.client("events").put_rule

    code, said = refusal(put, Name="wrong", EventPattern=pattern)

    assert code == "InvalidEventPatternException"
    assert message in said


def test_a_costly_pattern_matches_and_a_broken_one_does_not_affect_other_rules(alerting: Alerting):
    costly = {"source": [{"wildcard": "*a" * 500 + "*b"}]}
    for name, pattern in (("costly", costly), ("broken", {"source": [{"prefix": 5}]})):
        alerting.rule(name, {"Arn": alerting.queue_arn}, EventPattern=json.dumps(pattern))
    sane = {"source": [{"wildcard": "aaa*b"}]}
    target = {"Arn": alerting.queue_arn, "Input": '{"arrived": true}'}
    alerting.rule("sane", target, EventPattern=json.dumps(sane))

    entry = {"Source": "a" * 1_000 + "b", "DetailType": "test", "Detail": "{}"}
    assert alerting.events.put_events(Entries=[entry])["FailedEntryCount"] == 0

    assert {"arrived": True} in alerting.received(2)
