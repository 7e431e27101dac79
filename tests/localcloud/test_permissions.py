"""Jobs may do what their roles, buckets and keys allow, and no more."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from typing import Any

import pytest

from tests.localcloud.cloud import BUCKET, TRUST, Cloud, checkpoints, policy, refusal

ARN = f"arn:aws:s3:::{BUCKET}"
SAVE = """
import pathlib
print('ran')
pathlib.Path('/opt/ml/model/weights').write_text('x')
"""
_numbers = itertools.count(1)


def allow(*actions: str, on: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": on, **more}


def deny(*actions: str, on: Any = "*", **more: Any) -> dict[str, Any]:
    return allow(*actions, on=on, **more) | {"Effect": "Deny"}


READ = allow("s3:ListBucket", "s3:GetObject")
WRITE = allow("s3:PutObject")
PULL = allow("ecr:*")
LOG = allow("logs:*")


@dataclass
class World:
    """Makes roles, and runs jobs with them."""

    cloud: Cloud

    def role(self, *statements: dict[str, Any], trust: dict[str, Any] | None = None) -> str:
        name = f"role-{next(_numbers)}"
        iam = self.cloud.client("iam")
        created = iam.create_role(
            RoleName=name, AssumeRolePolicyDocument=json.dumps(trust or TRUST)
        )
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=policy(*statements))
        return str(created["Role"]["Arn"])

    def run(self, *statements: dict[str, Any], script: str = SAVE, **changes: Any) -> Any:
        return self.cloud.run(script, RoleArn=self.role(*statements), **changes)

    def key(self, *, enabled: bool = True, **options: Any) -> str:
        kms = self.cloud.client("kms")
        key = str(kms.create_key(**options)["KeyMetadata"]["Arn"])
        if not enabled:
            kms.disable_key(KeyId=key.rpartition("/")[2])
        return key


@pytest.fixture(scope="module")
def world(cloud: Cloud) -> World:
    return World(cloud)


def test_a_role_with_just_what_a_job_needs_is_enough(world: World):
    job = world.run(READ, WRITE, PULL, LOG)

    assert job["TrainingJobStatus"] == "Completed"
    assert world.cloud.lines(job["TrainingJobName"]) == ["ran"]


def test_data_that_the_role_may_not_list_is_refused_at_once(world: World):
    request = world.cloud.request(RoleArn=world.role(allow("s3:GetObject"), WRITE))

    code, message = refusal(world.cloud.sagemaker.create_training_job, **request)

    assert code == "ValidationException"
    assert "No S3 objects found under S3 URL" in message


def test_data_that_the_role_may_not_read_fail_the_job(world: World):
    job = world.run(allow("s3:ListBucket"), WRITE, PULL)

    assert job["TrainingJobStatus"] == "Failed"
    reason = job["FailureReason"]
    assert reason.startswith("ClientError: Data download failed:AccessDenied (403): User: ")
    assert "because no identity-based policy allows the s3:GetObject action" in reason


def test_a_model_that_the_role_may_not_write_fails_the_job(world: World):
    job = world.run(READ, PULL)

    assert job["TrainingJobStatus"] == "Failed"
    reason = job["FailureReason"]
    assert reason.startswith("ClientError: Artifact upload failed:Error 7: AccessDenied (403): ")
    assert "s3:PutObject" in reason


def test_an_image_that_the_role_may_not_pull_fails_the_job(world: World):
    other = "arn:aws:ecr:us-east-1:123456789012:repository/other"

    job = world.run(READ, WRITE, allow("ecr:GetAuthorizationToken"), allow("ecr:*", on=other))

    reason = job["FailureReason"]
    assert reason.startswith("ClientError: Cannot pull algorithm container. Either the image does")
    assert "ecr:BatchCheckLayerAvailability" in reason
    assert world.cloud.lines(job["TrainingJobName"]) == []


@pytest.mark.deep
def test_without_permission_to_log_a_job_runs_unheard(world: World):
    job = world.run(READ, WRITE, PULL)

    assert job["TrainingJobStatus"] == "Completed"
    assert world.cloud.streams(job["TrainingJobName"]) == []


@pytest.mark.deep
def test_a_checkpoint_that_the_role_may_not_delete_stays(world: World):
    name, saved = "undeletable", "undeletable/step"
    script = """
        import pathlib, time
        folder = pathlib.Path('/opt/ml/checkpoints')
        step, mark = folder / 'step', folder / 'step.sagemaker-uploaded'
        step.write_text('1')
        while not mark.exists():
            time.sleep(0.01)
        step.unlink()
    """

    job = world.run(READ, WRITE, PULL, script=script, CheckpointConfig=checkpoints(name))

    assert job["TrainingJobStatus"] == "Completed"
    assert world.cloud.keys(name) == [saved]


def trust(**changes: Any) -> dict[str, Any]:
    statement: Any = TRUST["Statement"]
    return {**TRUST, "Statement": {**statement, **changes}}


@pytest.mark.parametrize(
    "trust",
    [
        trust(Principal={"Service": "ec2.amazonaws.com"}),
        trust(
            Condition={
                "ArnLike": {"aws:SourceArn": "arn:aws:sagemaker:us-east-1:*:training-job/other"}
            }
        ),
        trust(Condition={"StringEquals": {"aws:SourceAccount": "210987654321"}}),
    ],
    ids=["another service", "another source", "another account"],
)
def test_a_role_that_does_not_trust_the_service_cannot_be_assumed(
    world: World, trust: dict[str, Any]
):
    role = world.role(READ, WRITE, PULL, trust=trust)

    code, message = refusal(
        world.cloud.sagemaker.create_training_job, **world.cloud.request(RoleArn=role)
    )

    assert code == "ValidationException"
    assert message == (
        f"Could not assume role {role}. Please ensure that the role exists and allows principal "
        "'sagemaker.amazonaws.com' to assume the role."
    )


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
def test_a_disabled_or_deleted_key_refuses_everybody(world: World):
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
    vpc = {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}

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


@pytest.mark.deep
def test_a_bucket_behind_an_endpoint_is_reached_only_from_its_network(world: World):
    ec2 = world.cloud.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.9.{number}.0/24")["Subnet"]["SubnetId"]
        for number in range(2)
    ]
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.associate_route_table(RouteTableId=table, SubnetId=subnets[0])
    endpoint = ec2.create_vpc_endpoint(
        VpcId=vpc,
        ServiceName="com.amazonaws.us-east-1.s3",
        VpcEndpointType="Gateway",
        RouteTableIds=[table],
        PolicyDocument=policy(
            {
                **allow("*", Condition={"IpAddress": {"aws:VpcSourceIp": "10.9.0.0/24"}}),
                "Principal": "*",
            }
        ),
    )["VpcEndpoint"]["VpcEndpointId"]
    bucket = Guarded.make(
        world, "behind", Condition={"StringNotEquals": {"aws:SourceVpce": endpoint}}
    )

    def run(*subnets: str) -> Any:
        return bucket.run(VpcConfig={"Subnets": list(subnets), "SecurityGroupIds": ["sg-1"]})

    assert run(subnets[0])["TrainingJobStatus"] == "Completed"
    assert "explicit deny" in run(subnets[1])["FailureReason"]
    assert "explicit deny" in bucket.run()["FailureReason"]
    ec2.modify_vpc_endpoint(
        VpcEndpointId=endpoint,
        PolicyDocument=policy({**allow("s3:GetObject", "s3:ListBucket"), "Principal": "*"}),
    )
    assert "no VPC endpoint policy allows the s3:PutObject" in run(subnets[0])["FailureReason"]


@pytest.mark.deep
def test_a_request_has_a_time_and_no_address_of_an_organisations(world: World):
    year = {
        "DateGreaterThan": {"aws:CurrentTime": "2020-01-01", "aws:EpochTime": "1577836800"},
        "DateLessThan": {"aws:CurrentTime": "2100-01-01T00:00:00Z"},
        "NumericGreaterThan": {"aws:EpochTime": "1577836800"},
        "IpAddress": {"aws:SourceIp": "0.0.0.0/0"},
    }
    office = {"NotIpAddress": {"aws:SourceIp": ["203.0.113.0/24", "2001:db8::/32"]}}

    past = {"DateLessThan": {"aws:CurrentTime": "2020-01-01"}}

    allowed = world.run(allow("*", Condition=year), deny("s3:PutObject", Condition=past))
    elsewhere = world.run(allow("*"), deny("s3:PutObject", Condition=office))

    assert allowed["TrainingJobStatus"] == "Completed"
    assert elsewhere["FailureReason"].endswith("with an explicit deny in an identity-based policy")


@pytest.mark.deep
def test_a_script_may_do_what_its_role_may(world: World):
    script = f"""
        import boto3
        s3, secrets = boto3.client('s3'), boto3.client('secretsmanager')
        print(boto3.client('sts').get_caller_identity()['Arn'])
        s3.list_objects_v2(Bucket='{BUCKET}', Prefix='code/')
        for call in (
            lambda: s3.put_object(Bucket='{BUCKET}', Key='elsewhere', Body=b''),
            lambda: s3.list_objects_v2(Bucket='{BUCKET}', Prefix='other/'),
            lambda: secrets.get_secret_value(SecretId='unknown'),
            lambda: boto3.client('sqs').list_queues(),
        ):
            try:
                call()
            except Exception as error:
                print(error.response['Error']['Code'])
    """
    listing = allow("s3:ListBucket", on=ARN, Condition={"StringLike": {"s3:prefix": "code/*"}})

    job = world.run(
        listing, allow("s3:GetObject"), PULL, LOG, script=script, EnableNetworkIsolation=False
    )

    assert job["TrainingJobStatus"] == "Completed"
    first, *codes = world.cloud.lines(job["TrainingJobName"])
    assert first.endswith("/SageMaker")
    assert codes == [
        "AccessDenied",
        "AccessDenied",
        "AccessDeniedException",
        "AccessDeniedException",
    ]


@pytest.mark.deep
def test_a_script_that_assumes_another_role_may_do_what_that_one_may(world: World):
    reader = world.role(allow("s3:ListBucket"), trust=trust(Principal={"AWS": "123456789012"}))
    closed = world.role(allow("*"))
    script = f"""
        import boto3
        for role in ('{reader}', '{closed}'):
            try:
                given = boto3.client('sts').assume_role(RoleArn=role, RoleSessionName='other')
                keys = given['Credentials']
                s3 = boto3.client(
                    's3',
                    aws_access_key_id=keys['AccessKeyId'],
                    aws_secret_access_key=keys['SecretAccessKey'],
                    aws_session_token=keys['SessionToken'],
                )
                print(s3.list_objects_v2(Bucket='{BUCKET}')['ResponseMetadata']['HTTPStatusCode'])
                s3.put_object(Bucket='{BUCKET}', Key='elsewhere', Body=b'')
            except Exception as error:
                print(error)
    """
    assume = allow("sts:AssumeRole")

    job = world.run(READ, WRITE, PULL, LOG, assume, script=script, EnableNetworkIsolation=False)

    listed, written, assumed = world.cloud.lines(job["TrainingJobName"])
    assert listed == "200"
    assert "/other is not authorized to perform: s3:PutObject" in written
    assert "no resource-based policy allows the sts:AssumeRole action" in assumed


def test_a_role_may_be_held_to_the_resources_of_its_own_account(world: World):
    own, other = (
        {"StringEquals": {"aws:ResourceAccount": account}} for account in ("123456789012", "1")
    )
    read = allow("s3:ListBucket", Condition=own), allow("s3:GetObject", Condition=other)

    job = world.run(*read, PULL)

    assert "allows the s3:GetObject action" in job["FailureReason"]


def test_a_policy_that_cannot_be_judged_allows_nothing(world: World):
    unknown = deny("s3:PutObject", Condition={"BinaryEquals": {"key": "QmluYXJ5"}})

    code, message = refusal(
        world.cloud.sagemaker.create_training_job,
        **world.cloud.request(RoleArn=world.role(allow("*"), unknown)),
    )

    assert code == "ValidationException"
    assert message.endswith("The condition operator BinaryEquals is not known")


def test_who_is_no_job_may_do_everything(world: World):
    Guarded.make(world, "closed")

    world.cloud.s3.put_object(Bucket="closed", Key="a", Body=b"x")

    assert world.cloud.s3.get_object(Bucket="closed", Key="a")["Body"].read() == b"x"
