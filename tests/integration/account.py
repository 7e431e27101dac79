"""What there is in an account of the local cloud, to compare it before and after."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

Client = Callable[[str], Any]

GONE = {"deleted", "deleting", "PendingDeletion"}
"""States of what AWS still lists for a while."""


def inventory(client: Client) -> set[str]:
    """Everything in the account and region that a stack could have created, as `kind name`."""
    return {
        *_network(client("ec2")),
        *_identities(client("iam")),
        *_keys(client("kms")),
        *_store(client("s3")),
        *_alerts(client),
        *_named("log-group", client("logs"), "describe_log_groups", "logGroups", "logGroupName"),
    }


def _network(ec2: Any) -> Iterator[str]:
    """All but the network ACLs: each VPC has one, which the local cloud keeps after the VPC."""
    for operation, key, name in (
        ("describe_vpcs", "Vpcs", "VpcId"),
        ("describe_subnets", "Subnets", "SubnetId"),
        ("describe_route_tables", "RouteTables", "RouteTableId"),
        ("describe_security_groups", "SecurityGroups", "GroupId"),
        ("describe_security_group_rules", "SecurityGroupRules", "SecurityGroupRuleId"),
        ("describe_internet_gateways", "InternetGateways", "InternetGatewayId"),
        ("describe_nat_gateways", "NatGateways", "NatGatewayId"),
        ("describe_addresses", "Addresses", "AllocationId"),
        ("describe_network_interfaces", "NetworkInterfaces", "NetworkInterfaceId"),
        ("describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId"),
        ("describe_flow_logs", "FlowLogs", "FlowLogId"),
    ):
        yield from _named(key, ec2, operation, key, name)


def _identities(iam: Any) -> Iterator[str]:
    yield from _named("role", iam, "list_roles", "Roles", "RoleName")
    for policy in iam.list_policies(Scope="Local")["Policies"]:
        yield f"policy {policy['PolicyName']}"


def _keys(kms: Any) -> Iterator[str]:
    """The customer's keys whose deletion is not scheduled, and their aliases."""
    for key in kms.list_keys()["Keys"]:
        metadata = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
        if metadata["KeyManager"] == "CUSTOMER" and metadata["KeyState"] not in GONE:
            yield f"key {metadata['Arn']}"
    for alias in kms.list_aliases()["Aliases"]:
        if not alias["AliasName"].startswith("alias/aws/"):
            yield f"alias {alias['AliasName']}"


def _store(s3: Any) -> Iterator[str]:
    yield from _named("bucket", s3, "list_buckets", "Buckets", "Name")


def _alerts(client: Client) -> Iterator[str]:
    account = client("sts").get_caller_identity()["Account"]
    yield from _named("topic", client("sns"), "list_topics", "Topics", "TopicArn")
    yield from _named(
        "subscription", client("sns"), "list_subscriptions", "Subscriptions", "Endpoint"
    )
    yield from _named("rule", client("events"), "list_rules", "Rules", "Name")
    yield from _named("alarm", client("cloudwatch"), "describe_alarms", "MetricAlarms", "AlarmName")
    yield from _named(
        "dashboard", client("cloudwatch"), "list_dashboards", "DashboardEntries", "DashboardName"
    )
    yield from _named(
        "state-machine", client("stepfunctions"), "list_state_machines", "stateMachines", "name"
    )
    channels = client("chatbot").describe_slack_channel_configurations()
    for each in channels["SlackChannelConfigurations"]:
        yield f"chat channel {each['ConfigurationName']}"
    budgets = client("budgets").describe_budgets(AccountId=account)
    yield from (f"budget {each['BudgetName']}" for each in budgets.get("Budgets", []))


def _named(kind: str, client: Any, operation: str, key: str, name: str) -> Iterator[str]:
    yield from (f"{kind} {each[name]}" for each in _listed(client, operation, key))


def _listed(client: Any, operation: str, key: str) -> Iterable[dict[str, Any]]:
    """All pages, without what is deleted already."""
    if client.can_paginate(operation):
        pages = client.get_paginator(operation).paginate()
        found = [each for page in pages for each in page.get(key, [])]
    else:
        found = getattr(client, operation)()[key]
    return [each for each in found if each.get("State") not in GONE]
