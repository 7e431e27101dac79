"""One training job or none, from settings that need no platform around it."""

import pulumi

from components.training_job.request.training_request import Placement
from components.training_job.resource import (
    TrainingJob,
    TrainingJobCompletion,
    TrainingJobLineages,
    job_inputs,
)
from components.training_job.settings.job_settings import JobSettings

config = pulumi.Config()
bucket, role = config.require("bucket"), config.require("role")
lineage = config.require("lineage")
job_settings = config.get_object("job")
lineages = TrainingJobLineages(
    "lineages",
    {"job": lineage} if job_settings else {},
    owner=bucket,
    account_id="123456789012",
    region="us-east-1",
)


def launch() -> None:
    """The job, and its end where it is waited for."""
    placement = Placement(
        role_arn=role,
        key_arn=config.require("key"),
        subnet_ids=[config.require("subnet")],
        security_group_ids=[config.require("group")],
        output_uri=f"s3://{bucket}/output/{lineage}",
        checkpoint_uri=f"s3://{bucket}/checkpoints/{lineage}/",
        code_uri=None,
        input_uris={},
        tags=config.require_object("tags"),
    )
    settings = JobSettings.model_validate(job_settings)
    job = TrainingJob(
        "job",
        job_inputs(
            settings,
            placement,
            lineage=lineage,
            owner=bucket,
            account_id="123456789012",
            region="us-east-1",
            source_hash="",
            launch=True,
            preflight=False,
        ),
        pulumi.ResourceOptions(depends_on=[lineages]),
    )
    if config.get_bool("wait"):
        TrainingJobCompletion("end", {"job": job}, [settings], "us-east-1")


if job_settings:
    launch()
