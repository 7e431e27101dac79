"""One case a resource type: what it takes to make it, to change it in place and to replace it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from localcloud.awsplugin.properties import Properties
from tests.localcloud.awsplugin.engine import Engine, Resource

_numbers = count(1)
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "sagemaker.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)


def allow(action: str = "s3:GetObject", resource: str = "*", **more: Any) -> str:
    """A policy of one statement."""
    statement = {"Effect": "Allow", "Action": action, "Resource": resource, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@dataclass
class World:
    """Makes what a case needs, and takes it away again in the reverse order."""

    engine: Engine
    made: list[Resource] = field(default_factory=list)

    def make(self, kind: str, inputs: Properties, name: str = "") -> Resource:
        resource = self.engine.create(kind, name or f"test-{next(_numbers)}", inputs)
        self.made.append(resource)
        return resource

    def vpc(self, **inputs: Any) -> str:
        return self.make("aws:ec2/vpc:Vpc", {"cidrBlock": "10.0.0.0/16", **inputs}).id

    def subnet(self, vpc: str, cidr: str = "10.0.1.0/24") -> str:
        return self.make("aws:ec2/subnet:Subnet", {"vpcId": vpc, "cidrBlock": cidr}).id

    def route_table(self, vpc: str) -> str:
        return self.make("aws:ec2/routeTable:RouteTable", {"vpcId": vpc}).id

    def group(self, vpc: str) -> str:
        return self.make("aws:ec2/securityGroup:SecurityGroup", {"vpcId": vpc}).id

    def bucket(self, **inputs: Any) -> str:
        return self.make("aws:s3/bucket:Bucket", {"forceDestroy": True, **inputs}).id

    def key(self) -> Resource:
        return self.make("aws:kms/key:Key", {})

    def role(self) -> Resource:
        return self.make("aws:iam/role:Role", {"assumeRolePolicy": TRUST})

    def clear(self) -> None:
        for resource in reversed(self.made):
            self.engine.delete(resource)


Make = Callable[[World], Properties]
Change = Callable[[World, Properties], Properties]


@dataclass
class Case:
    """A resource type's life."""

    type: str
    inputs: Make
    update: Change | None = None
    replace: Change | None = None
    replaced: str = ""
    stays: bool = False  # a deletion leaves it readable, as in AWS
    import_id: Callable[[Resource], str] = lambda resource: resource.id


def change(**values: Any) -> Change:
    return lambda _, inputs: {**inputs, **values}


TAGS = {"tags": {"team": "research"}}
RETAG = change(tags={"team": "vision", "owner": "ada"})


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


def _kms_alias(world: World) -> Properties:
    return {"targetKeyId": world.key().state["arn"]}


def _bucket_policy(world: World) -> Properties:
    bucket = world.bucket()
    return {"bucket": bucket, "policy": _tls_only(bucket)}


def _tls_only(bucket: str, sid: str = "TlsOnly") -> str:
    arn = f"arn:aws:s3:::{bucket}"
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": sid,
                    "Effect": "Deny",
                    "Principal": "*",
                    "Action": "s3:*",
                    "Resource": [arn, f"{arn}/*"],
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                }
            ],
        }
    )


def _logging(world: World) -> Properties:
    target = world.bucket()
    world.make(
        "aws:s3/bucketPolicy:BucketPolicy",
        {
            "bucket": target,
            "policy": allow(
                "s3:PutObject",
                f"arn:aws:s3:::{target}/*",
                Principal={"Service": "logging.s3.amazonaws.com"},
            ),
        },
    )
    return {"bucket": world.bucket(), "targetBucket": target, "targetPrefix": "logs/"}


def _lifecycle_rule(days: int) -> Properties:
    return {
        "id": "checkpoints",
        "status": "Enabled",
        "filter": {"prefix": "jobs/"},
        "expiration": {"days": days},
        "noncurrentVersionExpiration": {"noncurrentDays": 7, "newerNoncurrentVersions": 2},
        "abortIncompleteMultipartUpload": {"daysAfterInitiation": 3},
    }


def _encryption(world: World) -> Properties:
    default = {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": world.key().state["arn"]}
    rule = {"applyServerSideEncryptionByDefault": default, "bucketKeyEnabled": True}
    return {"bucket": world.bucket(), "rules": [rule]}


FIRST_CASES = [
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
        "aws:kms/key:Key",
        lambda _: {
            "enableKeyRotation": True,
            "deletionWindowInDays": 30,
            "rotationPeriodInDays": 180,
            **TAGS,
        },
        change(
            description="artifacts",
            rotationPeriodInDays=200,
            deletionWindowInDays=7,
            isEnabled=False,
        ),
        change(
            keyUsage="SIGN_VERIFY",
            customerMasterKeySpec="RSA_2048",
            enableKeyRotation=False,
            rotationPeriodInDays=None,
        ),
        "keyUsage",
    ),
    Case(
        "aws:kms/alias:Alias",
        _kms_alias,
        lambda w, inputs: {**inputs, "targetKeyId": w.key().id},
        change(name="alias/another"),
        "name",
    ),
    Case(
        "aws:kms/keyPolicy:KeyPolicy",
        lambda w: {
            "keyId": w.key().id,
            "policy": allow("kms:*", Principal={"AWS": "arn:aws:iam::123456789012:root"}),
        },
        change(policy=allow("kms:*", Principal={"AWS": "123456789012"}, Sid="Root")),
        lambda w, inputs: {**inputs, "keyId": w.key().id},
        "keyId",
        stays=True,
    ),
    Case(
        "aws:s3/bucket:Bucket", lambda _: {**TAGS}, RETAG, change(bucket="another-name"), "bucket"
    ),
    Case(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        lambda w: {"bucket": w.bucket(), "blockPublicAcls": True, "blockPublicPolicy": True},
        change(restrictPublicBuckets=True, blockPublicAcls=False),
        lambda w, inputs: {**inputs, "bucket": w.bucket()},
        "bucket",
    ),
    Case(
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        lambda w: {"bucket": w.bucket(), "rule": {"objectOwnership": "BucketOwnerEnforced"}},
        change(rule={"objectOwnership": "BucketOwnerPreferred"}),
        lambda w, inputs: {**inputs, "bucket": w.bucket()},
        "bucket",
    ),
    *(
        Case(
            kind,
            lambda w: {"bucket": w.bucket(), "versioningConfiguration": {"status": "Enabled"}},
            change(versioningConfiguration={"status": "Suspended"}),
            lambda w, inputs: {**inputs, "bucket": w.bucket()},
            "bucket",
            stays=True,
        )
        for kind in (
            "aws:s3/bucketVersioning:BucketVersioning",
            "aws:s3/bucketVersioningV2:BucketVersioningV2",
        )
    ),
    Case(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        _encryption,
        change(rules=[{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]),
        lambda w, inputs: {**inputs, "bucket": w.bucket()},
        "bucket",
    ),
    Case(
        "aws:s3/bucketPolicy:BucketPolicy",
        _bucket_policy,
        lambda _, inputs: {**inputs, "policy": _tls_only(inputs["bucket"], "Another")},
        lambda w, _: _bucket_policy(w),
        "bucket",
    ),
    Case(
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        lambda w: {"bucket": w.bucket(), "rules": [_lifecycle_rule(30)]},
        change(
            rules=[
                _lifecycle_rule(60),
                {
                    **_lifecycle_rule(1),
                    "id": "b",
                    "filter": {"and": {"prefix": "x", "tags": {"a": "b"}}},
                },
            ]
        ),
        lambda w, inputs: {**inputs, "bucket": w.bucket()},
        "bucket",
    ),
    Case(
        "aws:s3/bucketLogging:BucketLogging",
        _logging,
        change(targetPrefix="access/"),
        lambda w, inputs: {**inputs, "bucket": w.bucket()},
        "bucket",
    ),
    Case(
        "aws:s3/bucketObjectv2:BucketObjectv2",
        lambda w: {"bucket": w.bucket(), "content": "one", "metadata": {"a": "b"}, **TAGS},
        change(content="two", contentType="text/plain"),
        change(key="another"),
        "key",
        import_id=lambda resource: f"{resource.state['bucket']}/{resource.id}",
    ),
    Case(
        "aws:iam/role:Role",
        lambda _: {"assumeRolePolicy": TRUST, "description": "runs jobs", **TAGS},
        change(description="runs", maxSessionDuration=7200, tags={"a": "b"}),
        change(path="/ml/"),
        "path",
    ),
    Case(
        "aws:iam/role:Role",
        lambda _: {
            "assumeRolePolicy": TRUST,
            "inlinePolicies": [{"name": "one", "policy": allow()}],
            "managedPolicyArns": [],
        },
        change(
            inlinePolicies=[
                {"name": "one", "policy": allow("s3:*")},
                {"name": "two", "policy": allow()},
            ]
        ),
        change(name="another"),
        "name",
    ),
    Case(
        "aws:iam/rolePolicy:RolePolicy",
        lambda w: {"role": w.role().id, "policy": allow()},
        change(policy=allow("s3:PutObject")),
        lambda w, inputs: {**inputs, "role": w.role().id},
        "role",
    ),
    Case(
        "aws:iam/policy:Policy",
        lambda _: {"policy": allow(), **TAGS},
        change(policy=allow("s3:PutObject"), tags={}),
        change(description="another"),
        "description",
    ),
    Case(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        lambda w: {
            "role": w.role().id,
            "policyArn": w.make("aws:iam/policy:Policy", {"policy": allow()}).id,
        },
        None,
        lambda w, inputs: {**inputs, "role": w.role().id},
        "role",
    ),
    Case(
        "aws:cloudwatch/logGroup:LogGroup",
        lambda w: {"retentionInDays": 30, "kmsKeyId": w.key().state["arn"], **TAGS},
        change(retentionInDays=60, tags={}),
        change(name="another"),
        "name",
    ),
]
