"""CloudWatch alarms, and the metric filters and resource policies of its logs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from localcloud.awsplugin.cloud import Cloud
from localcloud.awsplugin.failures import AwsError, Failure
from localcloud.awsplugin.naming import Autoname
from localcloud.awsplugin.properties import Properties
from localcloud.awsplugin.resource_type import ResourceType, names, policy
from localcloud.awsplugin.resources.common import (
    answer_or_none,
    every,
    from_api,
    one_of,
    present,
    tag_changes,
    tag_list,
    tag_map,
    to_api,
)
from localcloud.awsplugin.resources.iam_rules import policy_failures

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
    return tag_list(given, "Name")


def _dimension_map(found: list[Properties] | None) -> Properties:
    return {item["Name"]: item["Value"] for item in found or ()}


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


def _read_alarm(cloud: Cloud, identity: str, previous: Properties) -> Properties | None:  # noqa: ARG001
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


def _update_alarm(cloud: Cloud, identity: str, state: Properties, inputs: Properties) -> None:  # noqa: ARG001
    cloudwatch = cloud.client("cloudwatch")
    _put_alarm(cloud, inputs)
    tags, gone = tag_changes(state, inputs)
    if gone:
        cloudwatch.untag_resource(ResourceARN=state["arn"], TagKeys=gone)
    if tags:
        cloudwatch.tag_resource(ResourceARN=state["arn"], Tags=tag_list(tags))


def _delete_alarm(cloud: Cloud, identity: str, state: Properties) -> None:  # noqa: ARG001
    cloud.client("cloudwatch").delete_alarms(AlarmNames=[identity])


def _put_filter(cloud: Cloud, inputs: Properties) -> None:
    logs, group = cloud.client("logs"), inputs["logGroupName"]
    found = every(logs, "describe_log_groups", "logGroups", logGroupNamePrefix=group)
    if group not in {item["logGroupName"] for item in found}:
        message = f"The specified log group {group!r} does not exist."
        raise AwsError("PutMetricFilter", "ResourceNotFoundException", message)
    given = inputs["metricTransformation"]
    transformation = present(
        metricName=given["name"],
        metricNamespace=given["namespace"],
        metricValue=given["value"],
        unit=given.get("unit"),
        dimensions=given.get("dimensions") or None,
    )
    if given.get("defaultValue") not in (None, ""):
        transformation["defaultValue"] = float(given["defaultValue"])
    logs.put_metric_filter(
        logGroupName=group,
        filterName=inputs["name"],
        filterPattern=inputs["pattern"],
        metricTransformations=[transformation],
    )


def _create_filter(cloud: Cloud, inputs: Properties) -> str:
    _put_filter(cloud, inputs)
    return str(inputs["name"])


def _filter_place(identity: str, state: Properties) -> tuple[str, str]:
    """Return group and name: from the state, or from an imported id `group:name`."""
    group, _, name = identity.rpartition(":")
    return state.get("logGroupName") or group, state.get("name") or name


def _read_filter(cloud: Cloud, identity: str, previous: Properties) -> Properties | None:
    logs, (group, name) = cloud.client("logs"), _filter_place(identity, previous)
    place = {"logGroupName": group, "filterNamePrefix": name}
    found_filters = answer_or_none(
        lambda: every(logs, "describe_metric_filters", "metricFilters", **place),
        "ResourceNotFoundException",
    )
    filters = [each for each in found_filters or () if each["filterName"] == name]
    if not filters:
        return None
    found: dict[str, Any] = filters[0]["metricTransformations"][0]
    default = found.get("defaultValue")
    return {
        "name": name,
        "logGroupName": group,
        "pattern": filters[0]["filterPattern"],
        "metricTransformation": {
            "name": found["metricName"],
            "namespace": found["metricNamespace"],
            "value": found["metricValue"],
            "unit": found.get("unit", "None"),
            "dimensions": found.get("dimensions") or {},
            "defaultValue": "" if default is None else f"{default:g}",
        },
    }


def _update_filter(cloud: Cloud, identity: str, state: Properties, inputs: Properties) -> None:
    # The local endpoint does not let a filter take the place of one of the same name.
    _delete_filter(cloud, identity, state)
    _put_filter(cloud, inputs)


def _delete_filter(cloud: Cloud, identity: str, state: Properties) -> None:
    logs, (group, name) = cloud.client("logs"), _filter_place(identity, state)
    answer_or_none(
        lambda: logs.delete_metric_filter(logGroupName=group, filterName=name),
        "ResourceNotFoundException",
    )


def _create_log_policy(cloud: Cloud, inputs: Properties) -> str:
    name, document = inputs["policyName"], inputs["policyDocument"]
    cloud.client("logs").put_resource_policy(policyName=name, policyDocument=document)
    return str(name)


def _read_log_policy(cloud: Cloud, identity: str, previous: Properties) -> Properties | None:  # noqa: ARG001
    policies = every(cloud.client("logs"), "describe_resource_policies", "resourcePolicies")
    found = next((item for item in policies if item["policyName"] == identity), None)
    if found is None:
        return None
    document = found["policyDocument"]
    scope = {"policyScope": "ACCOUNT", "revisionId": ""}
    return {"policyName": identity, "policyDocument": document, **scope}


def _update_log_policy(cloud: Cloud, identity: str, state: Properties, inputs: Properties) -> None:  # noqa: ARG001
    _create_log_policy(cloud, inputs)


def _delete_log_policy(cloud: Cloud, identity: str, state: Properties) -> None:  # noqa: ARG001
    logs = cloud.client("logs")
    answer_or_none(
        lambda: logs.delete_resource_policy(policyName=identity), "ResourceNotFoundException"
    )


TYPES = (
    ResourceType(
        type="aws:cloudwatch/metricAlarm:MetricAlarm",
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
    ResourceType(
        type="aws:cloudwatch/logMetricFilter:LogMetricFilter",
        create=_create_filter,
        read=_read_filter,
        update=_update_filter,
        delete=_delete_filter,
        name=Autoname(length=512, prefix_property=""),
        required=names("logGroupName metricTransformation pattern"),
        replaces=names("logGroupName name"),
        computed=names("name metricTransformation.unit"),
        write_only=names("applyOnTransformedLogs"),
    ),
    ResourceType(
        type="aws:cloudwatch/logResourcePolicy:LogResourcePolicy",
        create=_create_log_policy,
        read=_read_log_policy,
        update=_update_log_policy,
        delete=_delete_log_policy,
        validate=lambda inputs: policy_failures(inputs, "policyDocument", "Principal", "Resource"),
        required=names("policyDocument policyName"),
        replaces=names("policyName"),
        outputs=names("policyScope revisionId"),
        same=policy("policyDocument"),
    ),
)
