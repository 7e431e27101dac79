"""The AWS provider of a stack, and what AWS says about its account, region and network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pulumi
import pulumi_aws as aws

from components.network.endpoints import EndpointService, offer_problems
from components.network.existing_network import existing_network_problems
from components.network.network_settings import ExistingVpcSettings
from components.network.offerings import offering_problems
from components.network.subnets import chosen_zones
from components.problems import Problem, report, under
from components.site import Site
from components.stack.aws_settings import AssumedRoleSettings, AwsSettings
from components.stack.ec2_answers import endpoint_services, offerings
from components.stack.permissions_boundary import foreign_boundary_problems
from components.stack.stack_settings import Settings
from components.training_job.aws.aws_clients import AwsClients
from components.training_job.aws.errors import TrainingJobError


class StackProvider:
    """One explicit provider for everything that the stack builds."""

    resource: aws.Provider
    site: Site
    """The account that the credentials belong to, and its zones; known at preview."""
    endpoint_services: dict[str, EndpointService]
    """What EC2 says about the service of each interface endpoint that the stack makes."""

    def __init__(self, aws_settings: AwsSettings, settings: Settings, stack: str) -> None:
        """Makes a provider with the stack's `aws:*` settings, which tags everything that it makes.

        Raises:
            pulumi.RunError: AWS doesn't answer, or its answers don't fit the settings.
        """
        clients, region = _clients(aws_settings), aws_settings.region
        with _refusing(region):
            clients.refuse_other_accounts(region)
        self.resource = _provider(aws_settings, settings.tags(stack))
        options = pulumi.InvokeOptions(provider=self.resource)
        with _refusing(region):
            account_id = aws.get_caller_identity(opts=options).account_id
            available = aws.get_availability_zones(state="available", opts=options).names
            zones = chosen_zones(available, settings.network.availability_zones)
        self.site = settings.site(account_id, region, stack, zones)
        if settings.permissions_boundary:
            _refuse(foreign_boundary_problems(settings.permissions_boundary, account_id))
        with _refusing(region):
            services = endpoint_services(settings.network.interface_endpoints, region, options)
        _refuse(under("network.interfaceEndpoints", offer_problems(services, zones, region)))
        self.endpoint_services = {name: known for name, known in services.items() if known}
        with _refusing(region):
            offered = offerings(settings.instance_types, options)
        if settings.network.existing is not None:
            network = settings.network.existing
            with _refusing(region):
                subnets, tables = _described(network, clients.client("ec2", region))
            found = existing_network_problems(
                network, subnets, tables, settings.largest_job, efa=settings.uses_efa
            )
            _refuse(under("network.existing", found))
            own = sorted({each["AvailabilityZone"] for each in subnets})
            path, choice = "network.existing.subnetIds", "subnets in zones"
            _warn(offering_problems(offered, own, path, choice))
        else:
            _warn(offering_problems(offered, zones, "network.availabilityZones"))


@contextmanager
def _refusing(region: str) -> Iterator[None]:
    """Turns an error of AWS, or of a check of its answers, into a message without a traceback.

    Raises:
        pulumi.RunError: AWS doesn't answer, or its answers don't fit the settings.
    """
    try:
        yield
    except (ValueError, TrainingJobError) as error:
        raise pulumi.RunError(str(error)) from error
    except Exception as error:
        raise pulumi.RunError(
            f"AWS did not answer in {region}: {error}\n"
            "Remedy: check the credentials, the profile and aws:region."
        ) from error


def _clients(settings: AwsSettings) -> AwsClients:
    """The AWS clients that the jobs use, here for the program itself."""
    raw: dict[str, Any] = settings.model_dump(by_alias=True, exclude_none=True)
    return AwsClients(lambda key: raw.get(key.removeprefix("aws:")))


def _provider(settings: AwsSettings, tags: Mapping[str, str]) -> aws.Provider:
    endpoints = [aws.ProviderEndpointArgs(**each) for each in settings.endpoints]
    allowed, forbidden = settings.allowed_account_ids, settings.forbidden_account_ids
    return aws.Provider(
        "aws",
        region=settings.region,
        profile=settings.profile,
        assume_roles=[_assume_role(role) for role in settings.assume_roles],
        # The provider takes only one of the two, even if the other is empty.
        allowed_account_ids=None if forbidden else allowed,
        forbidden_account_ids=forbidden or None,
        endpoints=endpoints,
        default_tags=aws.ProviderDefaultTagsArgs(tags=dict(tags)),
    )


def _assume_role(role: AssumedRoleSettings) -> aws.ProviderAssumeRoleArgs:
    return aws.ProviderAssumeRoleArgs(
        role_arn=role.role_arn, session_name=role.session_name, external_id=role.external_id
    )


def _described(
    network: ExistingVpcSettings, ec2: Any
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The subnets and the route tables of an existing network, as EC2 describes them."""
    by_id = [{"Name": "subnet-id", "Values": list(network.subnet_ids)}]
    by_vpc = [{"Name": "vpc-id", "Values": [network.vpc_id]}]
    subnets = ec2.describe_subnets(Filters=by_id)["Subnets"]
    return subnets, ec2.describe_route_tables(Filters=by_vpc)["RouteTables"]


def _warn(problems: Sequence[Problem]) -> None:
    """Prints what may be wrong, but stops nothing."""
    for problem in problems:
        pulumi.warn(str(problem))


def _refuse(problems: Sequence[Problem]) -> None:
    if problems:
        raise pulumi.RunError(report(problems))
