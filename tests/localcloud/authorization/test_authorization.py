"""Keys, buckets and networks: jobs may use them as their own policies allow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.localcloud.cloud import BUCKET, Cloud, policy, refusal
from tests.localcloud.roles import PULL, READ, WRITE, World, allow


@pytest.fixture(scope="module")
def world(cloud: Cloud) -> World:
    return World(cloud)


def output(key: str) -> dict[str, Any]:
    return {"OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/output", "KmsKeyId": key}}


@pytest.mark.deep
def test_results_need_the_use_of_their_key_through_s3(world: World):
    key = world.key()
    use = allow(
        "kms:GenerateDataKey",
        on=key,
        Condition={"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}},
    )

    assert world.run(READ, WRITE, PULL, use, **output(key))["TrainingJobStatus"] == "Completed"
    reason = world.run(READ, WRITE, PULL, **output(key))["FailureReason"]
    assert "because no identity-based policy allows the kms:GenerateDataKey action" in reason


@pytest.mark.deep
def test_a_keys_own_policy_may_refuse(world: World):
    administrator = {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::123456789012:user/administrator"},
        "Action": "kms:*",
        "Resource": "*",
    }
    key = world.key(Policy=policy(administrator))

    reason = world.run(READ, WRITE, PULL, allow("kms:*"), **output(key))["FailureReason"]

    assert "because no resource-based policy allows the kms:GenerateDataKey action" in reason


@pytest.mark.deep
def test_a_disabled_or_deleted_key_refuses_everyone(world: World):
    disabled, deleted = world.key(enabled=False), world.key()
    world.cloud.client("kms").schedule_key_deletion(KeyId=deleted.rpartition("/")[2])
    role = READ, WRITE, PULL, allow("kms:*")

    assert (
        f"KMS.DisabledException (400): {disabled} is disabled."
        in (world.run(*role, **output(disabled))["FailureReason"])
    )
    assert (
        f"KMS.KMSInvalidStateException (400): {deleted} is pending deletion."
        in (world.run(*role, **output(deleted))["FailureReason"])
    )


@pytest.mark.deep
def test_a_volumes_key_needs_a_grant(world: World):
    key = world.key()
    volume = {
        "InstanceType": "ml.m5.large",
        "InstanceCount": 1,
        "VolumeSizeInGB": 1,
        "VolumeKmsKeyId": key,
    }

    job = world.run(READ, WRITE, PULL, ResourceConfig=volume)

    assert "kms:CreateGrant" in job["FailureReason"]
    assert "Downloading" not in {row["Status"] for row in job["SecondaryStatusTransitions"]}


@pytest.mark.deep
def test_interfaces_in_subnets_need_permission(world: World):
    vpc = world.cloud.vpc_config()

    without = world.run(READ, WRITE, PULL, VpcConfig=vpc)
    within = world.run(READ, WRITE, PULL, allow("ec2:*"), VpcConfig=vpc)

    assert "ec2:DescribeDhcpOptions" in without["FailureReason"]
    assert within["TrainingJobStatus"] == "Completed"


@dataclass
class Guarded:
    """A bucket of its own, with a policy and some data."""

    world: World
    name: str

    @classmethod
    def make(cls, world: World, name: str, **statement: Any) -> Guarded:
        s3 = world.cloud.s3
        s3.create_bucket(Bucket=name)
        document = policy(
            {
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"],
                **statement,
            }
        )
        s3.put_bucket_policy(Bucket=name, Policy=document)
        return cls(world, name)

    def run(self, **changes: Any) -> Any:
        output = {"S3OutputPath": f"s3://{self.name}/output", **changes.pop("output", {})}
        return self.world.run(allow("*"), OutputDataConfig=output, **changes)


@pytest.mark.deep
def test_a_bucket_for_encrypted_connections_and_one_key_is_reached(world: World):
    key, other = world.key(), world.key()
    header = "s3:x-amz-server-side-encryption-aws-kms-key-id"
    bucket = Guarded.make(
        world, "one-key", Condition={"ArnNotEquals": {header: key}, "Null": {header: "false"}}
    )
    Guarded.make(world, "secure", Condition={"Bool": {"aws:SecureTransport": "false"}})

    assert bucket.run(output={"KmsKeyId": key})["TrainingJobStatus"] == "Completed"
    denied = bucket.run(output={"KmsKeyId": other})["FailureReason"]
    assert denied.endswith("with an explicit deny in a resource-based policy")
    secure = Guarded(world, "secure").run()
    assert secure["TrainingJobStatus"] == "Completed"


class Network:
    """A VPC with a subnet that reaches S3 through an endpoint, and one that does not."""

    def __init__(self, world: World) -> None:
        ec2 = world.cloud.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
        self.behind, self.outside = (
            ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.9.{number}.0/24")["Subnet"]["SubnetId"]
            for number in range(2)
        )
        named = {"GroupName": "jobs", "Description": "jobs", "VpcId": vpc}
        self._group = ec2.create_security_group(**named)["GroupId"]
        table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
        ec2.associate_route_table(RouteTableId=table, SubnetId=self.behind)
        inside = {"IpAddress": {"aws:VpcSourceIp": "10.9.0.0/24"}}
        self.endpoint = ec2.create_vpc_endpoint(
            VpcId=vpc,
            ServiceName="com.amazonaws.us-east-1.s3",
            VpcEndpointType="Gateway",
            RouteTableIds=[table],
            PolicyDocument=policy({**allow("*", Condition=inside), "Principal": "*"}),
        )["VpcEndpoint"]["VpcEndpointId"]
        self.elsewhere = {"StringNotEquals": {"aws:SourceVpce": self.endpoint}}

    def place(self, subnet: str) -> dict[str, Any]:
        """The network of a job in a subnet."""
        return {"Subnets": [subnet], "SecurityGroupIds": [self._group]}


@pytest.mark.deep
def test_a_bucket_behind_an_endpoint_is_reached_only_from_its_network(world: World):
    network = Network(world)
    bucket = Guarded.make(world, "behind", Action="s3:*Object", Condition=network.elsewhere)

    def run(subnet: str) -> Any:
        return bucket.run(VpcConfig=network.place(subnet))

    assert run(network.behind)["TrainingJobStatus"] == "Completed"
    assert "explicit deny" in run(network.outside)["FailureReason"]
    assert "explicit deny" in bucket.run()["FailureReason"]
    world.cloud.client("ec2").modify_vpc_endpoint(
        VpcEndpointId=network.endpoint,
        PolicyDocument=policy({**allow("s3:GetObject", "s3:ListBucket"), "Principal": "*"}),
    )
    assert "no VPC endpoint policy allows the s3:PutObject" in run(network.behind)["FailureReason"]


def test_the_bucket_of_a_new_job_is_listed_from_outside_its_network(world: World):
    network = Network(world)
    place = network.place(network.behind)
    closed = Guarded.make(
        world, "closed-to-lists", Action="s3:ListBucket", Condition=network.elsewhere
    )
    code, message = refusal(closed.run, VpcConfig=place)
    assert code == "ValidationException"
    assert "Access denied to OutputDataConfig S3 bucket: closed-to-lists" in message

    role = {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::123456789012:role/*"}}
    listed = Guarded.make(
        world, "open-to-the-role", Action="s3:ListBucket", Condition={**network.elsewhere, **role}
    )
    assert listed.run(VpcConfig=place)["TrainingJobStatus"] == "Completed"


def test_who_is_no_job_may_do_everything(world: World):
    Guarded.make(world, "closed")

    world.cloud.s3.put_object(Bucket="closed", Key="a", Body=b"x")

    assert world.cloud.s3.get_object(Bucket="closed", Key="a")["Body"].read() == b"x"
