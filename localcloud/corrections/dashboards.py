"""The bodies of CloudWatch's dashboards, which moto takes whatever they say.

The rules are those of "Dashboard Body Structure and Syntax" in the API reference. The refusal has
AWS's form, as people have reported it: the number of errors, and each with its path. The words of
the single errors are AWS's only where they are known.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

_COLUMNS = 24
_DEFAULT_WIDTH = 6
_LARGEST_HEIGHT = 1_000
_MOST_WIDGETS = 500
_MOST_METRICS = 500
_MOST_ALARMS = 100
_MOST_SEARCH = 1_024
"""Characters of a search expression."""
_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
_ID = re.compile(r"[a-z][A-Za-z0-9_]*")
_NEEDED = {
    "alarm": ("alarms",),
    "custom": ("endpoint",),
    "explorer": ("metrics", "labels"),
    "log": ("query", "region"),
    "metric": ("region",),
    "text": ("markdown",),
}
"""The types of widgets, and the properties that each must have."""

Errors = Iterator[tuple[str, str]]
"""Errors: where in the body, and what."""


def correct() -> None:
    """Has moto's CloudWatch refuse the dashboards that AWS refuses."""
    from moto.cloudwatch.exceptions import DashboardInvalidInputError, InvalidParameterValue
    from moto.cloudwatch.responses import CloudWatchResponse

    put = CloudWatchResponse.put_dashboard

    def put_dashboard(response: Any) -> Any:
        name = response._get_param("DashboardName")
        if not _NAME.fullmatch(name):
            raise InvalidParameterValue(
                f"The value {name} for field DashboardName contains invalid characters. It can "
                "only contain alphanumerics, dash (-) and underscore (_)."
            )
        errors = list(body_errors(response._get_param("DashboardBody")))
        if errors:
            written = [{"dataPath": path, "message": message} for path, message in errors]
            raise DashboardInvalidInputError(
                f"The dashboard body is invalid, there are {len(errors)} validation errors: "
                f"{json.dumps(written, indent=2)}"
            )
        return put(response)

    CloudWatchResponse.put_dashboard = put_dashboard


def body_errors(text: str) -> Errors:
    """What is wrong with a dashboard's body."""
    try:
        body = json.loads(text)
    except ValueError:
        yield "", "Should be valid JSON"
        return
    widgets = body.get("widgets") if isinstance(body, dict) else None
    if not isinstance(widgets, list):
        yield "/widgets", "Should be array"
        return
    if len(widgets) > _MOST_WIDGETS:
        yield "/widgets", f"Should NOT have more than {_MOST_WIDGETS} items"
    for position, widget in enumerate(widgets):
        yield from _widget_errors(f"/widgets/{position}", widget)


def _widget_errors(path: str, widget: Any) -> Errors:
    if not isinstance(widget, dict):
        yield path, "Should be object"
        return
    kind, properties = widget.get("type"), widget.get("properties")
    if kind not in _NEEDED:
        yield f"{path}/type", "Should be equal to one of the allowed values"
        return
    yield from _place_errors(path, widget)
    if not isinstance(properties, dict):
        yield path, "Should have required property 'properties'"
        return
    path = f"{path}/properties"
    for needed in _NEEDED[kind]:
        if not properties.get(needed):
            yield path, f"Should have required property '{needed}'"
    if kind == "metric":
        yield from _metric_errors(path, properties)
    if kind == "alarm":
        yield from _alarm_errors(path, properties)


def _place_errors(path: str, widget: dict[str, Any]) -> Errors:
    """A widget's place on the grid; where AWS documents no sum, it is taken to be refused."""
    limits: dict[str, tuple[int, int | None]] = {
        "x": (0, _COLUMNS - 1),
        "y": (0, None),
        "width": (1, _COLUMNS),
        "height": (1, _LARGEST_HEIGHT),
    }
    for name, (least, most) in limits.items():
        value = widget.get(name, least)
        if not isinstance(value, int) or isinstance(value, bool):
            yield f"{path}/{name}", "Should be integer"
        elif value < least:
            yield f"{path}/{name}", f"Should be >= {least}"
        elif most is not None and value > most:
            yield f"{path}/{name}", f"Should be <= {most}"
        elif name == "x" and value + _width(widget) > _COLUMNS:
            yield path, f"Should end within {_COLUMNS} columns"


def _width(widget: dict[str, Any]) -> int:
    """A widget's width, as far as it is a right one."""
    width = widget.get("width", _DEFAULT_WIDTH)
    return min(width, _COLUMNS) if isinstance(width, int) else 0


def _metric_errors(path: str, properties: dict[str, Any]) -> Errors:
    metrics = properties.get("metrics")
    if metrics is None:
        alarms = properties.get("annotations", {}).get("alarms")
        if not alarms:
            yield path, "Should have required property 'metrics'"
        return
    path = f"{path}/metrics"
    if not isinstance(metrics, list):
        yield path, "Should be array"
        return
    if len(metrics) > _MOST_METRICS:
        yield path, f"Should NOT have more than {_MOST_METRICS} items"
    for position, metric in enumerate(metrics):
        yield from _row_errors(f"{path}/{position}", metric)


def _row_errors(path: str, metric: Any) -> Errors:
    """A row is [namespace, metric, name, value, …, {options}], or [{expression, …}]."""
    if not isinstance(metric, list) or not metric:
        yield path, "Should be array"
        return
    *texts, options = metric if isinstance(metric[-1], dict) else [*metric, {}]
    if any(not isinstance(each, str) for each in texts):
        yield path, "Invalid metric field type, only 'String' type is allowed"
    elif not texts and not isinstance(options.get("expression"), str):
        yield path, "Should have required property 'expression'"
    elif texts and (len(texts) < 2 or len(texts) % 2):
        yield path, "Should have a namespace, a metric, and pairs of dimensions"
    elif len(str(options.get("expression", ""))) > _MOST_SEARCH:
        yield f"{path}/expression", f"Should NOT be longer than {_MOST_SEARCH} characters"
    if "id" in options and not _ID.fullmatch(str(options["id"])):
        yield f"{path}/id", "Should begin with a lower-case letter"


def _alarm_errors(path: str, properties: dict[str, Any]) -> Errors:
    alarms = properties.get("alarms")
    if not isinstance(alarms, list) or len(alarms) > _MOST_ALARMS:
        yield f"{path}/alarms", f"Should be array of at most {_MOST_ALARMS} items"
        return
    for position, arn in enumerate(alarms):
        if not re.fullmatch(r"arn:[^:]+:cloudwatch:[^:]+:\d{12}:alarm:.+", str(arn)):
            yield f"{path}/alarms/{position}", "Should be the ARN of an alarm"
