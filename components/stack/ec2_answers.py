"""What EC2 says about the network of a stack, asked before anything is created.

It is asked through the aws provider, whose errors have no codes: they are known by their text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pulumi
import pulumi_aws as aws

from components.network.endpoints import EndpointService, service_name
from components.network.offerings import Offerings, ec2_type

_DENIED = "UnauthorizedOperation"
_ABSENT = ("couldn't find resource", "no matching EC2 VPC Endpoint Service found")


def endpoint_services(
    endpoints: Sequence[str], region: str, options: pulumi.InvokeOptions
) -> dict[str, EndpointService | None]:
    """What EC2 says about the service of each interface endpoint; None if it does not offer it.

    If the credentials may not ask, a warning says so, and nothing is known about the services.
    """
    try:
        return {each: _endpoint_service(each, region, options) for each in endpoints}
    except Exception as error:
        if _DENIED not in str(error):
            raise
    _warn_of_denial(
        "network.interfaceEndpoints: it was not checked in which zones the endpoints can be, and "
        "whether they can have a policy",
        "ec2:DescribeVpcEndpointServices",
    )
    return dict.fromkeys(endpoints, EndpointService())


def _endpoint_service(
    endpoint: str, region: str, options: pulumi.InvokeOptions
) -> EndpointService | None:
    try:
        answer = aws.ec2.get_vpc_endpoint_service(
            service_name=service_name(endpoint, region), service_type="Interface", opts=options
        )
    except Exception as error:
        if any(text in str(error) for text in _ABSENT):
            return None
        raise
    if not answer.availability_zones:
        # In GovCloud, EC2 may answer with the service's name only, and the provider with that.
        return EndpointService()
    return EndpointService(answer.availability_zones, answer.vpc_endpoint_policy_supported)


def offerings(instance_types: Iterable[str], options: pulumi.InvokeOptions) -> Offerings:
    """The zones in which EC2 offers these types; types that it does not know are left out.

    If the credentials may not ask, a warning says so, and all types are left out.
    """
    names = {ec2_type(each): each for each in instance_types}
    if not names:
        return {}
    try:
        answer = aws.ec2.get_instance_type_offerings(
            filters=[{"name": "instance-type", "values": sorted(names)}],
            location_type="availability-zone",
            opts=options,
        )
    except Exception as error:
        if _DENIED not in str(error):
            raise
        _warn_of_denial(
            "network.availabilityZones: it was not checked whether the zones offer the instance "
            "types of the jobs",
            "ec2:DescribeInstanceTypeOfferings",
        )
        return {}
    found: dict[str, set[str]] = {}
    for type_, zone in zip(answer.instance_types, answer.locations, strict=True):
        found.setdefault(names[type_], set()).add(zone)
    return found


def _warn_of_denial(unchecked: str, action: str) -> None:
    pulumi.warn(
        f"{unchecked}, because the credentials may not call {action}. Allow it; the stack's "
        "deployer role gets it with the next `pulumi up` by an administrator."
    )
