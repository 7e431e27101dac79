"""Cases of the rules for networks, topics and logs."""

from __future__ import annotations

from tests.policies.platform_rules.cases import (
    ACCOUNT,
    FOREIGN,
    KEY,
    PLAIN,
    ROLE,
    allow,
    case,
    deny,
    text,
)

SUBNET, ENDPOINT = "aws:ec2/subnet:Subnet", "aws:ec2/vpcEndpoint:VpcEndpoint"
DEFAULT_GROUP = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
RULE, GROUP = "aws:ec2/securityGroupRule:SecurityGroupRule", "aws:ec2/securityGroup:SecurityGroup"
ROUTE, TABLE = "aws:ec2/route:Route", "aws:ec2/routeTable:RouteTable"
TOPIC_POLICY = "aws:sns/topicPolicy:TopicPolicy"
TOPIC_TLS = deny("sns:Publish", "*", **PLAIN)
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
MINE = {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}

OTHERS = {"StringEquals": {"aws:PrincipalAccount": [ACCOUNT, "999999999999"]}}
FOREIGN_SERVICE = "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0"
ENDPOINT_POLICY = "aws:ec2/vpcEndpointPolicy:VpcEndpointPolicy"
TARGETS = (
    "carrierGatewayId", "coreNetworkArn", "localGatewayId", "networkInterfaceId", "odbNetworkArn",
    "transitGatewayId", "vpcEndpointId", "vpcPeeringConnectionId", "whatComesNextYearId",
)  # fmt: skip

NETWORK_CASES = (
    case("vpc-no-public-subnet", SUBNET, "mapPublicIpOnLaunch", [False], [True], missing=False,
         unknown=True),
    case("vpc-no-internet", ROUTE, "gatewayId", ["local", "vpce-1", "vgw-1"], ["igw-1"],
         missing=False, unknown=True),
    case("vpc-no-internet", ROUTE, "carrierGatewayId", [], ["cagw-1"], missing=False,
         unknown=True),
    *(case("vpc-other-networks", ROUTE, each, [""], ["any-1"], missing=False, unknown=True,
           inputs={"routeTableId": "rtb-1", "destinationPrefixListId": "pl-1"})
      for each in TARGETS if each != "carrierGatewayId"),
    case("vpc-other-networks", ROUTE, "gatewayId", ["local", "igw-1", "vpce-1"], ["vgw-1"],
         missing=False),
    case("vpc-other-networks", ROUTE, "transitGatewayId", ["tgw-1"], ["tgw-2"], missing=False,
         allowed=["tgw-1"]),
    case("vpc-other-networks", TABLE, "routes",
         [[], [{"cidrBlock": "0.0.0.0/0", "natGatewayId": "nat-1"}]],
         [[{"cidrBlock": "10.0.0.0/8", each: "any-1"}] for each in TARGETS[1:]], missing=False,
         inputs={"vpcId": "vpc-1"}),
    case("vpc-other-networks", TABLE, "propagatingVgws", [[]], [["vgw-1"]], missing=False),
    case("vpc-other-networks", ENDPOINT, "serviceName",
         ["com.amazonaws.us-east-1.s3", "aws.sagemaker.us-east-1.notebook",
          "cn.com.amazonaws.cn-north-1.sts"],
         [FOREIGN_SERVICE, FOREIGN_SERVICE.upper(), "cn.com.amazonaws.vpce.cn-north-1.vpce-svc-1",
          "com.example.us-east-1.service"], missing=False),
    case("vpc-other-networks", ENDPOINT, "serviceName", [FOREIGN_SERVICE], [], missing=False,
         allowed=["*.vpce-svc-0123456789abcdef0"]),
    case("vpc-other-networks", ENDPOINT, "resourceConfigurationArn", [], ["arn:aws:a"],
         missing=False, unknown=True),
    case("vpc-no-internet", ROUTE, "natGatewayId", [], ["nat-1"], missing=False, unknown=True),
    case("vpc-no-internet", ROUTE, "gatewayId", ["igw-1"], [], missing=False, allowed=True),
    case("vpc-no-internet", TABLE, "routes", [[], [{"gatewayId": "local"}]],
         [[{"cidrBlock": "0.0.0.0/0", "gatewayId": "igw-1"}]], missing=False),
    case("vpc-default-group", DEFAULT_GROUP, "ingress", [[]], [[{"protocol": "-1"}]], missing=True,
         unknown=True, inputs={"egress": []}),
    case("vpc-default-group", DEFAULT_GROUP, "egress", [[]], [[{"protocol": "-1"}]], missing=True,
         unknown=True, inputs={"ingress": []}),
    case("vpc-security-groups", INGRESS, "cidrIpv4", ["10.0.0.0/8", "10.64.0.0/16"],
         ["0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/2", "nonsense"], missing=False),
    case("vpc-security-groups", EGRESS, "cidrIpv6", ["fd00:1234:5678::/48"], ["::/0", "2000::/3"],
         missing=False),
    case("vpc-security-groups", EGRESS, "cidrIpv4", ["0.0.0.0/0"], [], missing=False,
         inputs={"fromPort": 443, "toPort": 443, "ipProtocol": "tcp"}, egressPorts=[443]),
    case("vpc-security-groups", EGRESS, "cidrIpv4", [], ["0.0.0.0/0"], missing=False,
         inputs={"fromPort": 443, "toPort": 65535, "ipProtocol": "tcp"}, egressPorts=[443]),
    case("vpc-security-groups", INGRESS, "cidrIpv4", [], ["0.0.0.0/0"], missing=False,
         inputs={"fromPort": 443, "toPort": 443, "ipProtocol": "tcp"}, egressPorts=[443]),
    case("vpc-security-groups", RULE, "cidrBlocks", [["10.0.0.0/16"]],
         [["10.0.0.0/16", "0.0.0.0/0"]],
         missing=False, inputs={"type": "ingress"}),
    case("vpc-security-groups", GROUP, "ingress", [[], [{"cidrBlocks": ["10.0.0.0/16"]}]],
         [[{"ipv6CidrBlocks": ["::/0"]}]], missing=False),
    case("vpc-flow-log-traffic", "aws:ec2/flowLog:FlowLog", "trafficType", ["ALL"],
         ["ACCEPT", "REJECT"], missing=True, unknown=True),
    case("vpc-endpoint-policy", ENDPOINT, "policy",
         [text(allow(Principal="*", Condition=MINE)), text(allow(Principal={"AWS": ROLE})),
          text(allow(Principal="*",
                     resource="arn:aws:s3:::prod-us-east-1-starport-layer-bucket/*"))],
         ["", text(allow(Principal="*")), text(allow("*", "*", Principal="*")),
          text(allow("*", "*", NotPrincipal={"AWS": ROLE})),
          text(allow(Principal="*", Condition={"StringLike": {"aws:PrincipalAccount": "*"}}))],
         missing=True),
    case("vpc-endpoint-policy", ENDPOINT, "policy",
         [text(allow(Principal={"AWS": ROLE}), allow(Principal="*", Condition=MINE))],
         [text(allow(Principal="*", Condition=OTHERS)),
          text(allow(Principal={"AWS": [ROLE, FOREIGN]})),
          text(allow(Principal="*", Condition=MINE), allow(Principal={"AWS": "999999999999"}))],
         missing=True),
    case("vpc-endpoint-policy", ENDPOINT, "policy", [text(allow(Principal="*", Condition=OTHERS))],
         [], missing=True, trustedAccounts=["999999999999"]),
    case("vpc-endpoint-policy", ENDPOINT_POLICY, "policy",
         [text(allow(Principal="*", Condition=MINE))], ["", text(allow(Principal="*"))],
         missing=True),
    case("sns-topic-encryption", "aws:sns/topic:Topic", "kmsMasterKeyId", [KEY],
         ["", "alias/aws/sns"], missing=True),
    case("sns-topic-policy", TOPIC_POLICY, "policy",
         [text(TOPIC_TLS), text(TOPIC_TLS, allow("sns:Publish", Principal={
             "Service": "events.amazonaws.com"}))],
         ["", text(allow("sns:Publish", Principal={"AWS": ROLE})),
          text(TOPIC_TLS, allow("sns:Publish", Principal="*")),
          text(TOPIC_TLS, allow("sns:Publish", Principal={"Service": "budgets.amazonaws.com"})),
          text(TOPIC_TLS | {"Principal": {"AWS": ROLE}})], missing=True),
    case("logs-retention", LOG_GROUP, "retentionInDays", [1, 365], [0], missing=True, unknown=True),
    case("logs-retention", LOG_GROUP, "retentionInDays", [365], [364], missing=True, unknown=True,
         minimumDays=365),
    case("logs-encryption", LOG_GROUP, "kmsKeyId", [KEY], ["", "alias/aws/logs"], missing=True),
    case("sns-topic-policy", "aws:sns/topic:Topic", "policy", [text(TOPIC_TLS)],
         [text(allow("sns:Publish", Principal="*"))], missing=False),
    case("vpc-no-internet", "aws:ec2/defaultRouteTable:DefaultRouteTable", "routes", [[]],
         [[{"cidrBlock": "0.0.0.0/0", "gatewayId": "igw-1"}]], missing=False),
)  # fmt: skip
