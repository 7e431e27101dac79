"""Models, jobs, images and stored values."""

from __future__ import annotations

from localcloud.awsplugin.properties import Properties
from tests.localcloud.awsplugin.world import RETAG, TAGS, Case, World, change


def _training_job(world: World) -> Properties:
    return {
        "trainingJobName": "provider-made",
        "roleArn": world.role().state["arn"],
        "algorithmSpecification": {
            "trainingImage": "123456789012.dkr.ecr.us-east-1.amazonaws.com/training:1",
            "trainingInputMode": "File",
            "containerEntrypoints": ["python3", "train.py"],
        },
        "outputDataConfig": {"s3OutputPath": f"s3://{world.bucket()}/output/"},
        "resourceConfig": {
            "instanceType": "ml.g5.2xlarge",
            "instanceCount": 1,
            "volumeSizeInGb": 50,
        },
        "stoppingCondition": {"maxRuntimeInSeconds": 3600},
        "environment": {"A_NAME": "b"},
        "hyperParameters": {"epochs": "3"},
        **TAGS,
    }


REGISTRY_CASES = [
    Case(
        "aws:sagemaker/modelPackageGroup:ModelPackageGroup",
        lambda _: {"modelPackageGroupName": "digits", **TAGS},
        RETAG,
        change(modelPackageGroupDescription="another"),
        "modelPackageGroupDescription",
    ),
    Case(
        "aws:sagemaker/trainingJob:TrainingJob",
        _training_job,
        RETAG,
        change(hyperParameters={"epochs": "4"}),
        "hyperParameters",
    ),
    Case(
        "aws:ecr/repository:Repository",
        lambda _: {"imageScanningConfiguration": {"scanOnPush": True}, **TAGS},
        change(imageTagMutability="IMMUTABLE", tags={}),
        change(name="another"),
        "name",
    ),
    Case(
        "aws:ssm/parameter:Parameter",
        lambda _: {"type": "SecureString", "value": "one", **TAGS},
        change(value="two", description="a value", tags={}),
        change(name="another"),
        "name",
    ),
    Case(
        "aws:secretsmanager/secret:Secret",
        lambda _: {"description": "a token", "recoveryWindowInDays": 0, **TAGS},
        change(description="the token", tags={}),
        change(name="another"),
        "name",
    ),
]
