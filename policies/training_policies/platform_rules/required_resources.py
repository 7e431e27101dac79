"""What an organisation may ask of every stack with training jobs: a budget, alerts, a boundary.

By default nothing is asked: a stack can do without them, and only the organisation knows whether
it has them elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from training_policies.compliance import nist
from training_policies.parameters import flag, matches, texts
from training_policies.platform_rules.resource_types import of_types
from training_policies.policy import Parameters, Policy, StackPolicy
from training_policies.resource import UNKNOWN, Resource, is_absent
from training_policies.training_job import training_jobs
from training_policies.violation import Violation

_RECEIVERS = {
    "aws:chatbot/slackChannelConfiguration:SlackChannelConfiguration": "snsTopicArns",
    "aws:chatbot/teamsChannelConfiguration:TeamsChannelConfiguration": "snsTopicArns",
    "aws:sns/topicSubscription:TopicSubscription": "topic",
}
"""What gets the messages of a topic, and the property that names the topic."""

_SUBSCRIBERS = ("subscriberSnsTopicArns", "subscriberEmailAddresses")


def _judge_budget(resources: Sequence[Resource], parameters: Parameters) -> Iterator[Violation]:
    if _is_asked(resources, parameters) and not any(map(_warns_of_costs, resources)):
        yield Violation(
            "a stack without a budget",
            "no one hears of what it costs before the bill comes",
            "none",
            "a budget of costs, with a notification that someone gets",
        )


def _warns_of_costs(resource: Resource) -> bool:
    if resource.type != "aws:budgets/budget:Budget" or resource.read("budgetType") != "COST":
        return False
    listed = resource.read("notifications")
    notifications = listed if isinstance(listed, list) else []
    return listed is UNKNOWN or any(
        isinstance(each, dict) and any(each.get(name) for name in _SUBSCRIBERS)
        for each in notifications
    )


def _judge_alerts(resources: Sequence[Resource], parameters: Parameters) -> Iterator[Violation]:
    receives = any(
        each.type in _RECEIVERS and not is_absent(each.read(_RECEIVERS[each.type]))
        for each in resources
    )
    if _is_asked(resources, parameters) and not receives:
        yield Violation(
            "a stack without a receiver of alerts",
            "no one hears of a job that fails or takes too long",
            "none",
            "a subscription of a topic, or a channel of a chat",
        )


def _is_asked(resources: Sequence[Resource], parameters: Parameters) -> bool:
    return bool(parameters["required"] and list(training_jobs(resources)))


def _judge_boundary(role: Resource, parameters: Parameters) -> Iterator[Violation]:
    boundaries, found = parameters["boundaries"], role.read("permissionsBoundary")
    if boundaries and found is not UNKNOWN and not matches(found, boundaries):
        yield Violation(
            "permissionsBoundary",
            "without the organisation's boundary, a role may do all that its policies say",
            found,
            boundaries,
        )


REQUIRED_BUDGET = StackPolicy(
    name="stack-budget",
    checks="a stack with training jobs has a budget, where the configuration asks for one",
    severity="medium",
    controls=[nist("SC-6"), nist("AU-6")],
    remedy="add a budget; in this project's settings, set alerts.monthlyBudgetUsd",
    parameters={"required": flag("Whether each stack with training jobs must have a budget.")},
    judge=_judge_budget,
)

REQUIRED_ALERTS = StackPolicy(
    name="stack-alerts",
    checks="a stack with training jobs has a receiver of alerts, where the configuration asks "
    "for one",
    severity="medium",
    controls=[nist("SI-4"), nist("IR-6")],
    remedy="add a subscription; in this project's settings, set alerts.emails or alerts.slack",
    parameters={
        "required": flag("Whether each stack with training jobs must have a receiver of alerts.")
    },
    judge=_judge_alerts,
)

PERMISSIONS_BOUNDARY = Policy(
    name="iam-permissions-boundary",
    checks="each role has one of the organisation's permissions boundaries, where the "
    "configuration names any",
    severity="high",
    controls=[nist("AC-6")],
    remedy="set the role's permissionsBoundary; in this project's settings, permissionsBoundary",
    parameters={
        "boundaries": texts(
            [],
            "Patterns of the ARNs of the boundaries of which each role must have one, as "
            "arn:aws:iam::123456789012:policy/boundary. None asks for no boundary.",
        )
    },
    applies=of_types("aws:iam/role:Role"),
    judge=_judge_boundary,
)
