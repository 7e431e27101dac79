"""Networks without a way to the internet, and endpoints only for the account's own principals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from training_policies.compliance import nist
from training_policies.parameters import flag, matches, texts
from training_policies.platform_rules.document_rules import for_documents
from training_policies.platform_rules.iam_statements import allowing, is_wild
from training_policies.platform_rules.resource_types import of_types
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


def _judge_gateway(resource: Resource, parameters: Parameters) -> Iterator[Violation]:
    if not parameters["allowed"] and (
        _GATEWAYS(resource.type) or any(_leads_out(each) for each in _routes(resource))
    ):
        yield Violation(
            "a way to the internet",
            "training needs no internet: SageMaker pulls images itself, and S3 has an endpoint",
            resource.type,
            "no gateway to the internet",
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
        foreign = statement.is_for_everyone and not statement.limited_by(_OWN_CALLERS)
        if resources and (foreign or "NotPrincipal" in statement.all_but):
            yield Violation(
                "an endpoint that serves everyone",
                "credentials of another account can carry data out through it",
                resources,
                "a condition on aws:PrincipalAccount or aws:PrincipalOrgID",
            )


GATEWAYS = Policy(
    name="vpc-no-internet",
    checks=("a network has no gateway to the internet and no route to one, unless that is allowed"),
    severity="high",
    controls=[nist("SC-7"), nist("SC-7(5)")],
    remedy="remove the gateway and its routes, or ask for internet access to be allowed",
    parameters={
        "allowed": flag("Whether a stack may have internet and NAT gateways."),
    },
    applies=lambda type_: _GATEWAYS(type_) or _ROUTES(type_),
    judge=_judge_gateway,
)

ENDPOINTS = Policy(
    name="vpc-endpoint-policy",
    checks="a VPC endpoint's policy allows only the account's own principals",
    severity="high",
    controls=[nist("AC-4"), nist("SC-7")],
    remedy="limit the endpoint's policy to the account's own principals",
    parameters={
        "openResources": texts(
            # ECR gives presigned URLs of image layers, which have its own principal.
            ["arn:*:s3:::prod-*-starport-layer-bucket/*"],
            "Patterns of resources that any principal may reach.",
        )
    },
    applies=of_types("aws:ec2/vpcEndpoint:VpcEndpoint"),
    judge=_judge_endpoint,
)
