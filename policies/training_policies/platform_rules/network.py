"""A network without a way in, and without a way out that nobody asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from training_policies.controls import checkov, nist, security_hub
from training_policies.parameters import texts
from training_policies.patterns import matches
from training_policies.platform_rules.documents import allowing, is_wild
from training_policies.platform_rules.judging import for_documents, of_types
from training_policies.policy import Parameters, Policy
from training_policies.resource import MISSING, Resource
from training_policies.violation import Violation

_ROUTES = of_types(
    "aws:ec2/route:Route",
    "aws:ec2/routeTable:RouteTable",
    "aws:ec2/defaultRouteTable:DefaultRouteTable",
)
_GATEWAYS = of_types(
    "aws:ec2/internetGateway:InternetGateway",
    "aws:ec2/internetGatewayAttachment:InternetGatewayAttachment",
    "aws:ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway",
    "aws:ec2/carrierGateway:CarrierGateway",
    "aws:ec2/natGateway:NatGateway",
)
_OWN_CALLERS = ["aws:PrincipalAccount", "aws:PrincipalArn", "aws:PrincipalOrgID"]


def _judge_subnet(resource: Resource, _: Parameters) -> Iterator[Violation]:
    for address in ("mapPublicIpOnLaunch", "assignIpv6AddressOnCreation"):
        given = resource.read(address)
        if given not in (MISSING, False):
            yield Violation(
                "a subnet that gives out public addresses",
                "whatever starts in it can be reached from the internet",
                given,
                False,
                f"set {address} to false",
            )


def _judge_gateway(resource: Resource, parameters: Parameters) -> Iterator[Violation]:
    if not parameters["allowed"] and (
        _GATEWAYS(resource.type) or any(_leads_out(each) for each in _routes(resource))
    ):
        yield Violation(
            "a way to the internet",
            "training needs none: SageMaker pulls images itself, and S3 has an endpoint",
            resource.type,
            "no gateway to the internet",
            "remove the gateway and its routes, or ask for internet access to be allowed",
        )


def _routes(resource: Resource) -> list[Any]:
    """The routes of a route or a route table."""
    if not _ROUTES(resource.type):
        return []
    inline = resource.read("routes")
    return [resource.read(), *(inline if isinstance(inline, list) else [])]


def _leads_out(route: Any) -> bool:
    """Whether a route leads through a gateway, local traffic aside; one not made yet may."""
    if not isinstance(route, dict):
        return False
    ways = [
        route.get(each, MISSING) for each in ("gatewayId", "natGatewayId", "egressOnlyGatewayId")
    ]
    return any(each not in (MISSING, "", "local") for each in ways) and not _is_endpoint(ways[0])


def _is_endpoint(gateway: Any) -> bool:
    return isinstance(gateway, str) and gateway.startswith(("vpce-", "vgw-"))


def _judge_default_group(resource: Resource, _: Parameters) -> Iterator[Violation]:
    for direction in ("ingress", "egress"):
        rules = resource.read(direction)
        if rules != []:
            yield Violation(
                f"the default security group's {direction}",
                "whatever is started without a group gets this one",
                rules,
                "an empty list, so that a rule which somebody adds shows as a difference",
                f"set {direction} to an empty list",
            )


def _judge_flow_log(resource: Resource, _: Parameters) -> Iterator[Violation]:
    traffic = resource.read("trafficType")
    if traffic != "ALL":
        yield Violation(
            "the traffic that flow logs record",
            "who was refused matters as much as who was let in",
            traffic,
            "ALL",
            "set trafficType to ALL",
        )


def _judge_endpoint(resource: Resource, parameters: Parameters) -> Iterator[Violation]:
    if resource.read("policy") is not MISSING:
        yield from for_documents(_judge_endpoint_policy, "policy")(resource, parameters)
    elif resource.read("vpcEndpointType") != "GatewayLoadBalancer":
        yield Violation(
            "an endpoint without a policy",
            "credentials of any account can carry data out through it",
            MISSING,
            "a policy for the account's own principals",
            "give the endpoint a policy",
        )


def _judge_endpoint_policy(document: Any, parameters: Parameters) -> Iterator[Violation]:
    open_to_all = parameters["openResources"]
    for statement in allowing(document):
        resources = [
            each for each in statement.resources if is_wild(each) or not matches(each, open_to_all)
        ]
        foreign = statement.anybody and not statement.held_to(_OWN_CALLERS)
        if resources and (foreign or "NotPrincipal" in statement.all_but):
            yield Violation(
                "an endpoint that serves anybody",
                "credentials of another account can carry data out through it",
                resources,
                "a condition on aws:PrincipalAccount or aws:PrincipalOrgID",
                "hold the endpoint's policy to the account's own principals",
            )


SUBNETS = Policy(
    name="vpc-no-public-subnet",
    display_name="No subnet gives out public addresses",
    description="Checks that nothing gets a public address by being started in a subnet.",
    severity="high",
    controls=[security_hub("EC2.15"), checkov("CKV_AWS_130"), nist("SC-7")],
    remediation="Give out no public addresses.",
    applies=of_types(
        "aws:ec2/subnet:Subnet",
        "aws:ec2/defaultSubnet:DefaultSubnet",
    ),
    judge=_judge_subnet,
)

GATEWAYS = Policy(
    name="vpc-no-internet",
    display_name="No way to the internet",
    description="Checks that a network has no gateway to the internet and no route to one, unless "
    "that is allowed.",
    severity="high",
    controls=[nist("SC-7"), nist("SC-7(5)")],
    remediation="Remove the gateway and its routes.",
    parameters={
        "allowed": {
            "type": "boolean",
            "default": False,
            "description": "Whether a stack may have internet and NAT gateways.",
        }
    },
    applies=lambda type_: _GATEWAYS(type_) or _ROUTES(type_),
    judge=_judge_gateway,
)

DEFAULT_GROUP = Policy(
    name="vpc-default-group",
    display_name="The default security group is empty",
    description="Checks that a VPC's default security group lets nothing in or out.",
    severity="high",
    controls=[security_hub("EC2.2"), checkov("CKV2_AWS_12"), nist("SC-7")],
    remediation="Empty the default security group.",
    applies=of_types(
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    ),
    judge=_judge_default_group,
)

FLOW_LOGS = Policy(
    name="vpc-flow-log-traffic",
    display_name="Flow logs record all traffic",
    description="Checks that flow logs record what was let through and what was refused.",
    severity="medium",
    controls=[security_hub("EC2.6"), checkov("CKV2_AWS_11"), nist("AU-12")],
    remediation="Record all traffic.",
    applies=of_types("aws:ec2/flowLog:FlowLog"),
    judge=_judge_flow_log,
)

ENDPOINTS = Policy(
    name="vpc-endpoint-policy",
    display_name="Endpoints serve the account alone",
    description="Checks that a VPC endpoint has a policy that holds it to one's own principals.",
    severity="high",
    controls=[nist("AC-4"), nist("SC-7")],
    remediation="Hold the endpoint's policy to the account's own principals.",
    parameters={
        "openResources": texts(
            # ECR hands out signed addresses of image layers, which carry its own principal.
            ["arn:*:s3:::prod-*-starport-layer-bucket/*"],
            "Patterns of resources that any principal may reach.",
        )
    },
    applies=of_types("aws:ec2/vpcEndpoint:VpcEndpoint"),
    judge=_judge_endpoint,
)
