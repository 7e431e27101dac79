"""Networks without a way out: to the internet, to other networks, and for other accounts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from training_policies.compliance import nist
from training_policies.parameters import accounts as accounts_parameter
from training_policies.parameters import flag, matches, texts
from training_policies.platform_rules.document_rules import for_documents
from training_policies.platform_rules.iam_statements import allowing, is_wild, named_accounts
from training_policies.platform_rules.resource_types import of_types
from training_policies.policy import Parameters, Policy
from training_policies.resource import MISSING, UNKNOWN, Resource
from training_policies.violation import Violation

_ROUTE = "aws:ec2/route:Route"
_ROUTES = of_types(
    _ROUTE,
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
_ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
_INTERNET = ("gatewayId", "natGatewayId", "egressOnlyGatewayId", "carrierGatewayId")
"""The targets of routes that are gateways to the internet, or may be."""
_NO_TARGETS = ("routeTableId", "destinationPrefixListId")
_AWS_SERVICES = ("com.amazonaws.*", "cn.com.amazonaws.*", "aws.*")
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
    ways = [route.get(each, MISSING) for each in _INTERNET]
    return any(each not in (MISSING, "", "local") for each in ways) and not _is_endpoint(ways[0])


def _is_endpoint(gateway: Any) -> bool:
    return isinstance(gateway, str) and gateway.startswith(("vpce-", "vgw-"))


def _judge_other_networks(resource: Resource, parameters: Parameters) -> Iterator[Violation]:
    """A target that is not known yet can only be an allowed one where some are allowed."""
    allowed = parameters["allowed"]
    for what, target in _other_networks(resource):
        if not matches(target, allowed) and not (target is UNKNOWN and allowed):
            yield Violation(
                what,
                "data leave the stack's network that way, and no other policy sees where to",
                target,
                allowed or "none",
            )


def _other_networks(resource: Resource) -> Iterator[tuple[str, Any]]:
    """Each way to another network: what it is, and the id or the name of where it leads."""
    if resource.type == _ENDPOINT:
        service = resource.read("serviceName")
        if service not in (MISSING, UNKNOWN) and not _is_of_aws(service):
            yield "an endpoint for a service that is not AWS's", service
        for name in ("resourceConfigurationArn", "serviceNetworkArn"):
            if resource.read(name) is not MISSING:
                yield f"an endpoint with {name}", resource.read(name)
        return
    tables = resource.read("propagatingVgws")
    for gateway in tables if isinstance(tables, list) else []:
        yield "a table with the routes of a virtual private gateway", gateway
    for route in [resource.read()] if resource.type == _ROUTE else _routes(resource)[1:]:
        for name, target in route.items() if isinstance(route, dict) else ():
            if _leads_elsewhere(name, target):
                yield f"a route with {name}", target


def _leads_elsewhere(name: str, target: Any) -> bool:
    """Whether a route's property is a target outside the network that is not on the internet."""
    if name == "gatewayId":
        return isinstance(target, str) and target.startswith("vgw-")
    is_target = name.endswith(("Id", "Arn")) and name not in (*_NO_TARGETS, *_INTERNET)
    return is_target and target not in (MISSING, "")


def _is_of_aws(service: Any) -> bool:
    """Whether an endpoint's service is AWS's own, and not one that any account can offer."""
    name = str(service).lower()
    return matches(name, _AWS_SERVICES) and ".vpce" not in name


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
    accounts = named_accounts(document) - {*parameters["trustedAccounts"]}
    if len(accounts) > 1:
        yield Violation(
            "an endpoint that serves several accounts",
            "credentials of another account can carry data out through it",
            sorted(accounts),
            ["the endpoint's own account", *parameters["trustedAccounts"]],
            "remove the other account, or ask for it among trustedAccounts",
        )
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

OTHER_NETWORKS = Policy(
    name="vpc-other-networks",
    checks="no route and no endpoint leads to another network or another account's service, "
    "unless that is allowed",
    severity="high",
    controls=[nist("SC-7"), nist("AC-4")],
    remedy="remove the route or the endpoint, or ask for its target to be allowed",
    parameters={
        "allowed": texts(
            [],
            "Patterns of what routes and endpoints may lead to, as tgw-0123456789abcdef0 or the "
            "name of an endpoint's service.",
        )
    },
    applies=lambda type_: type_ == _ENDPOINT or _ROUTES(type_),
    judge=_judge_other_networks,
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
        ),
        "trustedAccounts": accounts_parameter(
            "The ids of other accounts that an endpoint may serve."
        ),
    },
    applies=of_types(_ENDPOINT, "aws:ec2/vpcEndpointPolicy:VpcEndpointPolicy"),
    judge=_judge_endpoint,
)
