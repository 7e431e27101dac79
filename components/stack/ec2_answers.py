"""What EC2 says about the network of a stack, asked before anything is created.

It is asked through the aws provider, whose errors have no codes: they are known by their text.
"""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from components.network.endpoints import EndpointService, service_name

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
    pulumi.warn(
        "network.interfaceEndpoints: it was not checked in which zones the endpoints can be, and "
        "whether they can have a policy, because the credentials may not call "
        "ec2:DescribeVpcEndpointServices. Allow it; the stack's deployer role gets it with the "
        "next `pulumi up` by an administrator."
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
