"""Resources of which a part is a resource of its own."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pulumi_aws as aws

ACCOUNT = {"AWS": "arn:aws:iam::123456789012:root"}

options = pulumi.ResourceOptions(provider=aws.Provider("aws", region="us-east-1"))


def allow(action: str, **more: Any) -> str:
    statement = {"Effect": "Allow", "Action": action, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


trust = allow("sts:AssumeRole", Principal={"Service": "sagemaker.amazonaws.com"})
role = aws.iam.Role("role", assume_role_policy=trust, opts=options)
aws.iam.RolePolicy("role", role=role.name, policy=allow("s3:*", Resource="*"), opts=options)

key = aws.kms.Key("key", opts=options)
document = allow("kms:*", Principal=ACCOUNT, Resource="*")
aws.kms.KeyPolicy("key", key_id=key.key_id, policy=document, opts=options)

topic = aws.sns.Topic("topic", opts=options)
document = topic.arn.apply(lambda arn: allow("sns:Publish", Principal=ACCOUNT, Resource=arn))
aws.sns.TopicPolicy("topic", arn=topic.arn, policy=document, opts=options)

bucket = aws.s3.Bucket("bucket", opts=options)
aws.s3.BucketVersioning(
    "bucket",
    bucket=bucket.bucket,
    versioning_configuration={"status": "Enabled"},
    opts=options,
)

vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16", opts=options)
gateway = aws.ec2.InternetGateway("gateway", vpc_id=vpc.id, opts=options)
table = aws.ec2.RouteTable("table", vpc_id=vpc.id, opts=options)
aws.ec2.Route(
    "table",
    route_table_id=table.id,
    destination_cidr_block="0.0.0.0/0",
    gateway_id=gateway.id,
    opts=options,
)
endpoint = aws.ec2.VpcEndpoint(
    "endpoint", vpc_id=vpc.id, service_name="com.amazonaws.us-east-1.s3", opts=options
)
aws.ec2.VpcEndpointRouteTableAssociation(
    "endpoint", vpc_endpoint_id=endpoint.id, route_table_id=table.id, opts=options
)
group = aws.ec2.SecurityGroup("group", vpc_id=vpc.id, opts=options)
aws.vpc.SecurityGroupIngressRule(
    "group",
    security_group_id=group.id,
    ip_protocol="tcp",
    from_port=443,
    to_port=443,
    cidr_ipv4="10.0.0.0/16",
    opts=options,
)
