"""Settings, provider, platform, exports: one stack of one team."""

import gc
from pathlib import Path

import pulumi

from components.stack import configuration
from components.stack.stack_provider import StackProvider
from components.training_platform import TrainingPlatform

# What the program makes it needs to its end, some seconds later. Looking for garbage took a quarter
# of its processor time, as the modules of pulumi_aws are large, and saved no memory.
gc.disable()

project = Path(__file__).parent
settings, aws_settings = configuration.load(project)
provider = StackProvider(aws_settings, settings, pulumi.get_stack())

platform = TrainingPlatform(
    provider.site,
    settings,
    project,
    provider.endpoint_services,
    pulumi.ResourceOptions(provider=provider.resource),
)

pulumi.export("sagemaker_execution_role_arn", platform.execution_role.arn)
pulumi.export("artifact_bucket_name", platform.artifact_store.bucket_name)
pulumi.export("artifact_key_arn", platform.artifact_store.key_arn)
pulumi.export("vpc_id", platform.network.vpc_id)
pulumi.export("private_subnet_ids", platform.network.private_subnet_ids)
pulumi.export("training_security_group_id", platform.network.training_security_group_id)
pulumi.export("deployer_role_arn", platform.deployer_arn)
pulumi.export("training_job_name", platform.training_job_name)
pulumi.export("training_jobs", platform.training_jobs)
pulumi.export("tuning_jobs", platform.tuning_jobs)
pulumi.export("training_cost_usd", platform.training_cost_usd)
if settings.tracking:
    pulumi.export("tracking", settings.tracking_place)
