"""Topics that carry alerts, and the logs that say afterwards what happened."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from training_policies.compliance import nist, security_hub
from training_policies.parameters import texts
from training_policies.platform_rules.bucket_policies import OWN_CALLERS, refuses_only_plain_text
from training_policies.platform_rules.document_rules import for_documents
from training_policies.platform_rules.iam_statements import Statement, allowing, denying
from training_policies.platform_rules.resource_types import of_types
from training_policies.policy import Parameters, Policy
from training_policies.violation import Violation


def _judge_topic_policy(document: Any, parameters: Parameters) -> Iterator[Violation]:
    for statement in allowing(document):
        yield from _judge_services(statement, parameters["servicesWithoutSource"])
        if "NotPrincipal" in statement.all_but or (
            statement.is_for_everyone
            and not statement.limited_by([*OWN_CALLERS, "aws:SourceOwner"])
        ):
            yield Violation(
                "a topic that is open to everyone",
                "everyone can publish false alerts, or read the real ones",
                statement.actions,
                "services and principals by their names",
                "name who may use the topic",
            )
    if not any(_refuses_plain(each) for each in denying(document)):
        yield Violation(
            "a topic that can be reached without TLS",
            "alerts cross the network in plain text",
            "no statement that denies it",
            "a Deny of sns:Publish for everyone where aws:SecureTransport is false",
            "add the statement to the topic's policy",
        )


def _judge_services(statement: Statement, exempt: list[str]) -> Iterator[Violation]:
    services = [each for each in statement.principals.get("Service", []) if each not in exempt]
    if services and not statement.limited_by(["aws:SourceAccount", "aws:SourceArn"]):
        yield Violation(
            "a service that publishes for any account",
            "every user of the service can make it publish false alerts",
            services,
            "a condition on aws:SourceAccount or aws:SourceArn",
            "add the condition to the topic's policy",
        )


def _refuses_plain(statement: Statement) -> bool:
    return (
        statement.is_for_everyone
        and not statement.all_but
        and statement.acts_on("sns:Publish")
        and refuses_only_plain_text(statement)
    )


TOPIC_POLICY = Policy(
    name="sns-topic-policy",
    checks="a topic's policy names who may use it, and denies requests without TLS",
    severity="high",
    controls=[security_hub("SNS.4"), nist("AC-3")],
    remedy="name who may use the topic, and deny publishing without TLS",
    parameters={
        "servicesWithoutSource": texts(
            # EventBridge names no source when it publishes.
            ["events.amazonaws.com"],
            "Services that name no source when they publish.",
        )
    },
    applies=of_types("aws:sns/topicPolicy:TopicPolicy", "aws:sns/topic:Topic"),
    judge=for_documents(_judge_topic_policy, "policy"),
)
