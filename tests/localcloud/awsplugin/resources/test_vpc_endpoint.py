from __future__ import annotations

import pytest

from localcloud.awsplugin.properties import Properties
from tests.localcloud.awsplugin.plugin import TAGS, Plugin, RefusedError, allow

ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
S3 = "com.amazonaws.us-east-1.s3"
LOGS = "com.amazonaws.us-east-1.logs"
STS = "com.amazonaws.us-east-1.sts"


def private_endpoint(vpc: str, subnet: str, service: str = STS) -> Properties:
    return {
        "vpcId": vpc,
        "serviceName": service,
        "vpcEndpointType": "Interface",
        "privateDnsEnabled": True,
        "subnetIds": [subnet],
    }


def test_a_gateway_endpoint_lives_from_its_creation_to_its_end(plugin: Plugin) -> None:
    vpc = plugin.vpc()
    tables = [plugin.route_table(vpc), plugin.route_table(vpc)]
    plugin.assert_lifecycle(
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        {
            "vpcId": vpc,
            "serviceName": S3,
            "routeTableIds": tables,
            "policy": allow(Principal="*"),
            "tags": TAGS,
        },
        change={"policy": allow("s3:*", Principal="*"), "routeTableIds": tables[:1]},
        replace={"serviceName": "com.amazonaws.us-east-1.dynamodb"},
    )


def test_an_interface_endpoint_lives_from_its_creation_to_its_end(plugin: Plugin) -> None:
    vpc = plugin.vpc(enableDnsHostnames=True)
    group, other = plugin.security_group(vpc), plugin.security_group(vpc)
    plugin.assert_lifecycle(
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        {
            **private_endpoint(vpc, plugin.subnet(vpc), LOGS),
            "securityGroupIds": [group],
            "tags": TAGS,
        },
        change={"securityGroupIds": [other], "tags": {}},
        replace={"serviceName": STS},
    )


def test_an_association_lives_from_its_creation_to_its_end(plugin: Plugin) -> None:
    vpc = plugin.vpc()
    endpoint = plugin.create(ENDPOINT, {"vpcId": vpc, "serviceName": S3}).id
    table = plugin.route_table(vpc)
    plugin.assert_lifecycle(
        "aws:ec2/vpcEndpointRouteTableAssociation:VpcEndpointRouteTableAssociation",
        {"vpcEndpointId": endpoint, "routeTableId": table},
        replace={"routeTableId": plugin.route_table(vpc)},
        import_id=lambda _: f"{endpoint}/{table}",
    )


def test_an_endpoint_of_a_service_that_does_not_exist_is_refused(plugin: Plugin) -> None:
    inputs = {"vpcId": plugin.vpc(), "serviceName": "com.amazonaws.us-east-1.sagemakre.api"}
    with pytest.raises(RefusedError) as caught:
        plugin.create(ENDPOINT, inputs, "one")
    assert str(caught.value) == (
        "creating aws:ec2/vpcEndpoint:VpcEndpoint (one): CreateVpcEndpoint: InvalidServiceName: "
        "The Vpc Endpoint Service 'com.amazonaws.us-east-1.sagemakre.api' does not exist"
    )


def test_a_gateway_endpoint_of_a_service_that_has_none_is_refused(plugin: Plugin) -> None:
    with pytest.raises(
        RefusedError, match=r"Endpoint type \(Gateway\) does not match available service types"
    ):
        plugin.create(ENDPOINT, {"vpcId": plugin.vpc(), "serviceName": LOGS})


def test_private_names_need_a_vpc_that_resolves_them(plugin: Plugin) -> None:
    vpc = plugin.vpc()
    with pytest.raises(RefusedError, match="requires both enableDnsSupport and enableDnsHostnames"):
        plugin.create(ENDPOINT, private_endpoint(vpc, plugin.subnet(vpc)))


def test_private_names_belong_to_one_endpoint(plugin: Plugin) -> None:
    vpc = plugin.vpc(enableDnsHostnames=True)
    inputs = private_endpoint(vpc, plugin.subnet(vpc))
    plugin.create(ENDPOINT, inputs)
    with pytest.raises(RefusedError, match="conflicting DNS domain"):
        plugin.create(ENDPOINT, inputs)


def test_a_policy_is_refused_for_a_service_that_takes_none(plugin: Plugin) -> None:
    vpc = plugin.vpc(enableDnsHostnames=True)
    inputs = private_endpoint(vpc, plugin.subnet(vpc), "com.amazonaws.us-east-1.redshift-data")
    limited = allow("redshift-data:*", Principal="*")
    with pytest.raises(RefusedError, match="redshift-data only supports the full-access endpoint"):
        plugin.create(ENDPOINT, {**inputs, "policy": limited})
    made = plugin.create(ENDPOINT, inputs)
    assert plugin.refresh(made) == made
    with pytest.raises(RefusedError, match="only supports the full-access endpoint policy"):
        plugin.update(made, {**inputs, "policy": limited})
