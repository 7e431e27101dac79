"""A network, a bucket with an object and a role, with default tags from the settings."""

from __future__ import annotations

import json

import pulumi
import pulumi_aws as aws

config = pulumi.Config()
team = config.require("team")
provider = aws.Provider(
    "aws",
    region="us-east-1",
    default_tags={"tags": {"team": team}},
    allowed_account_ids=["123456789012"],
)
options = pulumi.ResourceOptions(provider=provider)
lookup = pulumi.InvokeOptions(provider=provider)

zones = aws.get_availability_zones(state="available", opts=lookup)
vpc = aws.ec2.Vpc("network", cidr_block=config.require("cidr"), opts=options)
subnet = aws.ec2.Subnet(
    "private",
    vpc_id=vpc.id,
    cidr_block=vpc.cidr_block.apply(lambda cidr: cidr.replace("/16", "/24")),
    availability_zone=zones.names[0],
    opts=options,
)
bucket = aws.s3.Bucket("Artifacts", force_destroy=True, opts=options)
aws.s3.BucketObjectv2(
    "data.txt", bucket=bucket.id, source=pulumi.StringAsset(config.require("data")), opts=options
)
trust = {
    "Effect": "Allow",
    "Principal": {"Service": "sagemaker.amazonaws.com"},
    "Action": "sts:AssumeRole",
}
role = aws.iam.Role(
    "execution",
    assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    tags={"owner": config.require_secret("owner")},
    opts=options,
)
pulumi.export("bucket", bucket.bucket)
pulumi.export("tags", role.tags_all)
