"""The bodies of dashboards that AWS refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from localcloud.corrections.dashboards import body_errors
from tests.localcloud.cloud import Cloud, refusal

ALARM = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:failures"
TEXT = {"type": "text", "properties": {"markdown": "# Training"}}
GRAPH: dict[str, Any] = {
    "region": "us-east-1",
    "metrics": [["AWS/EC2", "CPUUtilization", "InstanceId", "i-1"]],
}


def graph(**changes: Any) -> dict[str, Any]:
    return {"type": "metric", "properties": {**GRAPH, **changes}}


def errors(*widgets: Any) -> list[str]:
    return [path for path, _ in body_errors(json.dumps({"widgets": widgets}))]


def test_a_body_as_aws_documents_it_is_taken():
    searched = [{"id": "e1", "expression": "SEARCH('{AWS/EC2} CPU', 'Average', 60)"}]
    assert errors() == []
    assert (
        errors(
            TEXT,
            {**TEXT, "x": 12, "y": 400, "width": 12, "height": 1000},
            graph(metrics=[*GRAPH["metrics"], searched]),
            graph(metrics=None, annotations={"alarms": [ALARM]}),
            {"type": "alarm", "properties": {"alarms": [ALARM]}},
        )
        == []
    )


@pytest.mark.parametrize(
    ("widget", "path"),
    [
        ("text", ""),
        ({**TEXT, "type": "picture"}, "/type"),
        ({"type": "text"}, ""),
        ({"type": "text", "properties": {}}, "/properties"),
        ({**TEXT, "x": 24}, "/x"),
        ({**TEXT, "y": -1}, "/y"),
        ({**TEXT, "width": 25}, "/width"),
        ({**TEXT, "height": 0}, "/height"),
        ({**TEXT, "height": "6"}, "/height"),
        ({**TEXT, "x": 20, "width": 6}, ""),
        (graph(region=None), "/properties"),
        (graph(metrics=None), "/properties"),
        (graph(metrics={}), "/properties/metrics"),
        (graph(metrics=GRAPH["metrics"] * 501), "/properties/metrics"),
        (graph(metrics=[{"expression": "1"}]), "/properties/metrics/0"),
        (graph(metrics=[["AWS/EC2", "CPUUtilization", "InstanceId"]]), "/properties/metrics/0"),
        (graph(metrics=[["AWS/EC2", "CPUUtilization", "a", 1]]), "/properties/metrics/0"),
        (graph(metrics=[[{"id": "e1"}]]), "/properties/metrics/0"),
        (graph(metrics=[[{"id": "E1", "expression": "1"}]]), "/properties/metrics/0/id"),
        (graph(metrics=[[{"expression": "x" * 1025}]]), "/properties/metrics/0/expression"),
        ({"type": "alarm", "properties": {"alarms": ["failures"]}}, "/properties/alarms/0"),
        ({"type": "alarm", "properties": {"alarms": [ALARM] * 101}}, "/properties/alarms"),
    ],
)
def test_a_widget_that_aws_does_not_document_is_refused(widget: Any, path: str):
    assert errors(TEXT, widget) == [f"/widgets/1{path}"]


def test_a_body_without_a_list_of_widgets_is_refused():
    assert [path for path, _ in body_errors("{")] == [""]
    assert [path for path, _ in body_errors("[]")] == ["/widgets"]
    assert errors(*[TEXT] * 501) == ["/widgets"]


def test_the_refusal_counts_the_errors_and_names_their_places(cloud: Cloud):
    put = cloud.client("cloudwatch").put_dashboard
    wrong = json.dumps({"widgets": [{**TEXT, "width": 25}, graph(region=None)]})
    code, message = refusal(put, DashboardName="training", DashboardBody=wrong)
    assert code == "InvalidParameterInput"
    assert message.startswith("The dashboard body is invalid, there are 2 validation errors:")
    assert '"dataPath": "/widgets/1/properties"' in message
    right = json.dumps({"widgets": [TEXT]})
    code, _ = refusal(put, DashboardName="of training", DashboardBody=right)
    assert code == "InvalidParameterValue"
    assert put(DashboardName="training", DashboardBody=right)["DashboardValidationMessages"] == []
