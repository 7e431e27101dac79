"""The job that is launched in the measurements: it ends as soon as it has started."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from components.training_job.request.job_inputs import JobInputs
from components.training_job.request.training_request import Placement, training_request
from components.training_job.resource import job_inputs
from components.training_job.settings.job_settings import JobSettings

BUCKET = "artifacts"


def settings() -> JobSettings:
    """A job without source, whose image does nothing."""
    command = {"ContainerEntrypoint": ["/bin/true"]}
    return JobSettings.model_validate(
        {
            "image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/training:1",
            "instanceType": "ml.m5.large",
            "maxRuntime": "10m",
            "extra": {"AlgorithmSpecification": command},
        }
    )


def placement(lineage: str, account: Mapping[str, str]) -> Placement:
    """Where a lineage's jobs run, with an account's role, key, subnet and group."""
    return Placement(
        role_arn=account["role"],
        key_arn=account["key"],
        subnet_ids=[account["subnet"]],
        security_group_ids=[account["group"]],
        output_uri=f"s3://{BUCKET}/output/{lineage}",
        checkpoint_uri=f"s3://{BUCKET}/checkpoints/{lineage}/",
        code_uri=None,
        input_uris={},
        tags={"team": "bench"},
    )


def request(name: str, account: Mapping[str, str]) -> dict[str, Any]:
    """The CreateTrainingJob request of one job, as a script would send it."""
    return training_request(settings(), placement(name, account)) | {"TrainingJobName": name}


def inputs(lineage: str, account: Mapping[str, str]) -> JobInputs:
    """The inputs of the same job as the program's resource."""
    return job_inputs(
        settings(),
        placement(lineage, account),
        lineage=lineage,
        owner=BUCKET,
        account_id="123456789012",
        region="us-east-1",
        source_hash="",
        launch=True,
        preflight=True,
    )
