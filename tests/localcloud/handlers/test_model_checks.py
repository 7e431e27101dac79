"""What AWS refuses by its model, the local cloud's services refuse too."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.localcloud.cloud import TRUST, Cloud, refusal

BUDGET = {"BudgetName": "month", "BudgetType": "COST", "TimeUnit": "MONTHLY"}


def budget(amount: str) -> dict[str, Any]:
    limited = {**BUDGET, "BudgetLimit": {"Amount": amount, "Unit": "USD"}}
    return {"AccountId": "123456789012", "Budget": limited}


def role(**changes: Any) -> dict[str, Any]:
    return {"RoleName": "refused", "AssumeRolePolicyDocument": json.dumps(TRUST), **changes}


REFUSED: list[tuple[str, str, dict[str, Any], str, str]] = [
    (
        "budgets",
        "create_budget",
        budget("1e+06"),
        "ValidationException",
        "1 validation error detected: Value '1e+06' at 'budget.budgetLimit.amount' failed to "
        "satisfy constraint: Member must satisfy regular expression pattern: ([0-9]*\\.)?[0-9]+",
    ),
    (
        "iam",
        "create_role",
        role(Tags=[{"Key": "a", "Value": "b"}, {"Key": "cost-center", "Value": "R&D"}]),
        "ValidationError",
        "1 validation error detected: Value 'R&D' at 'tags.2.member.value' failed to satisfy "
        "constraint: Member must satisfy regular expression pattern: "
        "[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*",
    ),
    (
        "iam",
        "create_role",
        role(Tags=[{"Key": "a", "Value": "two\nlines"}]),
        "ValidationError",
        "at 'tags.1.member.value' failed to satisfy constraint",
    ),
    (
        "iam",
        "create_role",
        role(MaxSessionDuration=60),
        "ValidationError",
        "Member must have value greater than or equal to 3600",
    ),
    (
        "logs",
        "create_log_group",
        {"logGroupName": "a b"},
        "InvalidParameterException",
        "Value 'a b' at 'logGroupName'",
    ),
    (
        "events",
        "put_rule",
        {"Name": "a", "EventPattern": "{}", "Description": "x" * 513},
        "ValidationException",
        "Member must have length less than or equal to 512",
    ),
    (
        "sns",
        "tag_resource",
        {"ResourceArn": "arn:aws:sns:us-east-1:123456789012:t", "Tags": [{"Key": "", "Value": ""}]},
        "InvalidParameter",
        "Member must have length greater than or equal to 1",
    ),
    (
        "kms",
        "create_key",
        {"Tags": [{"TagKey": "a", "TagValue": "x" * 257}]},
        "ValidationException",
        "'tags.1.member.tagValue' failed to satisfy constraint",
    ),
    (
        "cloudwatch",
        "put_metric_alarm",
        {"AlarmName": "a", "EvaluationPeriods": 1, "ComparisonOperator": "Above"},
        "ValidationError",
        "Member must satisfy enum value set: [GreaterThanOrEqualToThreshold",
    ),
    (
        "ec2",
        "create_vpc",
        {"CidrBlock": "10.0.0.0/16", "InstanceTenancy": "shared"},
        "InvalidParameterValue",
        "Member must satisfy enum value set: [default, dedicated, host]",
    ),
    (
        "scheduler",
        "create_schedule",
        {
            "Name": "a b",
            "ScheduleExpression": "rate(1 minutes)",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {"Arn": "arn:aws:sqs:a", "RoleArn": "arn:aws:iam::123456789012:role/a"},
        },
        "ValidationException",
        "at 'name' failed to satisfy constraint",
    ),
]


@pytest.mark.parametrize(
    ("service", "operation", "request_", "code", "message"),
    REFUSED,
    ids=[f"{row[0]}-{number}" for number, row in enumerate(REFUSED)],
)
def test_what_breaks_a_services_model_is_refused_in_its_words(
    cloud: Cloud, service: str, operation: str, request_: dict[str, Any], code: str, message: str
):
    reported = refusal(getattr(cloud.client(service), operation), **request_)
    assert reported[0] == code
    assert message in reported[1]


def test_nothing_is_made_of_a_request_that_was_refused(cloud: Cloud):
    iam = cloud.client("iam")
    refusal(iam.create_role, **role(Tags=[{"Key": "a", "Value": "&"}]))
    assert refusal(iam.get_role, RoleName="refused")[0] == "NoSuchEntity"


def test_what_keeps_to_its_model_is_answered_as_before(cloud: Cloud):
    iam = cloud.client("iam")
    tags = [{"Key": "größe", "Value": "½ of 漢字: a_b.c/d=e+f-g@h"}, {"Key": "empty", "Value": ""}]
    iam.create_role(RoleName="taken", AssumeRolePolicyDocument=json.dumps(TRUST), Tags=tags)
    assert iam.get_role(RoleName="taken")["Role"]["Tags"] == tags


def test_a_list_that_an_address_does_not_have_is_not_an_empty_one(cloud: Cloud):
    """The model wants at least one entry in the list of states, which may be missing."""
    assert cloud.client("emr-serverless").list_applications()["applications"] == []
