from __future__ import annotations

import json

import pytest

from tests.localcloud.awsplugin.plugin import TAGS, InputsError, Plugin, allow

SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"


def test_a_topic_lives_from_its_creation_to_its_end(plugin: Plugin) -> None:
    plugin.assert_lifecycle(
        "aws:sns/topic:Topic",
        {"kmsMasterKeyId": plugin.key().id, "displayName": "alerts", "tags": TAGS},
        change={"displayName": "Alerts", "tags": {}},
        replace={"name": "another"},
    )


def test_a_policy_is_reset_at_its_end_as_a_topic_cannot_be_without_one(plugin: Plugin) -> None:
    topic, events = plugin.topic(), {"Service": "events.amazonaws.com"}
    plugin.assert_lifecycle(
        "aws:sns/topicPolicy:TopicPolicy",
        {"arn": topic, "policy": allow("sns:Publish", topic, Principal=events)},
        change={"policy": allow("sns:*", topic, Principal=events)},
        replace={"arn": plugin.topic()},
        stays=True,
    )


def test_a_subscription_lives_from_its_creation_to_its_end(plugin: Plugin) -> None:
    plugin.assert_lifecycle(
        "aws:sns/topicSubscription:TopicSubscription",
        {"topic": plugin.topic(), "protocol": "email", "endpoint": "team@example.com"},
        change={"filterPolicy": json.dumps({"team": ["research"]})},
        replace={"endpoint": "other@example.com"},
    )


def test_an_endpoint_that_is_no_address_is_refused_before_anything_is_made(plugin: Plugin) -> None:
    with pytest.raises(InputsError, match="not an e-mail address"):
        plugin.check(SUBSCRIPTION, {"topic": "t", "protocol": "email", "endpoint": "no-one"})
