from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from pulumi import AssetArchive, StringAsset

from tests.policies.subjects import STACK, job, resource, violations
from training_policies.quotas.written_calls import WRITTEN_CALLS
from training_policies.resource import UNKNOWN, Resource

MACHINE = "aws:sfn/stateMachine:StateMachine"
SCHEDULE = "aws:scheduler/schedule:Schedule"
FUNCTION = "aws:lambda/function:Function"
CODE = "boto3.client('sagemaker').create_processing_job()"


def judged(subject: Resource, **values: Any) -> list[Any]:
    return [each.asked for each in violations(WRITTEN_CALLS, subject, values, stack=STACK)]


def machine(call: str) -> Resource:
    states = {"Train": {"Type": "Task", "Resource": f"arn:aws:states:::{call}"}}
    return resource(MACHINE, {"definition": json.dumps({"States": states})})


@pytest.mark.parametrize(
    "call",
    [
        "sagemaker:createTrainingJob.sync",
        "sagemaker:createEndpoint",
        "aws-sdk:sagemaker:startPipelineExecution",
        "aws-sdk:sagemaker:createWhatComesNextYear",
        "aws-sdk:ec2:runInstances",
        "batch:submitJob.sync",
        "lambda:invoke",
        "states:startExecution",
    ],
)
def test_a_state_machine_calls_only_what_is_known(call: str):
    assert judged(machine(call)) == [call]
    assert judged(machine(call), allowed=[call]) == []
    schedule = resource(SCHEDULE, {"target": {"arn": f"arn:aws-cn:scheduler:::{call}"}})
    assert judged(schedule) == [call]


def test_the_line_that_the_message_asks_for_allows_the_call():
    [found] = violations(WRITTEN_CALLS, machine("lambda:invoke"), stack=STACK)
    assert '"policies": {"quota-written-calls": {"allowed": ["lambda:invoke"]}}' in str(found)


@pytest.mark.parametrize(
    ("type_", "properties"),
    [
        ("aws:ssm/document:Document", {"content": "aws sagemaker create-training-job --cli-input"}),
        ("aws:ssm/document:Document", {"content": "aws sagemaker start-notebook-instance"}),
        ("aws:ssm/document:Document", {"content": 'Api: "Create\\u0054rainingJob"'}),
        ("aws:ssm/document:Document", {"content": json.dumps('"create\\x54rainingJob"')}),
        ("aws:ssm/document:Document", {"content": "service: sagemaker\nApi: CreateLabelingJob"}),
        ("aws:cloudwatch/eventTarget:EventTarget", {"input": '{"sagemaker:CreateCluster": 1}'}),
        (FUNCTION, {"code": {"assets": [{"text": CODE}]}}),
        (FUNCTION, {"code": StringAsset(CODE)}),
        (FUNCTION, {"code": AssetArchive({"a": AssetArchive({"b": StringAsset(CODE)})})}),
    ],
)
def test_a_call_that_takes_instances_is_refused_wherever_it_is_written(
    type_: str, properties: dict[str, Any]
):
    assert len(judged(resource(type_, properties))) == 1


@pytest.mark.parametrize(
    ("type_", "properties"),
    [
        (MACHINE, {"definition": "arn:aws:states:::aws-sdk:sagemaker:listTrainingJobs"}),
        (MACHINE, {"definition": "arn:aws:states:::aws-sdk:sagemaker:describeTrainingJob"}),
        *(
            (MACHINE, {"definition": f"arn:aws:states:::aws-sdk:sagemaker:{call}"})
            for call in (
                "listHyperParameterTuningJobs",
                "describeHyperParameterTuningJob",
                "stopHyperParameterTuningJob",
            )
        ),
        (MACHINE, {"definition": UNKNOWN}),
        ("aws:iam/rolePolicy:RolePolicy", {"policy": '"Action": "sagemaker:CreateTrainingJob"'}),
        ("aws:cloudwatch/eventRule:EventRule", {"eventPattern": "CreateTrainingJob"}),
        ("aws:cloudwatch/logMetricFilter:LogMetricFilter", {"pattern": "CreateTrainingJob"}),
        ("aws:cloudwatch/metricAlarm:MetricAlarm", {"alarmDescription": "CreateTrainingJob"}),
        ("aws:cloudwatch/dashboard:Dashboard", {"dashboardBody": '{"a": "CreateTrainingJob"}'}),
        ("aws:sagemaker/modelPackageGroup:ModelPackageGroup", {"name": "models"}),
        ("aws:ssm/document:Document", {"content": "sagemaker create-model-package"}),
        ("pulumi:pulumi:Stack", {}),
    ],
)
def test_what_asks_for_no_instances_passes(type_: str, properties: dict[str, Any]):
    assert judged(resource(type_, properties)) == []


def test_a_component_that_names_a_call_passes_as_it_makes_none():
    subject = resource("acme:index:Training", {"call": "CreateTrainingJob"})
    assert judged(subject) == ["CreateTrainingJob"]
    assert judged(replace(subject, is_component=True)) == []


def test_a_training_job_is_the_other_policies_to_judge():
    assert judged(job()) == []
