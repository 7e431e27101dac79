"""One training job, in a network, a bucket and with a role that something else made."""

from pathlib import Path

import pulumi
import pulumi_aws as aws

from components.artifact_layout import ArtifactLayout, object_uri
from components.training_job.code_channel.job_uploads import JobUploads, JobUploadsArgs
from components.training_job.request.training_request import Placement
from components.training_job.resource import TrainingJob, job_inputs
from components.training_job.settings.job_settings import JobSettings

LINEAGE = "examples-dev-counting"  # the beginning of the job's names, and its prefix in the bucket

config = pulumi.Config()
bucket, layout = config.require("bucket"), ArtifactLayout(LINEAGE)
settings = JobSettings.model_validate(
    {
        "image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/training:1",
        "source": {"dir": "source", "entryPoint": "count.py"},
        "instanceType": "ml.m5.large",
        "maxRuntime": "10m",
        "spot": {"maxWait": "20m"},
    }
)
uploads = JobUploads(
    "counting-uploads", JobUploadsArgs(settings, LINEAGE, Path(__file__).parent, bucket, [])
)
placement = Placement(
    role_arn=config.require("roleArn"),
    key_arn=config.require("keyArn"),
    subnet_ids=config.require_object("subnetIds"),
    security_group_ids=[config.require("securityGroupId")],
    output_uri=object_uri(bucket, layout.output),
    checkpoint_uri=object_uri(bucket, layout.checkpoints),
    code_uri=uploads.code_uri,
    input_uris=uploads.input_uris,
    tags={"team": "examples"},
)
job = TrainingJob(
    "counting",
    job_inputs(
        settings,
        placement,
        lineage=LINEAGE,
        owner=bucket,
        account_id=aws.get_caller_identity().account_id,
        region=pulumi.Config("aws").require("region"),
        source_hash=uploads.source_hash,
        launch=True,
        preflight=True,
    ),
    pulumi.ResourceOptions(depends_on=uploads.dependencies),
)

pulumi.export("training_job_name", job.training_job_name)
