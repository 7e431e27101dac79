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
    # Each has another name, and all have the tags of the stack's one team.
    own = settings.model_copy(update={"environment": f"dev-{number}"})
    # Each has a parent of its own type: a platform's lineages have a fixed name in a stack.
    apart = pulumi.ComponentResource(
        f"bench:index:Platform{number}",
        f"platform-{number}",
        opts=pulumi.ResourceOptions(provider=provider.resource),
    )
    site = replace(provider.site, prefix=own.name_prefix)
    TrainingPlatform(
        site, own, project, provider.endpoint_services, pulumi.ResourceOptions(parent=apart)
    )
