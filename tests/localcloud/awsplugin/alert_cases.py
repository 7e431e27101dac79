"""Events, alarms, topics, workflows, budgets and chat."""

from __future__ import annotations

import json
from typing import Any

from localcloud.awsplugin.properties import Properties
from tests.localcloud.awsplugin.world import TAGS, Case, World, allow, change

PATTERN = json.dumps({"source": ["aws.sagemaker"], "detail": {"TrainingJobStatus": ["Failed"]}})
STOPPED = json.dumps({"source": ["aws.sagemaker"], "detail": {"TrainingJobStatus": ["Stopped"]}})


def _topic(world: World) -> str:
    return world.make("aws:sns/topic:Topic", {}).id


def _rule(world: World) -> str:
    return world.make("aws:cloudwatch/eventRule:EventRule", {"eventPattern": PATTERN}).id


def _machine_definition(seconds: int) -> str:
    wait = {"Type": "Wait", "Seconds": seconds, "End": True}
    return json.dumps({"StartAt": "Wait", "States": {"Wait": wait}})


def _machine(world: World) -> Properties:
    group = world.make("aws:cloudwatch/logGroup:LogGroup", {})
    return {
        "definition": _machine_definition(1),
        "roleArn": world.role().state["arn"],
        "loggingConfiguration": {
            "level": "ALL",
            "includeExecutionData": True,
            "logDestination": f"{group.state['arn']}:*",
        },
        **TAGS,
    }


def _target(world: World) -> Properties:
    return {
        "rule": _rule(world),
        "arn": _topic(world),
        "inputTransformer": {"inputPaths": {"job": "$.detail"}, "inputTemplate": '"<job>"'},
        "retryPolicy": {"maximumRetryAttempts": 3, "maximumEventAgeInSeconds": 600},
    }


def _notification(threshold: int) -> Properties:
    return {
        "notificationType": "ACTUAL",
        "comparisonOperator": "GREATER_THAN",
        "threshold": threshold,
        "thresholdType": "PERCENTAGE",
        "subscriberEmailAddresses": ["team@example.com"],
    }


def _topic_policy(topic: str, action: str = "sns:Publish") -> str:
    return allow(action, topic, Principal={"Service": "events.amazonaws.com"})


def _alarm(**more: Any) -> Properties:
    return {
        "comparisonOperator": "GreaterThanThreshold",
        "evaluationPeriods": 1,
        "threshold": 0,
        "treatMissingData": "notBreaching",
        **more,
    }


ALERT_CASES = [
    Case(
        "aws:cloudwatch/eventRule:EventRule",
        lambda _: {"eventPattern": PATTERN, "description": "failed jobs", **TAGS},
        change(eventPattern=STOPPED, state="DISABLED", tags={}),
        change(name="another"),
        "name",
    ),
    Case(
        "aws:cloudwatch/eventTarget:EventTarget",
        _target,
        change(inputTransformer=None, input=json.dumps({"a": "b"})),
        change(targetId="another"),
        "targetId",
        import_id=lambda r: f"{r.state['rule']}/{r.state['targetId']}",
    ),
    Case(
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        lambda w: _alarm(
            metricName="failures",
            namespace="training",
            period=300,
            statistic="Sum",
            dimensions={"team": "research"},
            alarmActions=[_topic(w)],
            **TAGS,
        ),
        change(threshold=2.5, alarmActions=[], tags={}),
        change(name="another"),
        "name",
    ),
    Case(
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        lambda _: _alarm(
            metricQueries=[
                {"id": "total", "expression": "one + one", "returnData": True},
                {
                    "id": "one",
                    "metric": {
                        "metricName": "failures",
                        "namespace": "training",
                        "period": 60,
                        "stat": "Sum",
                        "dimensions": {"a": "b"},
                    },
                },
            ]
        ),
        change(evaluationPeriods=2),
        change(name="another"),
        "name",
    ),
    Case(
        "aws:sns/topic:Topic",
        lambda w: {"kmsMasterKeyId": w.key().id, "displayName": "alerts", **TAGS},
        change(displayName="Alerts", tags={}),
        change(name="another"),
        "name",
    ),
    Case(
        "aws:sns/topicPolicy:TopicPolicy",
        lambda w: (lambda topic: {"arn": topic, "policy": _topic_policy(topic)})(_topic(w)),
        lambda _, inputs: {**inputs, "policy": _topic_policy(inputs["arn"], "sns:*")},
        lambda w, inputs: {**inputs, "arn": _topic(w)},
        "arn",
        stays=True,
    ),
    Case(
        "aws:sns/topicSubscription:TopicSubscription",
        lambda w: {"topic": _topic(w), "protocol": "email", "endpoint": "team@example.com"},
        change(filterPolicy=json.dumps({"team": ["research"]})),
        change(endpoint="other@example.com"),
        "endpoint",
    ),
    Case(
        "aws:sfn/stateMachine:StateMachine",
        _machine,
        change(definition=_machine_definition(2), tags={}),
        change(type="EXPRESS"),
        "type",
    ),
    Case(
        "aws:budgets/budget:Budget",
        lambda _: {
            "budgetType": "COST",
            "timeUnit": "MONTHLY",
            "limitAmount": "100.0",
            "limitUnit": "USD",
            "costFilters": [{"name": "TagKeyValue", "values": ["user:team$research"]}],
            "notifications": [_notification(80), _notification(100)],
            **TAGS,
        },
        change(limitAmount="200", notifications=[_notification(90)], tags={"owner": "ada"}),
        change(name="another"),
        "name",
    ),
    Case(
        "aws:chatbot/slackChannelConfiguration:SlackChannelConfiguration",
        lambda w: {
            "configurationName": "alerts",
            "iamRoleArn": w.role().state["arn"],
            "slackChannelId": "C0123456789",
            "slackTeamId": "T0123456789",
            "snsTopicArns": [_topic(w)],
            **TAGS,
        },
        change(loggingLevel="ERROR", tags={"owner": "ada"}),
        change(slackTeamId="T9876543210"),
        "slackTeamId",
    ),
    Case(
        "aws:ssm/parameter:Parameter",
        lambda _: {"type": "SecureString", "value": "one", **TAGS},
        change(value="two", description="a value", tags={}),
        change(name="another"),
        "name",
    ),
]
