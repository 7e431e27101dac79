"""The training platform in a program of one's own, which decides the settings in Python."""

from pathlib import Path

import pulumi

from components.problems import report
from components.stack.aws_settings import AwsSettings
from components.stack.configuration import parse
from components.stack.stack_provider import StackProvider
from components.training_platform import TrainingPlatform

project = Path(__file__).parent
settings, problems = parse({"team": "vision", "network": "10.80.0.0/20", "jobs": {}}, project)
if settings is None or problems:
    raise pulumi.RunError(report(problems))
aws_settings = AwsSettings(region=pulumi.Config("aws").require("region"))
provider = StackProvider(aws_settings, settings, pulumi.get_stack())

platform = TrainingPlatform(
    provider.site,
    settings,
    project,
    provider.endpoint_services,
    pulumi.ResourceOptions(provider=provider.resource),
)

pulumi.export("execution_role_arn", platform.execution_role.arn)
pulumi.export("training_jobs", platform.training_jobs)
