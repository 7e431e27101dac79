"""Runs a watchdog's state machine."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import boto3
import jsonata  # type: ignore[import-untyped]
import pytest
from moto import mock_aws
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_aws_sdk,
    state_task_service_sns,
)
from moto.stepfunctions.parser.asl.jsonata import jsonata as moto_jsonata

from components.alerts.watch import Watch
from components.alerts.watchdog_documents import state_machine
from tests.components.alerts.watched_cloud import Cloud
from tests.components.recording import ACCOUNT, REGION


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Runs a watch's state machine against a cloud, in moto's interpreter of the language."""

    def evaluate(expression: str) -> Any:
        return jsonata.Jsonata(expression).evaluate(None)

    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(moto_jsonata, "_eval_jsonata", evaluate)

    def execute(watch: Watch, cloud: Cloud) -> None:
        for module in (state_task_service_aws_sdk, state_task_service_sns):
            monkeypatch.setattr(module, "boto_client_for", lambda *_, **__: cloud)
        client = boto3.client("stepfunctions")
        machine = client.create_state_machine(
            name="watchdog",
            definition=json.dumps(state_machine(watch)),
            roleArn=f"arn:aws:iam::{ACCOUNT}:role/watchdog",
        )["stateMachineArn"]
        execution = client.start_execution(stateMachineArn=machine, name=str(time.time_ns()))
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            answer = client.describe_execution(executionArn=execution["executionArn"])
            if answer["status"] != "RUNNING":
                break
            time.sleep(0.05)
        assert answer["status"] == "SUCCEEDED", answer

    with mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
        yield execute
