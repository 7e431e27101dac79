"""Topics that carry alerts, and the logs that say afterwards what happened."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from training_policies.controls import checkov, nist, security_hub
from training_policies.parameters import texts
from training_policies.platform_rules.bucket_policies import OWN_CALLERS, refuses_only_plain_text
from training_policies.platform_rules.documents import Statement, allowing, denying
from training_policies.platform_rules.judging import for_documents, is_customer_key, of_types
from training_policies.policy import Parameters, Policy
from training_policies.resource import Resource
from training_policies.violation import Violation


def _judge_topic(resource: Resource, _: Parameters) -> Iterator[Violation]:
    key = resource.read("kmsMasterKeyId")
    if not is_customer_key(key):
        yield Violation(
            "a topic without a customer's key",
            "alerts name jobs, failures and data, and AWS's own key lets no alarm publish",
            key,
            "the stack's key",
            "set kmsMasterKeyId to the stack's key",
        )


def _judge_topic_policy(document: Any, parameters: Parameters) -> Iterator[Violation]:
    for statement in allowing(document):
        yield from _judge_services(statement, parameters["servicesWithoutSource"])
        if "NotPrincipal" in statement.all_but or (
            statement.anybody and not statement.held_to([*OWN_CALLERS, "aws:SourceOwner"])
        ):
            yield Violation(
                "a topic that is open to anybody",
                "anybody can publish false alerts, or read the real ones",
                statement.actions,
                "services and principals by their names",
                "name who may use the topic",
            )
    if not any(_refuses_plain(each) for each in denying(document)):
        yield Violation(
            "a topic that is reached without TLS",
            "alerts cross the network in plain text",
            "no statement that denies it",
            "a Deny of sns:Publish to everybody where aws:SecureTransport is false",
            "add the statement to the topic's policy",
        )


def _judge_services(statement: Statement, exempt: list[str]) -> Iterator[Violation]:
    services = [each for each in statement.principals.get("Service", []) if each not in exempt]
    if services and not statement.held_to(["aws:SourceAccount", "aws:SourceArn"]):
        yield Violation(
            "a service that publishes for any account",
            "whoever uses the service can make it publish false alerts",
            services,
            "a condition on aws:SourceAccount or aws:SourceArn",
            "add the condition to the topic's policy",
        )


def _refuses_plain(statement: Statement) -> bool:
    return (
        statement.anybody
        and not statement.all_but
        and statement.acts_on("sns:Publish")
        and refuses_only_plain_text(statement)
    )


def _judge_retention(resource: Resource, parameters: Parameters) -> Iterator[Violation]:
    days, least = resource.read("retentionInDays"), parameters["minimumDays"]
    if not isinstance(days, int) or not least <= days:
        yield Violation(
            "the days that logs are kept",
            "logs without a limit are kept, and billed, for ever, and too short a one loses what "
            "an investigation needs",
            days,
            f"at least {least}",
            "set retentionInDays",
        )


def _judge_log_key(resource: Resource, _: Parameters) -> Iterator[Violation]:
    key = resource.read("kmsKeyId")
    if not is_customer_key(key):
        yield Violation(
            "logs without a customer's key",
            "logs tell who reached what, and training logs may quote data",
            key,
            "the stack's key",
            "set kmsKeyId to the stack's key",
        )


_LOG_GROUPS = of_types("aws:cloudwatch/logGroup:LogGroup")

TOPIC_ENCRYPTION = Policy(
    name="sns-topic-encryption",
    display_name="Topics are encrypted with a customer's key",
    description="Checks that a topic is encrypted with a customer's own key.",
    severity="medium",
    controls=[security_hub("SNS.1"), checkov("CKV_AWS_26"), nist("SC-28")],
    remediation="Encrypt the topic with the stack's key.",
    applies=of_types("aws:sns/topic:Topic"),
    judge=_judge_topic,
)

TOPIC_POLICY = Policy(
    name="sns-topic-policy",
    display_name="Topics are for named principals, over TLS",
    description="Checks that a topic's policy names who may use it, and denies plain text.",
    severity="high",
    controls=[security_hub("SNS.4"), nist("AC-3")],
    remediation="Name who may use the topic, and deny publishing without TLS.",
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

LOG_RETENTION = Policy(
    name="logs-retention",
    display_name="Logs are kept for as long as is said",
    description="Checks that a log group says how long its logs are kept.",
    severity="low",
    controls=[security_hub("CloudWatch.16"), checkov("CKV_AWS_66"), nist("AU-11")],
    remediation="Say how long logs are kept.",
    parameters={
        "minimumDays": {
            "type": "integer",
            "minimum": 1,
            "default": 1,
            "description": "The least days that logs are kept.",
        }
    },
    applies=_LOG_GROUPS,
    judge=_judge_retention,
)

LOG_ENCRYPTION = Policy(
    name="logs-encryption",
    display_name="Logs are encrypted with a customer's key",
    description="Checks that a log group is encrypted with a customer's own key.",
    severity="medium",
    controls=[checkov("CKV_AWS_158"), nist("SC-28")],
    remediation="Encrypt the log group with the stack's key.",
    applies=_LOG_GROUPS,
    judge=_judge_log_key,
)
