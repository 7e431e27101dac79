"""One job or none, tuned or not, from settings that need no platform around it."""

import pulumi

from components.training_job.request.training_request import Placement
from components.training_job.resource import (
    TrainingJob,
    TrainingJobCompletion,
    TrainingJobLineages,
    TuningJob,
    job_inputs,
)
from components.training_job.settings.job_settings import JobSettings

config = pulumi.Config()
bucket, role = config.require("bucket"), config.require("role")
lineage = config.require("lineage")
job_settings = config.get_object("job")
tuning_prefix = config.get("tuningPrefix")
lineages = TrainingJobLineages(
    "lineages",
    {"job": lineage} if job_settings else {},
    owner=bucket,
    account_id="123456789012",
    region="us-east-1",
    tunings={"job": tuning_prefix} if job_settings and tuning_prefix else None,
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
        code_uri=config.get("code"),
        input_uris={},
        tags=config.require_object("tags"),
    )
    settings = JobSettings.model_validate(job_settings)
    job = (TuningJob if settings.tuning else TrainingJob)(
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
            tuning_name_prefix=tuning_prefix,
        ),
        pulumi.ResourceOptions(depends_on=[lineages]),
    )
    if config.get_bool("wait"):
        TrainingJobCompletion("end", {"job": job}, [settings], "us-east-1")


if job_settings:
    launch()
