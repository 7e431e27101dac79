"""Networks: VPCs, routes, gateways, endpoints, groups and their rules, flow logs."""

from __future__ import annotations

from localcloud.awsplugin.properties import Properties
from tests.localcloud.awsplugin.world import RETAG, TAGS, Case, World, allow, change


def _security_rule(world: World) -> Properties:
    return {
        "securityGroupId": world.group(world.vpc()),
        "ipProtocol": "tcp",
        "fromPort": 443,
        "toPort": 443,
        "cidrIpv4": "10.0.0.0/16",
        "description": "to the endpoints",
        **TAGS,
    }


def _gateway_endpoint(world: World) -> Properties:
    vpc = world.vpc()
    return {
        "vpcId": vpc,
        "serviceName": "com.amazonaws.us-east-1.s3",
        "routeTableIds": [world.route_table(vpc), world.route_table(vpc)],
        "policy": allow(Principal="*"),
        **TAGS,
    }


def _interface_endpoint(world: World) -> Properties:
    vpc = world.vpc(enableDnsHostnames=True)
    return {
        "vpcId": vpc,
        "serviceName": "com.amazonaws.us-east-1.logs",
        "vpcEndpointType": "Interface",
        "privateDnsEnabled": True,
        "subnetIds": [world.subnet(vpc)],
        "securityGroupIds": [world.group(vpc)],
        **TAGS,
    }


def _association(world: World) -> Properties:
    vpc = world.vpc()
    return {"subnetId": world.subnet(vpc), "routeTableId": world.route_table(vpc)}


def _endpoint_association(world: World) -> Properties:
    vpc = world.vpc()
    service = {"vpcId": vpc, "serviceName": "com.amazonaws.us-east-1.s3"}
    endpoint = world.make("aws:ec2/vpcEndpoint:VpcEndpoint", service)
    return {"vpcEndpointId": endpoint.id, "routeTableId": world.route_table(vpc)}


def _route(world: World) -> Properties:
    vpc = world.vpc()
    gateway = world.make("aws:ec2/internetGateway:InternetGateway", {"vpcId": vpc})
    return {
        "routeTableId": world.route_table(vpc),
        "destinationCidrBlock": "0.0.0.0/0",
        "gatewayId": gateway.id,
    }


def _flow_log(world: World) -> Properties:
    group = world.make("aws:cloudwatch/logGroup:LogGroup", {})
    return {
        "vpcId": world.vpc(),
        "trafficType": "ALL",
        "logDestination": group.state["arn"],
        "iamRoleArn": world.role().state["arn"],
        **TAGS,
    }


def _nat(world: World) -> Properties:
    vpc = world.vpc()
    world.make("aws:ec2/internetGateway:InternetGateway", {"vpcId": vpc})
    address = world.make("aws:ec2/eip:Eip", {"domain": "vpc"})
    return {"subnetId": world.subnet(vpc), "allocationId": address.id, **TAGS}


NETWORK_CASES = [
    Case(
        "aws:ec2/vpc:Vpc",
        lambda _: {"cidrBlock": "10.0.0.0/16", **TAGS},
        change(enableDnsHostnames=True, tags={"team": "vision"}),
        change(cidrBlock="10.1.0.0/16"),
        "cidrBlock",
    ),
    Case(
        "aws:ec2/subnet:Subnet",
        lambda w: {
            "vpcId": w.vpc(),
            "cidrBlock": "10.0.0.0/24",
            "availabilityZone": "us-east-1a",
            **TAGS,
        },
        change(mapPublicIpOnLaunch=True),
        change(availabilityZone="us-east-1f"),
        "availabilityZone",
    ),
    Case(
        "aws:ec2/routeTable:RouteTable",
        lambda w: {"vpcId": w.vpc(), **TAGS},
        RETAG,
        lambda w, inputs: {**inputs, "vpcId": w.vpc()},
        "vpcId",
    ),
    Case(
        "aws:ec2/routeTable:RouteTable",
        lambda w: (
            lambda route: {
                "vpcId": w.made[0].id,
                "routes": [{"cidrBlock": "0.0.0.0/0", "gatewayId": route["gatewayId"]}],
            }
        )(_route(w)),
        lambda _, inputs: {
            **inputs,
            "routes": [{**inputs["routes"][0], "cidrBlock": "1.2.3.0/24"}],
        },
    ),
    Case(
        "aws:ec2/route:Route",
        _route,
        None,
        change(destinationCidrBlock="1.2.3.0/24"),
        "destinationCidrBlock",
        import_id=lambda r: f"{r.state['routeTableId']}_{r.state['destinationCidrBlock']}",
    ),
    Case(
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        _association,
        lambda w, inputs: {**inputs, "routeTableId": w.route_table(w.made[0].id)},
        lambda w, inputs: {**inputs, "subnetId": w.subnet(w.made[0].id, "10.0.2.0/24")},
        "subnetId",
        import_id=lambda r: f"{r.state['subnetId']}/{r.state['routeTableId']}",
    ),
    Case(
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        _gateway_endpoint,
        lambda _, inputs: {
            **inputs,
            "policy": allow("s3:*", Principal="*"),
            "routeTableIds": inputs["routeTableIds"][:1],
        },
        change(serviceName="com.amazonaws.us-east-1.dynamodb"),
        "serviceName",
    ),
    Case(
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        _interface_endpoint,
        lambda w, inputs: {**inputs, "securityGroupIds": [w.group(inputs["vpcId"])], "tags": {}},
        change(serviceName="com.amazonaws.us-east-1.sts"),
        "serviceName",
    ),
    Case(
        "aws:ec2/vpcEndpointRouteTableAssociation:VpcEndpointRouteTableAssociation",
        _endpoint_association,
        None,
        lambda w, inputs: {**inputs, "routeTableId": w.route_table(w.made[0].id)},
        "routeTableId",
        import_id=lambda r: f"{r.state['vpcEndpointId']}/{r.state['routeTableId']}",
    ),
    Case(
        "aws:ec2/securityGroup:SecurityGroup",
        lambda w: {"vpcId": w.vpc(), **TAGS},
        RETAG,
        change(description="another"),
        "description",
    ),
    Case(
        "aws:ec2/securityGroup:SecurityGroup",
        lambda w: {
            "vpcId": w.vpc(),
            "ingress": [{"protocol": "tcp", "fromPort": 1, "toPort": 2, "self": True}],
            "egress": [
                {"protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": ["10.0.0.0/8"]}
            ],
        },
        change(
            egress=[
                {
                    "protocol": "tcp",
                    "fromPort": 443,
                    "toPort": 443,
                    "cidrBlocks": ["10.0.0.0/8", "11.0.0.0/8"],
                }
            ]
        ),
        change(name="another"),
        "name",
    ),
    Case(
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        lambda w: {"vpcId": w.vpc(), **TAGS},
        RETAG,
        lambda w, inputs: {**inputs, "vpcId": w.vpc()},
        "vpcId",
        stays=True,
    ),
    *(
        Case(
            f"aws:vpc/securityGroup{side}Rule:SecurityGroup{side}Rule",
            _security_rule,
            change(description="to all", fromPort=80, tags={}),
            lambda w, inputs: {**inputs, "securityGroupId": w.group(w.made[0].id)},
            "securityGroupId",
        )
        for side in ("Ingress", "Egress")
    ),
    Case("aws:ec2/flowLog:FlowLog", _flow_log, RETAG, change(trafficType="REJECT"), "trafficType"),
    Case(
        "aws:ec2/internetGateway:InternetGateway",
        lambda w: {"vpcId": w.vpc(), **TAGS},
        RETAG,
    ),
    Case(
        "aws:ec2/natGateway:NatGateway",
        _nat,
        RETAG,
        change(connectivityType="private"),
        "connectivityType",
    ),
    Case("aws:ec2/eip:Eip", lambda _: {"domain": "vpc", **TAGS}, RETAG),
]
