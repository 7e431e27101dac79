"""What the stack's dashboard in CloudWatch shows.

Jobs come and go, so the graphs search for them by their names: a new job is on the dashboard
without an update. A search goes by the parts of a name, so jobs of a stack `research-dev-2` are
also on the dashboard of `research-dev`. It finds what was measured in the last two weeks.

Sources: "Dashboard Body Structure and Syntax" in CloudWatch's API reference, "CloudWatch search
expression syntax" in its guide, "Amazon SageMaker AI metrics in Amazon CloudWatch" in SageMaker's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from components.site import TRAINING_LOGS, Site

_NAMESPACE = TRAINING_LOGS
"""The namespace of training jobs' metrics: it is called as their log group is."""

_COLUMNS = 24
_MOST_METRICS = 90
"""The jobs' own metrics that are shown: CloudWatch takes 500 widgets, and a console that has to
load more graphs than this is slow."""

_PERIOD = 60
"""Seconds: SageMaker measures each minute."""

_UTILISATION = (
    (("GPUUtilization", "GPU: 100 % is one GPU"), ("GPUMemoryUtilization", "GPU memory")),
    (
        ("CPUUtilization", "CPU: 100 % is one core"),
        ("MemoryUtilization", "Memory"),
        ("DiskUtilization", "Disk"),
    ),
)
"""The rows of graphs about hosts. SageMaker adds up the GPUs of a host, and its cores."""

_ESCAPED = re.compile(r'(["\\()])')
"""What an exact match in a search must have a backslash before."""

Widget = dict[str, Any]


@dataclass(frozen=True)
class Shown:
    """What a dashboard shows.

    Attributes:
        site: the stack's site.
        metrics: the names of the jobs' own metrics.
        alarms: the ARNs of the stack's alarms.
        budget: whether the stack has a budget.
        tunes: whether the stack has a tuning job.
    """

    site: Site
    metrics: Sequence[str]
    alarms: Sequence[str]
    budget: bool = False
    tunes: bool = False


def dashboard_body(shown: Shown) -> str:
    """The dashboard as JSON: links, alarms, the use of the hosts, and the jobs' own metrics."""
    rows = [
        [_text(shown)],
        [_alarms(shown)],
        *([_of_hosts(shown, *each) for each in row] for row in _UTILISATION),
        *_rows_of([_of_jobs(shown, name) for name in _searchable(shown.metrics)], 3),
    ]
    return json.dumps({"widgets": list(_placed(rows))})


def _placed(rows: Sequence[Sequence[Widget]]) -> Iterator[Widget]:
    """The widgets of all rows, each with its place; the widgets of a row share its width."""
    top = 0
    for row in rows:
        width = _COLUMNS // max(len(row), 1)
        for position, widget in enumerate(row):
            yield {**widget, "x": position * width, "y": top, "width": width}
        top += max(widget["height"] for widget in row)


def _rows_of(widgets: Sequence[Widget], length: int) -> Iterator[Sequence[Widget]]:
    return (widgets[start : start + length] for start in range(0, len(widgets), length))


def _text(shown: Shown) -> Widget:
    site = shown.site
    console, region = site.console, site.region
    group = TRAINING_LOGS.replace("/", "$252F")
    sagemaker = f"{console}/sagemaker/home?region={region}#"
    streams = f"{console}/cloudwatch/home?region={region}#logsV2:log-groups/log-group/{group}"
    links = {
        "Training jobs": f"{sagemaker}/jobs",
        **({"Tuning jobs": f"{sagemaker}/hyper-tuning-jobs"} if shown.tunes else {}),
        "Logs": f"{streams}$3FlogStreamNameFilter$3D{site.job_name_prefix}",
        **({"Budget": f"{console}/costmanagement/home#/budgets"} if shown.budget else {}),
    }
    lines = [
        f"# Training of {site.prefix}",
        " | ".join(f"[{words}]({address})" for words, address in links.items()),
        "",
        "Pulumi writes this dashboard: a change in the console lasts until the next update.",
    ]
    return {"type": "text", "height": 3, "properties": {"markdown": "\n".join(lines)}}


def _alarms(shown: Shown) -> Widget:
    properties = {"title": "Alarms", "alarms": list(shown.alarms)}
    return {"type": "alarm", "height": 4, "properties": properties}


def _of_hosts(shown: Shown, metric: str, title: str) -> Widget:
    """A graph with a line for each host of a job, `<job>/algo-<number>`."""
    percent = {"left": {"min": 0, "label": "%", "showUnits": False}}
    return _graph(shown, metric, "Host", title=title, yAxis=percent)


def _of_jobs(shown: Shown, metric: str) -> Widget:
    """A graph with a line for each job that prints a metric."""
    return _graph(shown, metric, "TrainingJobName", title=metric)


def _graph(shown: Shown, metric: str, dimension: str, **properties: Any) -> Widget:
    site = shown.site
    prefixes = [site.prefix, *([site.tuning_name_prefix.rstrip("-")] if shown.tunes else [])]
    return {
        "type": "metric",
        "height": 6,
        "properties": {
            **properties,
            "region": site.region,
            "view": "timeSeries",
            "period": _PERIOD,
            "metrics": [
                [
                    {
                        "id": f"e{number}",
                        "expression": _search(metric, dimension, prefix),
                        "label": f"${{PROP('Dim.{dimension}')}}",
                    }
                ]
                for number, prefix in enumerate(prefixes, start=1)
            ],
        },
    }


def _search(metric: str, dimension: str, prefix: str) -> str:
    exact = _ESCAPED.sub(r"\\\1", metric)
    schema = f'{{"{_NAMESPACE}","{dimension}"}}'
    return f"SEARCH('{schema} MetricName=\"{exact}\" {dimension}={prefix}', 'Average', {_PERIOD})"


def _searchable(metrics: Sequence[str]) -> list[str]:
    """The names in order. A search is in single quotes, and AWS documents no way to escape one."""
    return [name for name in sorted(set(metrics)) if "'" not in name][:_MOST_METRICS]
