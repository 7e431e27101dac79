"""State machines that really run, the watchdog of prolonged jobs among them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from components.alerts.alert_settings import IdleSettings, ProlongedSettings
from components.alerts.watch import Watch
from components.alerts.watchdog_documents import state_machine
from components.site import Site
from components.training_job.request.job_tags import IDLE_TAG, OWNER_TAG, REPORTED_TAG
from tests.localcloud.alerting import Alerting
from tests.localcloud.cloud import (
    FAST,
    LISTEN,
    REGION,
    Cloud,
    eventually,
    refusal,
    resources,
    running_cloud,
)

ACCOUNT = "123456789012"
COMPUTE = """
import signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
while True:
    pass
"""


def create_machine(cloud: Cloud, name: str, definition: dict[str, Any]) -> str:
    answer = cloud.client("stepfunctions").create_state_machine(
        name=name, definition=json.dumps(definition), roleArn=cloud.role
    )
    return str(answer["stateMachineArn"])


def run(cloud: Cloud, machine: str, given: dict[str, Any] | None = None) -> dict[str, Any]:
    """Runs a state machine to its end and returns its execution."""
    client = cloud.client("stepfunctions")
    text = json.dumps(given or {})
    arn = client.start_execution(stateMachineArn=machine, input=text)["executionArn"]

    def ended() -> dict[str, Any] | None:
        execution = client.describe_execution(executionArn=arn)
        return None if execution["status"] == "RUNNING" else execution

    return eventually(ended)


def watchdog(cloud: Cloud, alerting: Alerting, prefix: str, *, stop: bool = False) -> str:
    """Creates the watchdog of jobs older than a second and returns its ARN."""
    watch = Watch(
        Site(ACCOUNT, REGION, prefix),
        ProlongedSettings.model_construct(after=1, stop=stop),
        owner=cloud.role,
        topic_arn=alerting.topic,
        key_arn=f"arn:aws:kms:{REGION}:{ACCOUNT}:key/none",
    )
    return create_machine(cloud, prefix, state_machine(watch))


def create_job(cloud: Cloud, name: str, owner: str) -> None:
    cloud.create(LISTEN, TrainingJobName=name, Tags=[{"Key": OWNER_TAG, "Value": owner}])


def reported(cloud: Cloud, name: str, tag: str = REPORTED_TAG) -> bool:
    arn = cloud.describe(name)["TrainingJobArn"]
    tags = cloud.sagemaker.list_tags(ResourceArn=arn)["Tags"]
    return tag in [each["Key"] for each in tags]


def test_the_watchdog_reports_a_prolonged_job_of_its_stack_once(cloud: Cloud, alerting: Alerting):
    for name in ("watched-owned", "other-watched-owned"):
        create_job(cloud, name, cloud.role)
    create_job(cloud, "watched-foreign", "another-role")
    machine = watchdog(cloud, alerting, "watched")

    eventually(lambda: (run(cloud, machine) and reported(cloud, "watched-owned")) or None)
    executions = [run(cloud, machine) for _ in range(2)]

    assert [each["status"] for each in executions] == ["SUCCEEDED"] * 2
    (message,) = alerting.received(1)
    assert message["content"]["title"] == "Training job watched-owned is prolonged"
    assert message["content"]["description"].endswith("It runs on.")
    assert reported(cloud, "watched-owned")
    assert not reported(cloud, "watched-foreign")
    assert not reported(cloud, "other-watched-owned")
    for name in ("watched-owned", "watched-foreign", "other-watched-owned"):
        assert cloud.stop(name)["TrainingJobStatus"] == "Stopped"


@pytest.fixture
def measured(tmp_path: Path) -> Iterator[Cloud]:
    """A local cloud that measures the hosts of jobs often."""
    with running_cloud(tmp_path / "cloud", *FAST, "--host-interval", "0.5") as cloud:
        yield cloud


@pytest.mark.deep
def test_the_watchdog_reports_an_idle_job_once_and_not_one_that_computes(measured: Cloud):
    alerting = Alerting(measured, "idle")
    seconds = 8
    watch = Watch(
        Site(ACCOUNT, REGION, "watched"),
        None,
        owner=measured.role,
        topic_arn=alerting.topic,
        key_arn=f"arn:aws:kms:{REGION}:{ACCOUNT}:key/none",
        idle=IdleSettings.model_construct(after=seconds),
    )
    machine = create_machine(measured, "idle", state_machine(watch))
    gpus = {**resources(1), "InstanceType": "ml.g4dn.xlarge"}
    tags = [{"Key": OWNER_TAG, "Value": measured.role}]
    for name, script in (("watched-waits", LISTEN), ("watched-computes", COMPUTE)):
        measured.create(script, TrainingJobName=name, Tags=tags, ResourceConfig=gpus)

    def is_reported() -> bool | None:
        run(measured, machine)
        return reported(measured, "watched-waits", IDLE_TAG) or None

    eventually(is_reported)
    age = datetime.now(UTC) - measured.describe("watched-waits")["TrainingStartTime"]
    executions = [run(measured, machine) for _ in range(2)]

    assert age >= timedelta(seconds=seconds)
    assert [each["status"] for each in executions] == ["SUCCEEDED"] * 2
    (message,) = alerting.received(1)
    assert message["content"]["title"] == "Training job watched-waits is idle"
    assert "more than 5 % of one GPU" in message["content"]["description"]
    assert not reported(measured, "watched-computes", IDLE_TAG)
    for name in ("watched-waits", "watched-computes"):
        assert measured.stop(name)["TrainingJobStatus"] == "Stopped"


def test_a_schedule_starts_the_watchdog_which_stops_what_it_is_to_stop(
    cloud: Cloud, alerting: Alerting
):
    create_job(cloud, "limited-owned", cloud.role)
    machine = watchdog(cloud, alerting, "limited", stop=True)
    target = {"Arn": machine, "RoleArn": cloud.role}

    alerting.rule("limited", target, ScheduleExpression="rate(1 minute)")

    job = cloud.ended("limited-owned")
    message = alerting.received(1)[0]
    assert job["TrainingJobStatus"] == "Stopped"
    assert "It is being stopped" in message["content"]["description"]
    alerting.events.remove_targets(Rule="limited", Ids=["0"])


def test_texts_with_quotes_survive_variables_and_a_mistake_fails_the_execution(cloud: Cloud):
    states: dict[str, dict[str, Any]] = {
        "Keep": {"Type": "Pass", "Assign": {"text": "{% $states.input.text %}"}, "Next": "Give"},
        "Give": {"Type": "Pass", "Output": "{% {'text': $text, 'none': null} %}", "End": True},
    }
    machine = {"QueryLanguage": "JSONata", "StartAt": "Keep", "States": states}
    given = {"text": 'say "yes"\n'}

    execution = run(cloud, create_machine(cloud, "quotes", machine), given)

    assert json.loads(execution["output"]) == {**given, "none": None}
    states["Give"]["Output"] = "{% 'no' + 1 %}"
    mistaken = create_machine(cloud, "mistaken", machine)
    assert run(cloud, mistaken, given)["status"] == "FAILED"


def test_a_definition_is_validated_without_a_machine(cloud: Cloud):
    validate = cloud.client("stepfunctions").validate_state_machine_definition
    state: dict[str, Any] = {"Type": "Pass", "End": True}
    definition = {"StartAt": "A", "States": {"A": state}}
    assert validate(definition=json.dumps(definition))["result"] == "OK"
    state["Type"] = "Nap"
    answer = validate(definition=json.dumps(definition))
    [found] = answer["diagnostics"]
    assert (answer["result"], found["severity"]) == ("FAIL", "ERROR")


def test_an_invalid_definition_is_refused_with_its_code(cloud: Cloud):
    code, _ = refusal(
        cloud.client("stepfunctions").create_state_machine,
        name="invalid",
        definition="{}",
        roleArn=cloud.role,
    )

    assert code == "InvalidDefinition"
