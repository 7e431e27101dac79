"""The alerts, read from AWS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from components.alerts.alert_documents import (
    FAILURES,
    TUNING_FAILURES,
    chat_trust,
    endings,
    event_inputs,
    event_message,
    event_pattern,
    topic_policy,
)
from components.alerts.alert_settings import IdleSettings, ProlongedSettings
from components.alerts.dashboard_body import Shown, dashboard_body
from components.alerts.watch import Watch
from components.alerts.watchdog_documents import (
    schedule_policy,
    schedule_trust,
    state_machine,
    watchdog_policy,
    watchdog_trust,
)
from components.instances import family_prices
from tests.components.evaluation import denied
from tests.integration.full_platform.conftest import Platform
from tests.integration.full_platform.options import ACCOUNT, SITE, TAGS
from tests.integration.settings import counting_job

pytestmark = [pytest.mark.integration, pytest.mark.deep]

ENDINGS = endings(waiting_is_limited=False, tunes=True)


@pytest.fixture
def topic(platform: Platform) -> str:
    """The stack's topic, the only one of the account."""
    [found] = platform.client("sns").list_topics()["Topics"]
    return str(found["TopicArn"])


@pytest.fixture
def rules(platform: Platform) -> dict[str, dict[str, Any]]:
    """The account's event rules, by what their names say after the stack's."""
    prefix = f"{platform.prefix}-alerts-"
    found = platform.client("events").list_rules()["Rules"]
    return {each["Name"].removeprefix(prefix).rpartition("-")[0]: each for each in found}


@pytest.fixture
def watch(platform: Platform, topic: str) -> Watch:
    return Watch(
        SITE,
        ProlongedSettings(after=12 * 3600, stop=True),
        owner=platform.outputs["artifact_bucket_name"],
        topic_arn=topic,
        key_arn=platform.outputs["artifact_key_arn"],
        idle=IdleSettings(after=1800),
        prices=family_prices([counting_job()["instanceType"]]),
        tunes=True,
    )


def test_the_topic_is_encrypted_and_takes_messages_only_from_the_alerting_services(
    platform: Platform, topic: str
):
    attributes = platform.client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]
    assert attributes["KmsMasterKeyId"] == platform.outputs["artifact_key_arn"]
    assert json.loads(attributes["Policy"]) == topic_policy(topic, SITE)
    tags = platform.client("sns").list_tags_for_resource(ResourceArn=topic)["Tags"]
    assert {each["Key"]: each["Value"] for each in tags}.items() >= TAGS.items()


def test_the_addresses_of_the_settings_are_subscribed(platform: Platform, topic: str):
    found = platform.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert [(each["Protocol"], each["Endpoint"]) for each in found] == [("email", "ml@example.com")]


@pytest.mark.parametrize("ending", ENDINGS, ids=lambda ending: ending.name)
def test_each_bad_end_of_a_job_is_published(
    platform: Platform, topic: str, rules: dict[str, Any], ending: Any
):
    rule, bucket = rules[ending.name], platform.outputs["artifact_bucket_name"]
    assert rule["State"] == "ENABLED"
    assert json.loads(rule["EventPattern"]) == event_pattern(ending, SITE, bucket)
    [target] = targets_of(platform, rule)
    assert target["Arn"] == topic
    assert target["InputTransformer"] == {
        "InputPathsMap": event_inputs(ending),
        "InputTemplate": event_message(ending, SITE),
    }


def test_there_is_no_other_rule_but_the_watchdogs(rules: dict[str, Any]):
    assert rules.keys() == {*(ending.name for ending in ENDINGS), "watchdog-run"}


def test_several_failures_in_a_day_raise_an_alarm(
    platform: Platform, topic: str, rules: dict[str, Any]
):
    alarms = alarms_of(platform)
    for ending in (*FAILURES, *TUNING_FAILURES):
        name = "failures" if ending is FAILURES[0] else f"failures-{ending.name}"
        alarm, rule = alarms[name], rules[ending.name]["Name"]
        assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/Events", "TriggeredRules")
        assert alarm["Dimensions"] == [{"Name": "RuleName", "Value": rule}]
        assert (alarm["Threshold"], alarm["Period"], alarm["Statistic"]) == (2, 86_400, "Sum")
        assert alarm["AlarmActions"] == [topic]


def test_a_message_that_could_not_be_sent_raises_an_alarm(
    platform: Platform, topic: str, rules: dict[str, Any]
):
    names = {f"{ending.name}-undelivered": ending.name for ending in ENDINGS}
    alarms = alarms_of(platform)
    for name, rule in (names | {"watchdog-starts": "watchdog-run"}).items():
        alarm = alarms[name]
        assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/Events", "FailedInvocations")
        assert alarm["Dimensions"] == [{"Name": "RuleName", "Value": rules[rule]["Name"]}]
        assert alarm["AlarmActions"] == [topic]


def test_prolonged_jobs_are_looked_for_on_a_schedule(
    platform: Platform, rules: dict[str, Any], watch: Watch
):
    machine = machine_of(platform)
    assert json.loads(machine["definition"]) == state_machine(watch)
    assert rules["watchdog-run"]["ScheduleExpression"] == "rate(15 minutes)"
    [target] = targets_of(platform, rules["watchdog-run"])
    assert target["Arn"] == machine["stateMachineArn"]
    starter = role_documents(platform, target["RoleArn"])
    assert starter == (schedule_trust(SITE), schedule_policy(machine["stateMachineArn"]))


def test_the_watchdog_may_stop_this_stacks_jobs_and_no_other(platform: Platform, watch: Watch):
    documents = role_documents(platform, machine_of(platform)["roleArn"])
    assert documents == (watchdog_trust(SITE), watchdog_policy(watch))


def test_a_watchdog_that_fails_raises_an_alarm(platform: Platform, topic: str):
    ends = {"failures": "ExecutionsFailed", "timeouts": "ExecutionsTimedOut"}
    alarms = alarms_of(platform)
    for name, metric in ends.items():
        alarm = alarms[f"watchdog-{name}"]
        assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/States", metric)
        assert alarm["AlarmActions"] == [topic]


def test_a_chat_channel_hears_of_the_topic_and_can_do_nothing(platform: Platform, topic: str):
    channel, iam = channel_of(platform), platform.client("iam")
    assert (channel["SlackTeamId"], channel["SlackChannelId"]) == ("T0123456789", "C0123456789")
    assert channel["SnsTopicArns"] == [topic]
    role = channel["IamRoleArn"].rpartition("/")[2]
    assert iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"] == chat_trust()
    assert iam.list_role_policies(RoleName=role)["PolicyNames"] == []
    assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []
    [guardrail] = channel["GuardrailPolicyArns"]
    version = iam.get_policy(PolicyArn=guardrail)["Policy"]["DefaultVersionId"]
    policy = iam.get_policy_version(PolicyArn=guardrail, VersionId=version)["PolicyVersion"]
    for action in ("sagemaker:StopTrainingJob", "s3:GetObject", "iam:PassRole"):
        assert denied(policy["Document"], action, "arn:aws:s3:::anything", {})


def test_everything_that_alerts_carries_the_stacks_tags(platform: Platform, rules: dict[str, Any]):
    for kind, tags in tags_of_alerts(platform, rules):
        assert as_map(tags).items() >= TAGS.items(), kind


def test_the_teams_month_has_a_budget_that_warns_before_it_is_spent(platform: Platform, topic: str):
    budgets = platform.client("budgets")
    [budget] = budgets.describe_budgets(AccountId=ACCOUNT)["Budgets"]
    assert (budget["BudgetType"], budget["TimeUnit"]) == ("COST", "MONTHLY")
    assert float(budget["BudgetLimit"]["Amount"]) == 2500
    assert budget["CostFilters"] == {"TagKeyValue": [f"user:team${TAGS['team']}"]}
    named = {"AccountId": ACCOUNT, "BudgetName": budget["BudgetName"]}
    notifications = budgets.describe_notifications_for_budget(**named)["Notifications"]
    assert {(each["NotificationType"], each["Threshold"]) for each in notifications} == {
        ("ACTUAL", 80),
        ("FORECASTED", 100),
        ("ACTUAL", 100),
    }
    for each in notifications:
        reported = budgets.describe_subscribers_for_notification(**named, Notification=each)
        assert reported["Subscribers"] == [{"SubscriptionType": "SNS", "Address": topic}]


def test_the_dashboard_shows_the_alarms_and_the_jobs_metrics(platform: Platform):
    cloudwatch = platform.client("cloudwatch")
    [listed] = cloudwatch.list_dashboards()["DashboardEntries"]
    found = cloudwatch.get_dashboard(DashboardName=listed["DashboardName"])
    body = json.loads(found["DashboardBody"])
    [alarms] = [each["properties"]["alarms"] for each in body["widgets"] if each["type"] == "alarm"]
    assert sorted(alarms) == sorted(each["AlarmArn"] for each in alarms_of(platform).values())
    expected = Shown(SITE, ["step"], alarms, budget=True, tunes=True)
    assert found["DashboardBody"] == dashboard_body(expected)


def targets_of(platform: Platform, rule: dict[str, Any]) -> list[dict[str, Any]]:
    return list(platform.client("events").list_targets_by_rule(Rule=rule["Name"])["Targets"])


def alarms_of(platform: Platform) -> dict[str, dict[str, Any]]:
    prefix = f"{platform.prefix}-alerts-"
    found = platform.client("cloudwatch").describe_alarms()["MetricAlarms"]
    return {each["AlarmName"].removeprefix(prefix).rpartition("-")[0]: each for each in found}


def channel_of(platform: Platform) -> dict[str, Any]:
    answer = platform.client("chatbot").describe_slack_channel_configurations()
    [channel] = answer["SlackChannelConfigurations"]
    return dict(channel)


def tags_of_alerts(
    platform: Platform, rules: dict[str, Any]
) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """Each resource of the alerts that can carry tags, and its own."""
    client = platform.client
    for name, rule in rules.items():
        yield name, client("events").list_tags_for_resource(ResourceARN=rule["Arn"])["Tags"]
    for name, alarm in alarms_of(platform).items():
        arn = alarm["AlarmArn"]
        yield name, client("cloudwatch").list_tags_for_resource(ResourceARN=arn)["Tags"]
    arn = machine_of(platform)["stateMachineArn"]
    yield "machine", client("stepfunctions").list_tags_for_resource(resourceArn=arn)["tags"]
    yield "channel", channel_of(platform)["Tags"]
    [named] = client("budgets").describe_budgets(AccountId=ACCOUNT)["Budgets"]
    arn = f"arn:aws:budgets::{ACCOUNT}:budget/{named['BudgetName']}"
    yield "budget", client("budgets").list_tags_for_resource(ResourceARN=arn)["ResourceTags"]


def as_map(tags: list[dict[str, str]]) -> dict[str, str]:
    """Tags by their keys; each service has its own names for a tag's two members."""
    found = {}
    for each in tags:
        key, value = each.values()
        found[key] = value
    return found


def machine_of(platform: Platform) -> dict[str, Any]:
    states = platform.client("stepfunctions")
    [machine] = states.list_state_machines()["stateMachines"]
    return dict(states.describe_state_machine(stateMachineArn=machine["stateMachineArn"]))


def role_documents(platform: Platform, arn: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Who may assume a role, and its one policy."""
    iam, name = platform.client("iam"), arn.rpartition("/")[2]
    trust = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    [policy] = iam.list_role_policies(RoleName=name)["PolicyNames"]
    return trust, iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
