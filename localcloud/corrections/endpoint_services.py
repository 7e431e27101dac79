"""The services that VPC endpoints can be made for: where they are, and which policies they take.

moto offers each service in every zone of every region, and makes any endpoint that it is asked for.
The services' regions are those that botocore lists. AWS publishes no list of zones. So the harsher
reading is taken: an interface endpoint of a service that was not seen in all zones of us-east-1 is
not in the zones that lack services most often.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

Service = dict[str, Any]

_IN_EVERY_ZONE = frozenset(
    {
        "bedrock-runtime",
        "ec2",
        "kms",
        "logs",
        "monitoring",
        "secretsmanager",
        "ssm",
        "states",
        "sts",
    }
)
"""The services that were seen in all zones of us-east-1."""

_INCOMPLETE_ZONES = frozenset({"us-east-1e"})
"""The zones that lack services. This one is use1-az3, which has no newer types of instances."""

_IN_SOME_REGIONS = {
    "codeartifact.api": "codeartifact",
    "codeartifact.repositories": "codeartifact",
}
"""Services that are not in all regions, with botocore's names for them."""


def correct() -> None:
    """Makes moto's EC2 offer services as AWS does, and refuse the endpoints that AWS refuses."""
    from moto.ec2.models import EC2Backend

    collect = EC2Backend._collect_default_endpoint_services
    EC2Backend._collect_default_endpoint_services = staticmethod(_as_offered(collect))
    EC2Backend.create_vpc_endpoint = _refusing_to_create(EC2Backend.create_vpc_endpoint)
    EC2Backend.modify_vpc_endpoint = _refusing_to_modify(EC2Backend.modify_vpc_endpoint)


def _as_offered(collect: Callable[..., list[Service]]) -> Callable[..., list[Service]]:
    def collect_offered(account: str, region: str) -> list[Service]:
        prefix = f"com.amazonaws.{region}."
        named = [
            (each["ServiceName"].removeprefix(prefix), each) for each in collect(account, region)
        ]
        return [_with_zones(name, each) for name, each in named if _is_in_region(name, region)]

    return collect_offered


def _is_in_region(name: str, region: str) -> bool:
    return name not in _IN_SOME_REGIONS or region in _regions(_IN_SOME_REGIONS[name])


@cache
def _regions(service: str) -> frozenset[str]:
    import boto3

    return frozenset(boto3.Session().get_available_regions(service))


def _with_zones(name: str, service: Service) -> Service:
    if name in _IN_EVERY_ZONE or _type(service) != "Interface":
        return service
    zones = [each for each in service["AvailabilityZones"] if each not in _INCOMPLETE_ZONES]
    return {**service, "AvailabilityZones": zones}


def _refusing_to_create(create: Callable[..., Any]) -> Callable[..., Any]:
    def create_vpc_endpoint(ec2: Any, **request: Any) -> Any:
        kind = request["endpoint_type"] or "Gateway"
        service = _service(ec2, request["service_name"], kind)
        _refuse_policy(service, request["policy_document"])
        if kind == "Interface":
            _refuse_zones(ec2, service, request["subnet_ids"])
        return create(ec2, **request)

    return create_vpc_endpoint


def _refusing_to_modify(modify: Callable[..., Any]) -> Callable[..., Any]:
    def modify_vpc_endpoint(ec2: Any, **request: Any) -> Any:
        [endpoint] = ec2.describe_vpc_endpoints([request["vpc_id"]])
        kind = endpoint.vpc_endpoint_type or "Gateway"
        service = _service(ec2, endpoint.service_name, kind)
        _refuse_policy(service, request["policy_doc"])
        _refuse_zones(ec2, service, request["add_subnets"] or ())
        return modify(ec2, **request)

    return modify_vpc_endpoint


def _service(ec2: Any, name: str, kind: str) -> Service:
    """A service by its name. Raises EC2's error if it does not exist with that type."""
    answer = ec2.describe_vpc_endpoint_services([name], [], 0, None, ec2.region_name)
    services = answer["servicesDetails"]
    found: Service | None = next((each for each in services if _type(each) == kind), None)
    if found is None:
        types = sorted(_type(each) for each in services)
        raise _refused(f"Endpoint type ({kind}) does not match available service types ({types}).")
    return found


def _type(service: Service) -> str:
    return str(service["ServiceType"][0]["ServiceType"])


def _refuse_policy(service: Service, policy: str | None) -> None:
    if policy and not service["VpcEndpointPolicySupported"] and not _allows_everything(policy):
        raise _refused(
            f"Service {service['ServiceName']} only supports the full-access endpoint policy."
        )


def _allows_everything(policy: str) -> bool:
    from moto.ec2.models.vpcs import VPCEndPoint

    document = json.loads(policy)
    return bool(document.get("Statement") == VPCEndPoint.DEFAULT_POLICY["Statement"])


def _refuse_zones(ec2: Any, service: Service, subnets: Iterable[str]) -> None:
    for subnet in subnets:
        if ec2.get_subnet(subnet).availability_zone not in service["AvailabilityZones"]:
            raise _refused(
                f"The VPC endpoint service {service['ServiceName']} does not support the "
                f"availability zone of the subnet: {subnet}."
            )


def _refused(message: str) -> Exception:
    from moto.ec2.exceptions import EC2ClientError

    error: Exception = EC2ClientError("InvalidParameter", message)
    return error
