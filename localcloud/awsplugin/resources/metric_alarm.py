"""CloudWatch alarms."""

from __future__ import annotations

from collections.abc import Iterator

from localcloud.awsplugin.api_members import Call
from localcloud.awsplugin.autonaming import Autoname
from localcloud.awsplugin.cloud import Cloud
from localcloud.awsplugin.plugin_errors import Failure
from localcloud.awsplugin.properties import Properties
from localcloud.awsplugin.resource_type import ResourceType, names
from localcloud.awsplugin.resources.common import (
    TagForm,
    from_api,
    one_of,
    present,
    tag_list,
    tag_map,
    to_api,
    update_tags,
)

_DIMENSION = TagForm(key="Name")
_ACTIONS = {
    "alarmActions": "AlarmActions",
    "okActions": "OKActions",
    "insufficientDataActions": "InsufficientDataActions",
}
_FIELDS = {
    "actionsEnabled": "ActionsEnabled",
    "alarmDescription": "AlarmDescription",
    "comparisonOperator": "ComparisonOperator",
    "datapointsToAlarm": "DatapointsToAlarm",
    "evaluateLowSampleCountPercentiles": "EvaluateLowSampleCountPercentile",
    "evaluationPeriods": "EvaluationPeriods",
    "extendedStatistic": "ExtendedStatistic",
    "metricName": "MetricName",
    "namespace": "Namespace",
    "period": "Period",
    "statistic": "Statistic",
    "threshold": "Threshold",
    "thresholdMetricId": "ThresholdMetricId",
    "treatMissingData": "TreatMissingData",
    "unit": "Unit",
}
_OPERATORS = (
    "GreaterThanOrEqualToThreshold",
    "GreaterThanThreshold",
    "LessThanThreshold",
    "LessThanOrEqualToThreshold",
    "LessThanLowerOrGreaterThanUpperThreshold",
    "LessThanLowerThreshold",
    "GreaterThanUpperThreshold",
)
_MISSING = ("breaching", "ignore", "missing", "notBreaching")


def _alarm_failures(inputs: Properties) -> Iterator[Failure]:
    yield from one_of(inputs, "comparisonOperator", _OPERATORS)
    yield from one_of(inputs, "treatMissingData", _MISSING)
    for name in ("comparisonOperator", "evaluationPeriods"):
        if inputs.get(name) is None and not inputs.get("evaluationCriteria"):
            yield Failure(name, f"Missing required argument: {name!r} is required and is not set")
    if inputs.get("metricName") and not inputs.get("period"):
        yield Failure("period", "is required if metricName is set")


def _dimensions(given: Properties | None) -> list[Properties]:
    return tag_list(given, _DIMENSION)


def _dimension_map(found: list[Properties] | None) -> Properties:
    return tag_map(found, _DIMENSION)


def _query(given: Properties) -> Properties:
    metric = given.get("metric")
    query: Properties = to_api({name: value for name, value in given.items() if name != "metric"})
    if metric:
        stat = to_api({n: metric[n] for n in ("period", "stat", "unit") if metric.get(n)})
        named = to_api({n: metric[n] for n in ("metricName", "namespace") if metric.get(n)})
        stat["Metric"] = {**named, "Dimensions": _dimensions(metric.get("dimensions"))}
        query["MetricStat"] = stat
    return query


def _from_query(found: Properties) -> Properties:
    query: Properties = from_api({n: v for n, v in found.items() if n != "MetricStat"})
    if stat := found.get("MetricStat"):
        metric = stat["Metric"]
        query["metric"] = {
            **from_api({n: stat[n] for n in ("Period", "Stat", "Unit") if n in stat}),
            **from_api({n: metric[n] for n in ("MetricName", "Namespace") if n in metric}),
            "dimensions": _dimension_map(metric.get("Dimensions")),
        }
    return query


def _put_alarm(cloud: Cloud, inputs: Properties) -> None:
    cloud.client("cloudwatch").put_metric_alarm(
        AlarmName=inputs["name"],
        Dimensions=_dimensions(inputs.get("dimensions")),
        Tags=tag_list(inputs.get("tagsAll")),
        **{api: inputs.get(name) or [] for name, api in _ACTIONS.items()},
        **present(**{api: inputs.get(name) or None for name, api in _FIELDS.items()}),
        **{
            api: inputs[name]
            for name, api in _FIELDS.items()
            if inputs.get(name) in (0, False) and name in {"threshold", "actionsEnabled"}
        },
        **present(Metrics=[_query(item) for item in inputs.get("metricQueries") or ()] or None),
    )


def _create_alarm(cloud: Cloud, inputs: Properties) -> str:
    _put_alarm(cloud, inputs)
    return str(inputs["name"])


def _read_alarm(cloud: Cloud, identity: str, previous: Properties) -> Properties | None:
    cloudwatch = cloud.client("cloudwatch")
    alarms = cloudwatch.describe_alarms(AlarmNames=[identity])["MetricAlarms"]
    if not alarms:
        return None
    alarm = alarms[0]
    tags = cloudwatch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]
    return {
        **{name: alarm.get(api) for name, api in _FIELDS.items()},
        **{name: alarm.get(api) or [] for name, api in _ACTIONS.items()},
        "arn": alarm["AlarmArn"],
        "name": identity,
        "dimensions": _dimension_map(alarm.get("Dimensions")),
        "metricQueries": [_from_query(item) for item in alarm.get("Metrics") or ()],
        "tagsAll": tag_map(tags),
    }


def _update_alarm(cloud: Cloud, identity: str, state: Properties, inputs: Properties) -> None:
    _put_alarm(cloud, inputs)
    update_tags(cloud.client("cloudwatch"), state, inputs, ResourceARN=state["arn"])


def _delete_alarm(cloud: Cloud, identity: str, state: Properties) -> None:
    cloud.client("cloudwatch").delete_alarms(AlarmNames=[identity])


_METRIC = "Metrics.MetricStat.Metric"
_PUT = Call(
    "cloudwatch",
    "PutMetricAlarm",
    {
        "name": "AlarmName",
        "metricQueries": "Metrics",
        "metricQueries.metric": "Metrics.MetricStat",
        "metricQueries.metric.dimensions": f"{_METRIC}.Dimensions",
        "metricQueries.metric.metricName": f"{_METRIC}.MetricName",
        "metricQueries.metric.namespace": f"{_METRIC}.Namespace",
    },
)

TYPES = (
    ResourceType(
        type="aws:cloudwatch/metricAlarm:MetricAlarm",
        source="cloudwatch/metric_alarm.go",
        calls=(_PUT,),
        create=_create_alarm,
        read=_read_alarm,
        update=_update_alarm,
        delete=_delete_alarm,
        validate=_alarm_failures,
        name=Autoname(prefix_property=""),
        defaults={"actionsEnabled": True, "treatMissingData": "missing"},
        replaces=names("name"),
        computed=names("name evaluateLowSampleCountPercentiles metricQueries.returnData"),
        unordered=names("alarmActions okActions insufficientDataActions metricQueries"),
        outputs=names("arn"),
        tagged=True,
    ),
)
