from __future__ import annotations

import json
from typing import Any

import pytest

from tests.policies.subjects import STACK, job, resource, violations
from training_policies.quotas.other_routes import OTHER_ROUTES
from training_policies.resource import UNKNOWN, Resource

STATES = {"Train": {"Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync"}}
MACHINE = "aws:sfn/stateMachine:StateMachine"


def judged(subject: Resource, **values: Any) -> list[Any]:
    return [each.asked for each in violations(OTHER_ROUTES, subject, values, stack=STACK)]


@pytest.mark.parametrize(
    "type_",
    [
        "aws:sagemaker/hyperParameterTuningJob:HyperParameterTuningJob",
        "aws:sagemaker/notebookInstance:NotebookInstance",
        "aws:sagemaker/endpoint:Endpoint",
        "aws:sagemaker/pipeline:Pipeline",
        "aws:cloudformation/stack:Stack",
        "aws:index/sagemakerTrainingJob:SagemakerTrainingJob",
        "aws-native:sagemaker:ProcessingJob",
        "aws-native:iam:Role",
        "awscc:sagemaker/cluster:Cluster",
        "command:local:Command",
    ],
)
def test_a_type_that_no_other_policy_reads_is_refused(type_: str):
    assert judged(resource(type_, {})) == [type_]
    assert judged(resource(type_, {"name": UNKNOWN})) == [type_]
    assert judged(resource(type_, {}), refused=["other:*"]) == []


@pytest.mark.parametrize(
    ("type_", "properties"),
    [
        (MACHINE, {"definition": json.dumps({"States": STATES})}),
        ("aws:scheduler/schedule:Schedule",
         {"target": {"arn": "aws-sdk:sagemaker:createHyperParameterTuningJob"}}),
        ("aws:ssm/document:Document", {"content": "aws sagemaker create-training-job --cli-input"}),
        ("aws:lambda/function:Function",
         {"code": {"assets": [{"text": "boto3.client('sagemaker').create_processing_job()"}]}}),
    ],
)  # fmt: skip
def test_a_call_that_takes_instances_is_refused_wherever_it_is_written(
    type_: str, properties: dict[str, Any]
):
    assert judged(resource(type_, properties)) == [type_]


@pytest.mark.parametrize(
    ("type_", "properties"),
    [
        (MACHINE, {"definition": "arn:aws:states:::aws-sdk:sagemaker:listTrainingJobs"}),
        (MACHINE, {"definition": UNKNOWN}),
        ("aws:iam/rolePolicy:RolePolicy", {"policy": '"Action": "sagemaker:CreateTrainingJob"'}),
        ("aws:cloudwatch/eventRule:EventRule", {"eventPattern": "CreateTrainingJob"}),
        ("aws:sagemaker/modelPackageGroup:ModelPackageGroup", {"name": "models"}),
        ("pulumi:pulumi:Stack", {}),
    ],
)
def test_what_takes_no_instances_passes(type_: str, properties: dict[str, Any]):
    assert judged(resource(type_, properties)) == []


def test_a_training_job_is_the_other_policies_to_judge():
    assert judged(job()) == []
