from __future__ import annotations

from tests.localcloud.awsplugin.plugin import TAGS, Plugin

METRIC = {"metricName": "failures", "namespace": "training"}
ABOVE_ZERO = {
    "comparisonOperator": "GreaterThanThreshold",
    "evaluationPeriods": 1,
    "threshold": 0,
    "treatMissingData": "notBreaching",
}


def test_an_alarm_on_a_metric_lives_from_its_creation_to_its_end(plugin: Plugin) -> None:
    plugin.assert_lifecycle(
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        {
            **ABOVE_ZERO,
            **METRIC,
            "period": 300,
            "statistic": "Sum",
            "dimensions": {"team": "research"},
            "alarmActions": [plugin.topic()],
            "tags": TAGS,
        },
        change={"threshold": 2.5, "alarmActions": [], "tags": {}},
        replace={"name": "another"},
    )


def test_an_alarm_on_an_expression_lives_from_its_creation_to_its_end(plugin: Plugin) -> None:
    summed = {**METRIC, "period": 60, "stat": "Sum", "dimensions": {"a": "b"}}
    plugin.assert_lifecycle(
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        {
            **ABOVE_ZERO,
            "metricQueries": [
                {"id": "total", "expression": "one + one", "returnData": True},
                {"id": "one", "metric": summed},
            ],
        },
        change={"evaluationPeriods": 2},
        replace={"name": "another"},
    )
