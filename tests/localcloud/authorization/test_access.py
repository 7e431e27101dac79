"""Jobs may do what their roles allow, and no more."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from components.execution_role.execution_documents import ExecutionScope, execution_policy
from components.site import Site
from components.training_job.settings.job_needs import JobNeeds
from tests.localcloud.cloud import BUCKET, Cloud, checkpoints, refusal
from tests.localcloud.roles import LOG, PULL, READ, WRITE, World, allow, deny, trust

ARN = f"arn:aws:s3:::{BUCKET}"


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


def test_an_output_bucket_that_the_role_may_only_list_by_prefix_is_refused_at_once(world: World):
    """AWS doesn't say how it looks at the bucket; asking for it takes no prefix."""
    other = f"output-{uuid.uuid4().hex}"
    world.cloud.s3.create_bucket(Bucket=other)
    by_prefix = {"StringLike": {"s3:prefix": ["output/*"]}}
    listing = allow("s3:ListBucket", on=f"arn:aws:s3:::{other}", Condition=by_prefix)
    inputs = allow("s3:ListBucket", "s3:GetObject", on=f"{ARN}*")
    request = world.cloud.request(
        RoleArn=world.role(inputs, listing, WRITE, PULL),
        OutputDataConfig={"S3OutputPath": f"s3://{other}/output/"},
    )

    code, message = refusal(world.cloud.sagemaker.create_training_job, **request)

    assert code == "ValidationException"
    assert message == f"Access denied to OutputDataConfig S3 bucket: {other}"


def test_a_job_of_a_stacks_own_role_is_accepted(world: World):
    bucket = f"own-{uuid.uuid4().hex}"
    world.cloud.s3.create_bucket(Bucket=bucket)
    world.cloud.s3.put_object(Bucket=bucket, Key="source/main.py", Body=b"")
    scope = ExecutionScope(
        Site("123456789012", "us-east-1", "research-dev"),
        JobNeeds(volume_encryption=True),
        artifact_bucket_arn=f"arn:aws:s3:::{bucket}",
        key_arn="arn:aws:kms:us-east-1:123456789012:key/none",
    )
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/source/"}
    request = world.cloud.request(
        RoleArn=world.role(*execution_policy(scope)["Statement"]),
        InputDataConfig=[{"ChannelName": "code", "DataSource": {"S3DataSource": source}}],
        OutputDataConfig={"S3OutputPath": f"s3://{bucket}/output/"},
        CheckpointConfig={"S3Uri": f"s3://{bucket}/checkpoints/a/"},
    )

    created = world.cloud.sagemaker.create_training_job(**request)

    assert created["TrainingJobArn"].endswith(request["TrainingJobName"])


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
def test_without_permission_to_log_a_job_runs_without_logs(world: World):
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


@pytest.mark.deep
def test_a_request_has_a_time_and_no_address_of_an_organisations(world: World):
    year = {
        "DateGreaterThan": {"aws:CurrentTime": "2020-01-01", "aws:EpochTime": "1577836800"},
        "DateGreaterThanEquals": {"aws:TokenIssueTime": "2020-01-01T00:00:00Z"},
        "DateLessThan": {"aws:CurrentTime": "2100-01-01T00:00:00Z"},
        "NumericGreaterThan": {"aws:EpochTime": "1577836800"},
        "IpAddress": {"aws:SourceIp": "0.0.0.0/0"},
    }
    office = {"NotIpAddress": {"aws:SourceIp": ["203.0.113.0/24", "2001:db8::/32"]}}

    past = {"DateLessThan": {"aws:CurrentTime": "2020-01-01"}}

    allowed = world.run(allow("*", Condition=year), deny("s3:PutObject", Condition=past))
    elsewhere = world.run(allow("*"), deny("s3:PutObject", Condition=office))
    # As IAM revokes a role's sessions, all those that were opened before a time.
    revoked = {"DateLessThan": {"aws:TokenIssueTime": "2100-01-01T00:00:00.000Z"}}
    before = world.run(allow("*"), deny("s3:PutObject", Condition=revoked))

    assert allowed["TrainingJobStatus"] == "Completed"
    assert before["FailureReason"].endswith("with an explicit deny in an identity-based policy")
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
    output = f"output-{uuid.uuid4().hex}"
    world.cloud.s3.create_bucket(Bucket=output)
    whole = allow("s3:ListBucket", on=f"arn:aws:s3:::{output}")

    job = world.run(
        *(listing, whole, allow("s3:GetObject"), PULL, LOG),
        script=script,
        EnableNetworkIsolation=False,
        OutputDataConfig={"S3OutputPath": f"s3://{output}/"},
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
        try:
            named = {{'RoleArn': '{reader}', 'RoleSessionName': 'other'}}
            boto3.client('sts').assume_role(**named, DurationSeconds=7200)
        except Exception as error:
            print(error)
    """
    assume = allow("sts:AssumeRole")

    job = world.run(READ, WRITE, PULL, LOG, assume, script=script, EnableNetworkIsolation=False)

    listed, written, assumed, chained = world.cloud.lines(job["TrainingJobName"])
    assert listed == "200"
    assert "/other is not authorized to perform: s3:PutObject" in written
    assert "no resource-based policy allows the sts:AssumeRole action" in assumed
    assert "exceeds the 1 hour session limit for roles assumed by role chaining" in chained


@pytest.mark.deep
def test_a_role_may_search_only_if_all_resources_are_allowed(world: World):
    script = """
        import boto3
        sagemaker = boto3.client('sagemaker')
        print(len(sagemaker.search(Resource='TrainingJob', MaxResults=1)['Results']))
        try:
            sagemaker.list_training_jobs()
        except Exception as error:
            print(error)
    """
    one = "arn:aws:sagemaker:us-east-1:123456789012:training-job/*"
    role = allow("sagemaker:Search"), allow("sagemaker:ListTrainingJobs", on=one)

    job = world.run(READ, WRITE, PULL, LOG, *role, script=script, EnableNetworkIsolation=False)

    found, refused = world.cloud.lines(job["TrainingJobName"])
    assert found == "1"
    assert 'not authorized to perform: sagemaker:ListTrainingJobs on resource: "*"' in refused


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


def test_an_object_is_neither_encrypted_nor_read_with_a_key_that_cannot_be_used(world: World):
    s3, kms = world.cloud.s3, world.cloud.client("kms")
    key = world.key()
    elsewhere = world.cloud.client("kms", "eu-west-1").create_key()["KeyMetadata"]["Arn"]
    named = {"Bucket": BUCKET, "Key": f"encrypted-{uuid.uuid4().hex}"}
    encryption = {"ServerSideEncryption": "aws:kms"}

    def put(key: str) -> str:
        refused = {"Body": b"x", "SSEKMSKeyId": key, **encryption}
        return refusal(s3.put_object, **named, **refused)[0]

    assert put(key[:-12] + "0" * 12) == "KMS.NotFoundException"
    assert put(key.replace(":123456789012:", ":999999999999:")) == "KMS.NotFoundException"
    assert put(elsewhere) == "KMS.NotFoundException"
    s3.put_object(**named, Body=b"x", SSEKMSKeyId=key, **encryption)
    s3.put_object(**named, Body=b"x", SSEKMSKeyId="alias/aws/s3", **encryption)
    s3.put_object(**named, Body=b"x", SSEKMSKeyId=key, **encryption)
    kms.disable_key(KeyId=key)
    assert put(key) == "KMS.DisabledException"
    assert refusal(s3.get_object, **named)[0] == "KMS.DisabledException"
    copied = {**named, "Key": "copied", "CopySource": named}
    assert refusal(s3.copy_object, **copied)[0] == "KMS.DisabledException"
    kms.enable_key(KeyId=key)
    kms.schedule_key_deletion(KeyId=key)
    assert put(key) == "KMS.KMSInvalidStateException"
