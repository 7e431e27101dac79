from __future__ import annotations

import json

import pytest

from components.alerts.alert_documents import (
    ENDINGS,
    EVENT_INPUTS,
    Ending,
    chat_trust,
    event_message,
    event_pattern,
    topic_policy,
)
from tests.components.policies import lint, lint_trust, statement
from tests.components.recording import ACCOUNT, REGION

TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/research-dev-execution"
BY_NAME = {ending.name: ending for ending in ENDINGS}


def fill(template: str, values: dict[str, str]) -> str:
    """Fills a template as EventBridge does: a lone placeholder becomes a JSON value."""
    for name, value in values.items():
        template = template.replace(f": <{name}>", f": {json.dumps(value)}")
        template = template.replace(f"<{name}>", value)
    return template


def test_failed_stopped_and_both_kinds_of_running_out_of_time_are_told_apart():
    patterns = {
        name: (ending.detail["TrainingJobStatus"], ending.detail.get("SecondaryStatus"))
        for name, ending in BY_NAME.items()
    }
    assert patterns == {
        "failed": (["Failed"], None),
        "stopped": (["Stopped"], ["Stopped"]),
        "wait": (["Stopped"], ["MaxWaitTimeExceeded"]),
        "runtime": (["Stopped"], ["MaxRuntimeExceeded"]),
    }


@pytest.mark.parametrize("ending", ENDINGS)
def test_only_this_stacks_jobs_raise_an_alert(ending: Ending):
    pattern = event_pattern(ending, "research-dev-", ROLE)
    assert pattern["source"] == ["aws.sagemaker"]
    assert pattern["detail-type"] == ["SageMaker Training Job State Change"]
    assert pattern["detail"]["TrainingJobName"] == [{"prefix": "research-dev-"}]
    assert pattern["detail"]["RoleArn"] == [ROLE]


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_message_names_the_job_what_happened_and_where_to_look(ending: Ending):
    filled = fill(
        event_message(ending, REGION), {"job": "research-dev-llm-0a1b2c3d-1", "reason": ""}
    )
    message = json.loads(filled)
    assert (message["version"], message["source"]) == ("1.0", "custom")
    assert message["content"]["title"] == f"Training job research-dev-llm-0a1b2c3d-1 {ending.title}"
    assert message["content"]["nextSteps"] == [
        f"https://{REGION}.console.aws.amazon.com/sagemaker/home?region={REGION}"
        "#/jobs/research-dev-llm-0a1b2c3d-1"
    ]


def test_a_failure_carries_its_reason_whatever_characters_are_in_it():
    reason = 'AlgorithmError: KeyError: "loss"\n\tat train.py <line 3>'
    filled = fill(event_message(BY_NAME["failed"], REGION), {"job": "j", "reason": reason})
    assert json.loads(filled)["content"]["description"] == reason


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_message_uses_only_inputs_that_are_there(ending: Ending):
    template = event_message(ending, REGION)
    used = {name for name in EVENT_INPUTS if f"<{name}>" in template}
    assert used == ({"job", "reason"} if ending.name == "failed" else {"job"})


def test_the_linter_finds_nothing_in_the_policies_of_alerts():
    assert lint(topic_policy(TOPIC, ACCOUNT, REGION)) == set()
    assert lint_trust(chat_trust()) == set()


@pytest.mark.parametrize(
    ("sid", "service", "sources"),
    [
        ("AlarmsPublish", "cloudwatch.amazonaws.com", f"cloudwatch:{REGION}:{ACCOUNT}:alarm:*"),
        ("BudgetsPublish", "budgets.amazonaws.com", f"budgets::{ACCOUNT}:*"),
    ],
)
def test_alarms_and_budgets_of_this_account_may_publish(sid: str, service: str, sources: str):
    publishing = statement(topic_policy(TOPIC, ACCOUNT, REGION), sid)
    assert publishing["Principal"] == {"Service": service}
    assert publishing["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": f"arn:aws:{sources}"},
    }


def test_no_condition_silences_eventbridge():
    publishing = statement(topic_policy(TOPIC, ACCOUNT, REGION), "EventsPublish")
    assert publishing["Principal"] == {"Service": "events.amazonaws.com"}
    assert "Condition" not in publishing


def test_alerts_are_refused_in_plain_text_over_the_wire():
    denial = statement(topic_policy(TOPIC, ACCOUNT, REGION), "DenyInsecureTransport")
    assert denial["Effect"] == "Deny"
    assert denial["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_nobody_but_services_may_publish():
    allowed = [
        each
        for each in topic_policy(TOPIC, ACCOUNT, REGION)["Statement"]
        if each["Effect"] == "Allow"
    ]
    assert all(set(each["Principal"]) == {"Service"} for each in allowed)
