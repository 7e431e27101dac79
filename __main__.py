"""Settings, provider, platform, exports: one stack of one team."""

from pathlib import Path

import pulumi

import settings as stack_settings
from components.subnets import first_zones
from components.training_platform import TrainingPlatform, TrainingPlatformArgs
from stack_provider import StackProvider

project = Path(__file__).parent
settings, aws_settings = stack_settings.load(project)
provider = StackProvider(aws_settings, settings.tags(pulumi.get_stack()))

platform = TrainingPlatform(
    settings.name_prefix,
    TrainingPlatformArgs(
        account_id=provider.account_id,
        region=aws_settings.region,
        project=project,
        cidr=settings.network.cidr,
        availability_zones=first_zones(provider.zones, settings.network.availability_zones),
        interface_endpoints=settings.network.interface_endpoints,
        flow_log_days=settings.network.flow_log_days,
        retain=settings.artifacts.retain,
        checkpoint_days=settings.artifacts.checkpoint_days,
        jobs=settings.jobs,
        launch=settings.enable_training_job,
        wait=settings.wait_for_completion,
        tags=settings.tags(pulumi.get_stack()),
    ),
    pulumi.ResourceOptions(provider=provider.resource),
)

pulumi.export("sagemaker_execution_role_arn", platform.execution_role.arn)
pulumi.export("artifact_bucket_name", platform.artifact_store.bucket_name)
pulumi.export("artifact_key_arn", platform.artifact_store.key_arn)
pulumi.export("vpc_id", platform.network.vpc_id)
pulumi.export("private_subnet_ids", platform.network.private_subnet_ids)
pulumi.export("training_security_group_id", platform.network.training_security_group_id)
pulumi.export("training_job_name", platform.training_job_name)
pulumi.export("training_jobs", platform.training_jobs)
