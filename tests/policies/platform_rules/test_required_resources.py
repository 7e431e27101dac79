from __future__ import annotations

from typing import Any

import pytest

from tests.policies.subjects import job, resource, violations
from training_policies.platform_rules.required_resources import REQUIRED_ALERTS, REQUIRED_BUDGET
from training_policies.policy import StackPolicy
from training_policies.resource import UNKNOWN, Resource

TOPIC = "arn:aws:sns:us-east-1:123456789012:alerts"
WARNING = {"notificationType": "FORECASTED", "subscriberSnsTopicArns": [TOPIC]}
SLACK = "aws:chatbot/slackChannelConfiguration:SlackChannelConfiguration"


def budget(**changes: Any) -> Resource:
    inputs = {"budgetType": "COST", "limitAmount": "9", "notifications": [WARNING]}
    return resource("aws:budgets/budget:Budget", inputs | changes)


def subscription(topic: Any) -> Resource:
    return resource("aws:sns/topicSubscription:TopicSubscription", {"topic": topic})


ENOUGH: list[tuple[StackPolicy, Resource]] = [
    (REQUIRED_BUDGET, budget()),
    (REQUIRED_BUDGET, budget(notifications=[{"subscriberEmailAddresses": ["a@example.org"]}])),
    (REQUIRED_BUDGET, budget(notifications=[{"subscriberSnsTopicArns": [UNKNOWN]}])),
    (REQUIRED_BUDGET, budget(notifications=UNKNOWN)),
    (REQUIRED_ALERTS, subscription(TOPIC)),
    (REQUIRED_ALERTS, subscription(UNKNOWN)),
    (REQUIRED_ALERTS, resource(SLACK, {"snsTopicArns": [TOPIC]})),
]
TOO_LITTLE: list[tuple[StackPolicy, Resource]] = [
    (REQUIRED_BUDGET, budget(budgetType="USAGE")),
    (REQUIRED_BUDGET, budget(notifications=[])),
    (REQUIRED_BUDGET, budget(notifications=[{"notificationType": "ACTUAL"}])),
    (REQUIRED_BUDGET, budget(notifications=[{"subscriberSnsTopicArns": []}])),
    (REQUIRED_BUDGET, subscription(TOPIC)),
    (REQUIRED_ALERTS, resource("aws:sns/topic:Topic", {"name": "alerts"})),
    (REQUIRED_ALERTS, resource(SLACK, {"snsTopicArns": []})),
    (REQUIRED_ALERTS, budget()),
]


@pytest.mark.parametrize(("policy", "subject"), ENOUGH)
def test_a_stack_that_has_what_is_required_passes(policy: StackPolicy, subject: Resource):
    assert violations(policy, [job(), subject], {"required": True}) == []


@pytest.mark.parametrize(("policy", "subject"), TOO_LITTLE)
def test_a_stack_that_lacks_it_is_a_violation_only_where_it_is_required(
    policy: StackPolicy, subject: Resource
):
    assert len(violations(policy, [job(), subject], {"required": True})) == 1
    assert violations(policy, [job(), subject]) == []


@pytest.mark.parametrize("policy", [REQUIRED_BUDGET, REQUIRED_ALERTS])
def test_a_stack_without_jobs_needs_nothing(policy: StackPolicy):
    assert violations(policy, [resource("aws:s3/bucket:Bucket", {})], {"required": True}) == []
