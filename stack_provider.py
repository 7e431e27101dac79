"""The AWS provider of a stack, and what AWS says of its account, region and network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from components.network.existing_network import ExistingNetwork, existing_network_problems
from components.network.subnets import first_zones
from components.permissions_boundary import foreign_boundary_problems
from components.problems import Problem, report, under
from components.stack_rules import largest_job, uses_efa
from components.stack_settings import Settings
from components.training_job.aws_clients import AwsClients
from settings import AwsSettings


class StackProvider:
    """One explicit provider for everything that the stack builds."""

    resource: aws.Provider
    account_id: str
    """The account that the credentials belong to, known at preview."""
    zones: list[str]
    """The names of the zones that get a private subnet, known at preview."""

    def __init__(self, aws_settings: AwsSettings, settings: Settings, stack: str) -> None:
        """The provider with the stack's `aws:*` settings and its tags on everything.

        Raises:
            pulumi.RunError: AWS can't be asked, or what it answers doesn't fit the settings.
        """
        self.resource = _provider(aws_settings, settings.tags(stack))
        options = pulumi.InvokeOptions(provider=self.resource)
        try:
            self.account_id = aws.get_caller_identity(opts=options).account_id
            available = aws.get_availability_zones(state="available", opts=options).names
            self.zones = first_zones(available, settings.network.availability_zones)
        except ValueError as error:
            raise pulumi.RunError(str(error)) from error
        except Exception as error:
            raise pulumi.RunError(
                f"AWS did not answer in {aws_settings.region}: {error}\n"
                "Remedy: check the credentials, the profile and aws:region."
            ) from error
        if settings.permissions_boundary:
            _refuse(foreign_boundary_problems(settings.permissions_boundary, self.account_id))
        if settings.network.existing is not None:
            _check_existing(settings.network.existing.network, aws_settings, settings)


def _provider(settings: AwsSettings, tags: Mapping[str, str]) -> aws.Provider:
    endpoints = [aws.ProviderEndpointArgs(**each) for each in settings.endpoints]
    return aws.Provider(
        "aws",
        region=settings.region,
        profile=settings.profile,
        assume_roles=[_assume_role(role) for role in settings.assume_roles],
        allowed_account_ids=settings.allowed_account_ids,
        endpoints=endpoints,
        default_tags=aws.ProviderDefaultTagsArgs(tags=dict(tags)),
    )


def _assume_role(role: Mapping[str, str]) -> aws.ProviderAssumeRoleArgs:
    return aws.ProviderAssumeRoleArgs(
        role_arn=role["roleArn"],
        session_name=role.get("sessionName"),
        external_id=role.get("externalId"),
    )


def _check_existing(
    network: ExistingNetwork, aws_settings: AwsSettings, settings: Settings
) -> None:
    """Refuse a subnet that is public, of another VPC, or too small, before anything is built."""
    raw: dict[str, Any] = aws_settings.model_dump(by_alias=True)
    clients = AwsClients(lambda key: raw.get(key.removeprefix("aws:")))
    ec2 = clients.client("ec2", aws_settings.region)
    by_id = [{"Name": "subnet-id", "Values": list(network.subnet_ids)}]
    by_vpc = [{"Name": "vpc-id", "Values": [network.vpc_id]}]
    found = existing_network_problems(
        network,
        ec2.describe_subnets(Filters=by_id)["Subnets"],
        ec2.describe_route_tables(Filters=by_vpc)["RouteTables"],
        largest_job(settings),
        efa=uses_efa(settings),
    )
    _refuse(under("network.existing", found))


def _refuse(problems: Sequence[Problem]) -> None:
    if problems:
        raise pulumi.RunError(report(problems))
