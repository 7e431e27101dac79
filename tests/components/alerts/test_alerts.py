from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from components.alerts.alert_documents import (
    ENDINGS,
    TUNING_ENDINGS,
    event_inputs,
    event_message,
    event_pattern,
)
from components.alerts.alert_settings import (
    AlertSettings,
    IdleSettings,
    ProlongedSettings,
    SlackSettings,
)
from components.alerts.alerts import Alerts, AlertsArgs
from components.alerts.dashboard_body import Shown, dashboard_body
from components.alerts.watch import Watch
from components.alerts.watchdog_documents import state_machine, watchdog_policy
from tests.components.alerts.watched_cloud import in_guide
from tests.components.recording import ACCOUNT, REGION, SITE, STATES, Recording, record

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0a1b2c3d"
BUCKET = "research-dev-store-artifacts-0a1b2c3"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts-id"
ARGS = AlertsArgs(SITE, AlertSettings(), bucket_name=BUCKET, key_arn=KEY)
EVERYTHING: dict[str, Any] = {
    "emails": ["ml@example.com", "ops@example.com"],
    "slack": SlackSettings(workspace_id="T0123456789", channel_id="C0123456789"),
    "prolonged": ProlongedSettings(after=12 * 3600, stop=True),
    "monthly_budget_usd": 2500,
}
RULE = "cloudwatch/eventRule:EventRule"
TARGET = "cloudwatch/eventTarget:EventTarget"
PENDING = {"pendingConfirmation": True}
ALARM = "cloudwatch/metricAlarm:MetricAlarm"
DASHBOARD = "cloudwatch/dashboard:Dashboard"


def alerts(**settings: Any) -> Recording:
    args = dataclasses.replace(ARGS, settings=AlertSettings(**settings))
    return record(lambda: Alerts("alerts", args))


@pytest.fixture(scope="module")
def default() -> Recording:
    return alerts()


@pytest.fixture(scope="module")
def everything() -> Recording:
    return alerts(**EVERYTHING)


def test_what_is_not_asked_for_is_not_watched(default: Recording):
    assert default.types == {
        RULE,
        TARGET,
        ALARM,
        DASHBOARD,
        "sns/topic:Topic",
        "sns/topicPolicy:TopicPolicy",
    }


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The warnings that a person reads."""
    warnings: list[str] = []
    monkeypatch.setattr("pulumi.warn", lambda message, _resource: warnings.append(message))
    return warnings


def test_alerts_that_no_one_gets_are_reported(warnings: list[str]):
    alerts()
    [warning] = warnings
    assert "no one gets the alerts" in warning
    assert "alerts.emails" in warning
    alerts(slack=EVERYTHING["slack"])
    alerts(emails=["ml@example.com"])
    assert warnings == [warning]


def test_an_address_that_has_not_been_confirmed_is_reported(
    warnings: list[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(STATES, "aws:sns/topicSubscription:TopicSubscription", PENDING)
    alerts(emails=["ml@example.com"])
    [warning] = warnings
    assert warning.startswith("ml@example.com gets no alerts yet")


def test_no_function_has_to_be_kept_running(everything: Recording):
    assert not any("lambda" in type_ for type_ in everything.types)


def test_alerts_are_encrypted_with_the_stacks_key(default: Recording):
    assert default.the("sns/topic:Topic").inputs["kmsMasterKeyId"] == KEY


@pytest.mark.parametrize("ending", ENDINGS, ids=lambda ending: ending.name)
def test_each_bad_ending_reaches_the_topic_with_its_message(default: Recording, ending: Any):
    rule = default.the(RULE, f"-{ending.name}")
    assert rule.document("eventPattern") == event_pattern(ending, SITE, BUCKET)
    target = default.the(TARGET, f"-{ending.name}")
    assert (target.inputs["rule"], target.inputs["arn"]) == (f"{rule.name}-0a1b2c3", TOPIC)
    assert target.inputs["inputTransformer"] == {
        "inputPaths": event_inputs(ending),
        "inputTemplate": event_message(ending, SITE),
    }


def test_a_stack_that_tunes_reports_tuning_jobs_too(default: Recording):
    prolonged = AlertSettings(prolonged=EVERYTHING["prolonged"])
    args = dataclasses.replace(ARGS, settings=prolonged, tunes=True)
    tuning = record(lambda: Alerts("alerts", args))
    further = {each.name for each in tuning.of(RULE)} - {each.name for each in default.of(RULE)}
    assert further - {"alerts-watchdog-run"} == {f"alerts-{each.name}" for each in TUNING_ENDINGS}
    machine = tuning.the("sfn/stateMachine:StateMachine").document("definition")
    assert "FindOldJobs (tuning job)" in machine["States"]
    for ending in TUNING_ENDINGS:
        rule = tuning.the(RULE, f"-{ending.name}")
        assert rule.document("eventPattern") == event_pattern(ending, SITE, BUCKET)
        assert tuning.the(TARGET, f"-{ending.name}").inputs["inputTransformer"] == {
            "inputPaths": event_inputs(ending),
            "inputTemplate": event_message(ending, SITE),
        }
        tuning.the(ALARM, f"-{ending.name}-undelivered")
    for name in ("tuning-fail", "tuning-blank"):
        alarm = tuning.the(ALARM, f"-failures-{name}").inputs
        assert alarm["alarmDescription"] == "3 or more tuning jobs failed within a day"


def test_a_stack_whose_jobs_may_wait_too_long_has_a_message_for_that(default: Recording):
    args = dataclasses.replace(ARGS, waiting_is_limited=True)
    limited = record(lambda: Alerts("alerts", args))
    pattern = limited.the(RULE, "-pending").document("eventPattern")
    assert pattern["detail"]["StoppingCondition"] == {"MaxPendingTimeInSeconds": [{"exists": True}]}
    assert "-pending-undelivered" in limited.the(ALARM, "-pending-undelivered").name
    assert not [rule for rule in default.of(RULE) if rule.name.endswith("-pending")]


def test_a_completed_job_raises_no_alert(default: Recording):
    patterns = [json.loads(rule.inputs["eventPattern"]) for rule in default.of(RULE)]
    statuses = {status for each in patterns for status in each["detail"]["TrainingJobStatus"]}
    assert statuses == {"Failed", "Stopped"}


@pytest.mark.parametrize(
    ("name", "rule"),
    [("alerts-failures", "failed"), ("alerts-failures-unexplained", "unexplained")],
)
def test_many_failures_in_a_day_raise_an_alarm(name: str, rule: str):
    alarm = alerts(failures_per_day=5).the(ALARM, name).inputs
    assert (alarm["namespace"], alarm["metricName"]) == ("AWS/Events", "TriggeredRules")
    assert alarm["dimensions"] == {"RuleName": f"alerts-{rule}-0a1b2c3"}
    assert (alarm["threshold"], alarm["period"], alarm["statistic"]) == (5, 86400, "Sum")
    assert alarm["treatMissingData"] == "notBreaching"
    assert alarm["alarmActions"] == [TOPIC]


@pytest.mark.parametrize("ending", ENDINGS, ids=lambda ending: ending.name)
def test_a_message_that_could_not_be_sent_raises_an_alarm(default: Recording, ending: Any):
    alarm = default.the(ALARM, f"-{ending.name}-undelivered").inputs
    assert (alarm["namespace"], alarm["metricName"]) == ("AWS/Events", "FailedInvocations")
    assert alarm["dimensions"] == {"RuleName": f"alerts-{ending.name}-0a1b2c3"}
    assert (alarm["threshold"], alarm["period"], alarm["statistic"]) == (1, 300, "Sum")
    assert alarm["treatMissingData"] == "notBreaching"
    assert alarm["alarmActions"] == [TOPIC]


def test_nothing_publishes_before_the_topic_allows_it(everything: Recording):
    policy = everything.the("sns/topicPolicy:TopicPolicy")
    publishers = [
        *(target for target in everything.of(TARGET) if "watchdog" not in target.name),
        *(alarm for alarm in everything.of(ALARM) if "watchdog" not in alarm.name),
        everything.the("budgets/budget:Budget"),
    ]
    assert all(everything.depends(each, policy) for each in publishers)


def test_every_address_gets_a_mail(everything: Recording):
    subscriptions = everything.of("sns/topicSubscription:TopicSubscription")
    assert [(each.inputs["protocol"], each.inputs["endpoint"]) for each in subscriptions] == [
        ("email", "ml@example.com"),
        ("email", "ops@example.com"),
    ]
    assert {each.inputs["topic"] for each in subscriptions} == {TOPIC}


def test_a_chat_channel_shows_messages_and_can_do_nothing(everything: Recording):
    channel = everything.the("chatbot/slackChannelConfiguration:SlackChannelConfiguration").inputs
    assert (channel["slackTeamId"], channel["slackChannelId"]) == ("T0123456789", "C0123456789")
    assert channel["snsTopicArns"] == [TOPIC]
    assert channel["guardrailPolicyArns"] == ["arn:aws:iam::aws:policy/AWSDenyAll"]
    policies = [each for each in everything.of("iam/rolePolicy:RolePolicy") if "slack" in each.name]
    assert policies == []


def test_a_chat_channels_configuration_has_a_name_of_its_own(everything: Recording):
    channel = everything.the("chatbot/slackChannelConfiguration:SlackChannelConfiguration").inputs
    assert channel["configurationName"] == "alerts-0a1b2c3"


def test_a_chat_channel_is_made_again_in_another_workspace(everything: Recording):
    channel = everything.the("chatbot/slackChannelConfiguration:SlackChannelConfiguration")
    assert channel.replaced_on == {"slackTeamId"}
    assert channel.deleted_first


def test_a_watchdog_runs_every_quarter_of_an_hour_as_its_documents_say(everything: Recording):
    watch = Watch(
        SITE,
        EVERYTHING["prolonged"],
        owner=BUCKET,
        topic_arn=TOPIC,
        key_arn=KEY,
    )
    machine = everything.the("sfn/stateMachine:StateMachine")
    assert machine.document("definition") == state_machine(watch)
    policy = everything.the("iam/rolePolicy:RolePolicy", "alerts-watchdog")
    assert policy.document() == watchdog_policy(watch)
    assert everything.depends(machine, policy)
    schedule = everything.the(RULE, "alerts-watchdog-run")
    assert schedule.inputs["scheduleExpression"] == "rate(15 minutes)"
    target = everything.the(TARGET, "alerts-watchdog-run").inputs
    assert target["arn"].endswith(":alerts-watchdog-id")
    assert target["roleArn"].endswith(":role/alerts-watchdog-run-0a1b2c3")


def test_a_watchdog_of_idle_jobs_knows_their_prices_and_its_alarms_name_them():
    settings = AlertSettings(idle=IdleSettings(after=1800))
    args = dataclasses.replace(ARGS, settings=settings, prices={"ml.g5.2xlarge": 1.515})
    recording = record(lambda: Alerts("alerts", args))
    watch = Watch(
        SITE,
        None,
        owner=BUCKET,
        topic_arn=TOPIC,
        key_arn=KEY,
        idle=settings.idle,
        prices=args.prices,
    )
    machine = recording.the("sfn/stateMachine:StateMachine")
    assert machine.document("definition") == state_machine(watch)
    failed = recording.the(ALARM, "-watchdog-failures").inputs["alarmDescription"]
    assert failed.endswith("so no one may hear of idle jobs")


@pytest.mark.parametrize("name", ["failures", "watchdog-failures"])
def test_the_guide_has_what_an_alarm_says_as_its_example(name: str):
    settings = AlertSettings(**EVERYTHING, idle=IdleSettings(after=1800))
    args = dataclasses.replace(ARGS, settings=settings)
    recording = record(lambda: Alerts(f"{SITE.prefix}-alerts", args))
    alarm = recording.the(ALARM, f"-alerts-{name}")
    assert in_guide(f"{alarm.name}-…", alarm.inputs["alarmDescription"])


@pytest.mark.parametrize(
    ("name", "metric"), [("failures", "ExecutionsFailed"), ("timeouts", "ExecutionsTimedOut")]
)
def test_a_watchdog_that_fails_is_itself_an_alert(everything: Recording, name: str, metric: str):
    alarm = everything.the(ALARM, f"-watchdog-{name}").inputs
    assert (alarm["namespace"], alarm["metricName"]) == ("AWS/States", metric)
    assert alarm["dimensions"]["StateMachineArn"].endswith(":alerts-watchdog-id")
    assert alarm["alarmActions"] == [TOPIC]


def test_a_watchdog_that_its_schedule_could_not_start_is_an_alert(everything: Recording):
    alarm = everything.the(ALARM, "-watchdog-starts").inputs
    assert (alarm["namespace"], alarm["metricName"]) == ("AWS/Events", "FailedInvocations")
    assert alarm["dimensions"] == {"RuleName": "alerts-watchdog-run-0a1b2c3"}
    assert alarm["alarmActions"] == [TOPIC]


@pytest.mark.parametrize(
    ("usd", "text"), [(1_000_000, "1000000"), (12345.67, "12345.67"), (0.5, "0.5")]
)
def test_the_budget_is_the_amount_to_the_cent(usd: float, text: str):
    made = alerts(monthly_budget_usd=usd).the("budgets/budget:Budget")
    assert made.inputs["limitAmount"] == text


def test_the_budget_counts_what_carries_the_teams_tag(everything: Recording):
    budget = everything.the("budgets/budget:Budget").inputs
    assert budget["costFilters"] == [{"name": "TagKeyValue", "values": ["user:team$research"]}]
    assert (budget["limitAmount"], budget["limitUnit"]) == ("2500", "USD")
    assert (budget["budgetType"], budget["timeUnit"]) == ("COST", "MONTHLY")
    warnings = {(each["notificationType"], each["threshold"]) for each in budget["notifications"]}
    assert warnings == {("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100)}
    topics = [each["subscriberSnsTopicArns"] for each in budget["notifications"]]
    assert topics == [[TOPIC]] * 3


def test_the_dashboard_shows_what_the_stack_has():
    args = dataclasses.replace(
        ARGS, settings=AlertSettings(**EVERYTHING), tunes=True, metrics=["loss"]
    )
    recording = record(lambda: Alerts("alerts", args))
    alarms = [each.state["arn"] for each in recording.of(ALARM)]
    dashboard = recording.the(DASHBOARD)
    [shown] = [
        each for each in dashboard.document("dashboardBody")["widgets"] if "alarm" in each["type"]
    ]
    assert sorted(shown["properties"]["alarms"]) == sorted(alarms)
    expected = Shown(SITE, ["loss"], shown["properties"]["alarms"], budget=True, tunes=True)
    assert dashboard.inputs["dashboardBody"] == dashboard_body(expected)


def test_a_dashboards_name_is_no_other_stacks(default: Recording):
    """A second dashboard of a name would replace the first."""
    [topic] = default.of("sns/topic:Topic")
    assert default.the(DASHBOARD).inputs["dashboardName"] == f"{topic.name}-0a1b2c3"


def test_a_stack_without_a_dashboard_has_all_the_rest(default: Recording):
    assert alerts(dashboard=False).types == default.types - {DASHBOARD}


def test_a_job_waits_for_every_alert_but_not_for_the_dashboard():
    made: list[Alerts] = []
    args = dataclasses.replace(ARGS, settings=AlertSettings(**EVERYTHING))
    recording = record(lambda: made.append(Alerts("alerts", args)))
    resources = [
        each
        for each in recording.resources
        if each.type.startswith("aws:") and not each.type.endswith(DASHBOARD)
    ]
    assert len(set(made[0].dependencies)) == len(made[0].dependencies) == len(resources)


def test_the_topic_is_an_output_so_that_others_can_subscribe(default: Recording):
    assert default.outputs["sagemaker-training:index:Alerts"] == {"topic_arn": TOPIC}
