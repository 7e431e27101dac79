"""The program that `bench/policies.py` previews: as many platforms as the setting says."""

from dataclasses import replace
from pathlib import Path

import pulumi

from components.stack import configuration
from components.stack.stack_provider import StackProvider
from components.training_platform import TrainingPlatform

project = Path(__file__).parent
settings, aws_settings = configuration.load(project)
provider = StackProvider(aws_settings, settings, pulumi.get_stack())
for number in range(pulumi.Config("bench").require_int("platforms")):
    # Each is named apart, and all are tagged as the one team's, whose stack this is.
    own = settings.model_copy(update={"environment": f"dev-{number}"})
    # A parent of its own type, as a stack has one platform, whose lineages have a fixed name.
    apart = pulumi.ComponentResource(
        f"bench:index:Platform{number}",
        f"platform-{number}",
        opts=pulumi.ResourceOptions(provider=provider.resource),
    )
    site = replace(provider.site, prefix=own.name_prefix)
    TrainingPlatform(site, own, project, pulumi.ResourceOptions(parent=apart))
