"""What a request on tuning jobs demands."""

from __future__ import annotations

from typing import Any

from localcloud.authorization.demands import Demand
from localcloud.authorization.service_demands import demands
from localcloud.authorization.sessions import Session
from tests.localcloud.sagemaker.tuning.tunings import DEFINITION, REQUEST, changed

ROLE = "arn:aws:iam::123456789012:role/training"
SESSION = Session(ROLE, "us-east-1")
ARN = "arn:aws:sagemaker:us-east-1:123456789012:hyper-parameter-tuning-job/tuning"
NAMED = {"HyperParameterTuningJobName": "tuning"}


def demanded(operation: str, document: dict[str, Any]) -> list[Demand]:
    return list(demands("sagemaker", operation, document, SESSION))


def test_a_creation_demands_the_job_with_its_conditions_its_role_and_its_tags():
    request = changed(
        REQUEST,
        {
            "Tags": [{"Key": "team", "Value": "research"}],
            f"{DEFINITION}.VpcConfig": {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
            f"{DEFINITION}.ResourceConfig.VolumeKmsKeyId": "volume-key",
            f"{DEFINITION}.OutputDataConfig.KmsKeyId": "output-key",
            f"{DEFINITION}.EnableNetworkIsolation": True,
        },
    )
    tags = {"aws:RequestTag/team": "research", "aws:TagKeys": ["team"]}

    assert demanded("CreateHyperParameterTuningJob", request) == [
        Demand(
            "sagemaker:CreateHyperParameterTuningJob",
            ARN,
            {
                "sagemaker:InstanceTypes": ["ml.m5.large"],
                "sagemaker:VolumeKmsKey": "volume-key",
                "sagemaker:OutputKmsKey": "output-key",
                "sagemaker:VpcSubnets": ["subnet-1"],
                "sagemaker:VpcSecurityGroupIds": ["sg-1"],
                "sagemaker:NetworkIsolation": "true",
                "sagemaker:InterContainerTrafficEncryption": "false",
                "sagemaker:MaxRuntimeInSeconds": "60",
                **tags,
            },
        ),
        Demand(
            "iam:PassRole",
            ROLE,
            {
                "iam:PassedToService": "sagemaker.amazonaws.com",
                "iam:AssociatedResourceArn": ARN,
            },
        ),
        Demand("sagemaker:AddTags", ARN, tags),
    ]


def test_other_requests_demand_the_job_and_a_list_all_resources():
    for operation in (
        "DescribeHyperParameterTuningJob",
        "StopHyperParameterTuningJob",
        "DeleteHyperParameterTuningJob",
        "ListTrainingJobsForHyperParameterTuningJob",
    ):
        assert demanded(operation, NAMED) == [Demand(f"sagemaker:{operation}", ARN)]
    assert demanded("ListTags", {"ResourceArn": ARN}) == [Demand("sagemaker:ListTags", ARN)]
    assert demanded("DeleteTags", {"ResourceArn": ARN, "TagKeys": ["team"]}) == [
        Demand("sagemaker:DeleteTags", ARN, {"aws:TagKeys": ["team"]})
    ]
    assert demanded("ListHyperParameterTuningJobs", {}) == [
        Demand("sagemaker:ListHyperParameterTuningJobs", "*")
    ]


def test_a_request_that_is_no_request_demands_the_action_all_the_same():
    found = demanded("CreateHyperParameterTuningJob", {"TrainingJobDefinition": "text"})

    assert [each.action for each in found] == [
        "sagemaker:CreateHyperParameterTuningJob",
        "iam:PassRole",
    ]
