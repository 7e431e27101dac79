from __future__ import annotations

import json

import pytest

from training_policies.policy import Claim
from training_policies.stack_identity import (
    TAGS_SETTING,
    is_preview,
    stack_name,
    stack_of,
    stack_settings,
    writes_tags,
)


def test_a_stack_is_its_tags_and_where_they_say_nothing_its_settings():
    stack = stack_of("dev", {"team": "a"}, {"team": "b", "environment": "c"}, trust_settings=True)
    assert (stack.name, stack.team, stack.environment) == ("dev", "a", "c")
    assert stack.claims == (
        Claim("the stack's tags", "a", ""),
        Claim("the stack's settings", "b", "c"),
    )


def test_settings_that_are_not_trusted_are_only_a_claim():
    stack = stack_of("dev", {}, {"team": "b", "environment": "c"}, trust_settings=False)
    assert (stack.team, stack.environment) == ("", "")
    assert stack.tags_only
    assert stack.claims[1] == Claim("the stack's settings", "b", "c")


def test_where_settings_are_not_trusted_tags_that_they_can_write_do_not_count():
    tags = {"team": "a", "environment": "b"}
    settings = {TAGS_SETTING: '{"team":"a"}'}
    assert stack_of("dev", tags, {}, trust_settings=False).team == "a"
    stack = stack_of("dev", tags, settings, trust_settings=False)
    assert (stack.team, stack.environment) == ("", "")
    assert stack_of("dev", tags, settings, trust_settings=True).team == "a"


def test_the_tag_that_pulumi_new_writes_takes_no_trust_from_the_others():
    tags, settings = {"team": "a", "environment": "b"}, {TAGS_SETTING: '{"pulumi:template":"x"}'}
    stack = stack_of("dev", tags, settings, trust_settings=False)
    assert (stack.team, stack.environment) == ("a", "b")


@pytest.mark.parametrize(
    "value", ["{", "[]", "", '"team"', '{"pulumi:template":"x","team":"a"}', '{"Team":"a"}', None]
)
def test_a_setting_that_may_write_other_tags_does(value: object):
    assert writes_tags(value)


def test_the_engine_passes_the_stack_and_its_settings_to_a_packs_process(
    monkeypatch: pytest.MonkeyPatch,
):
    config = {"sagemaker-training:team": "research", "aws:region": "us-east-1", "other:team": "x"}
    config[TAGS_SETTING] = "{}"
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps(config))
    monkeypatch.setenv("PULUMI_PROJECT", "sagemaker-training")
    monkeypatch.setenv("PULUMI_STACK", "dev")
    assert stack_settings() == {"team": "research", TAGS_SETTING: "{}"}
    assert stack_name() == "dev"


@pytest.mark.parametrize(("passed", "expected"), [("true", True), ("false", False), (None, False)])
def test_a_run_is_a_preview_only_where_the_engine_says_so(
    monkeypatch: pytest.MonkeyPatch, passed: str | None, expected: bool
):
    monkeypatch.delenv("PULUMI_DRY_RUN", raising=False)
    if passed:
        monkeypatch.setenv("PULUMI_DRY_RUN", passed)
    assert is_preview() is expected
