"""What was made in a local cloud is there after a stop, whatever service it belongs to."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.localcloud.cloud import BUCKET, Cloud, eventually, stop

QUOTA = "ml.m5.large for training job usage"


@pytest.mark.deep
def test_what_was_made_is_there_after_a_stop_and_at_the_same_address(
    start: Callable[[], Cloud],
):
    cloud = start()
    made = make_some_of_everything(cloud)
    ended = cloud.run("print('done')")
    stop(cloud)

    again = start()

    assert again.server.lost == ""
    assert again.server.url == cloud.server.url
    look_at_everything(again, made)
    assert described(again, ended["TrainingJobName"]) == without_metadata(ended)
    assert again.lines(ended["TrainingJobName"]) == ["done"]


def make_some_of_everything(cloud: Cloud) -> dict[str, Any]:
    """Makes one thing of each kind that a platform consists of."""
    kms, queue = cloud.client("kms"), cloud.client("sqs").create_queue(QueueName="kept")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    cloud.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    cloud.put("object", b"first")
    cloud.put("object", b"second")
    cloud.client("ssm").put_parameter(Name="/kept", Value="value", Type="String")
    cloud.client("secretsmanager").create_secret(Name="kept", SecretString="secret")
    return {
        "key": key,
        "secret": kms.encrypt(KeyId=key, Plaintext=b"secret")["CiphertextBlob"],
        "signer": kms.create_key(KeyUsage="SIGN_VERIFY", KeySpec="RSA_2048")["KeyMetadata"][
            "KeyId"
        ],
        "vpc": cloud.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"],
        "topic": cloud.client("sns").create_topic(Name="kept")["TopicArn"],
        "queue": queue["QueueUrl"],
        "upload": cloud.s3.create_multipart_upload(Bucket=BUCKET, Key="parts")["UploadId"],
    }


def look_at_everything(cloud: Cloud, made: dict[str, Any]) -> None:
    kms = cloud.client("kms")
    assert kms.decrypt(CiphertextBlob=made["secret"])["Plaintext"] == b"secret"
    signature = {"Message": b"text", "SigningAlgorithm": "RSASSA_PSS_SHA_256"}
    assert kms.sign(KeyId=made["signer"], **signature)["Signature"]
    assert cloud.client("ec2").describe_vpcs(VpcIds=[made["vpc"]])["Vpcs"]
    assert cloud.client("sns").get_topic_attributes(TopicArn=made["topic"])
    assert cloud.client("sqs").get_queue_attributes(QueueUrl=made["queue"])
    assert cloud.client("ssm").get_parameter(Name="/kept")["Parameter"]["Value"] == "value"
    secrets = cloud.client("secretsmanager")
    assert secrets.get_secret_value(SecretId="kept")["SecretString"] == "secret"
    assert cloud.client("iam").get_role(RoleName="training")
    versions = cloud.s3.list_object_versions(Bucket=BUCKET, Prefix="object")["Versions"]
    contents = [
        cloud.s3.get_object(Bucket=BUCKET, Key="object", VersionId=each["VersionId"])
        for each in versions
    ]
    assert sorted(each["Body"].read() for each in contents) == [b"first", b"second"]
    part = {"Bucket": BUCKET, "Key": "parts", "UploadId": made["upload"]}
    etag = cloud.s3.upload_part(**part, PartNumber=1, Body=b"part")["ETag"]
    parts = {"Parts": [{"ETag": etag, "PartNumber": 1}]}
    cloud.s3.complete_multipart_upload(**part, MultipartUpload=parts)
    assert cloud.get("parts") == b"part"


def described(cloud: Cloud, job: str) -> dict[str, Any]:
    return without_metadata(cloud.describe(job))


def without_metadata(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer without botocore's metadata."""
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


@pytest.mark.deep
def test_every_service_that_a_platform_uses_is_kept(start: Callable[[], Cloud]):
    cloud = start()
    account, role = "123456789012", cloud.role
    topic = cloud.client("sns").create_topic(Name="alerts")["TopicArn"]
    budget = {"BudgetName": "team", "BudgetType": "COST", "TimeUnit": "MONTHLY"}
    limit = {"BudgetLimit": {"Amount": "10", "Unit": "USD"}}
    cloud.client("budgets").create_budget(AccountId=account, Budget=budget | limit)
    cloud.client("ecr").create_repository(repositoryName="training")
    cloud.client("events").put_rule(Name="failed", EventPattern='{"source": ["aws.sagemaker"]}')
    cloud.client("events").put_targets(Rule="failed", Targets=[{"Id": "1", "Arn": topic}])
    cloud.client("scheduler").create_schedule(
        Name="watch",
        ScheduleExpression="rate(1 day)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": topic, "RoleArn": role},
    )
    cloud.client("cloudwatch").put_metric_alarm(
        AlarmName="failures",
        Namespace="jobs",
        MetricName="failed",
        Period=60,
        Statistic="Sum",
        Threshold=1.0,
        EvaluationPeriods=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    cloud.logs.create_log_group(logGroupName="/platform/flow")
    cloud.sagemaker.create_model_package_group(ModelPackageGroupName="digits")
    cloud.client("service-quotas").request_service_quota_increase(
        ServiceCode="sagemaker", QuotaCode=quota(cloud)["QuotaCode"], DesiredValue=321.0
    )
    stop(cloud)

    again = start()

    assert again.server.lost == ""
    assert again.client("budgets").describe_budget(AccountId=account, BudgetName="team")["Budget"]
    assert again.client("ecr").describe_repositories()["repositories"]
    [target] = again.client("events").list_targets_by_rule(Rule="failed")["Targets"]
    assert target["Arn"] == topic
    assert again.client("scheduler").get_schedule(Name="watch")["State"] == "ENABLED"
    assert again.client("cloudwatch").describe_alarms(AlarmNames=["failures"])["MetricAlarms"]
    groups = again.logs.describe_log_groups(logGroupNamePrefix="/platform")["logGroups"]
    assert [group["logGroupName"] for group in groups] == ["/platform/flow"]
    assert again.sagemaker.describe_model_package_group(ModelPackageGroupName="digits")
    assert quota(again)["Value"] == 321.0


def quota(cloud: Cloud) -> dict[str, Any]:
    quotas = cloud.client("service-quotas")
    pages = quotas.get_paginator("list_service_quotas").paginate(ServiceCode="sagemaker")
    found = (each for page in pages for each in page["Quotas"])
    return next(each for each in found if each["QuotaName"] == QUOTA)


@pytest.mark.deep
def test_an_executions_history_is_kept_and_what_ran_is_aborted(start: Callable[[], Cloud]):
    cloud = start()
    machines = cloud.client("stepfunctions")
    ended, running = (
        machines.start_execution(stateMachineArn=machine(machines, name, state))["executionArn"]
        for name, state in (("ends", {"Type": "Succeed"}), ("waits", WAIT))
    )
    eventually(lambda: True if status(machines, ended) == "SUCCEEDED" else None)
    stop(cloud)

    machines = start().client("stepfunctions")

    assert (status(machines, ended), status(machines, running)) == ("SUCCEEDED", "ABORTED")
    events = machines.get_execution_history(executionArn=ended)["events"]
    assert [event["type"] for event in events][-1] == "ExecutionSucceeded"


WAIT = {"Type": "Wait", "Seconds": 60, "End": True}


def machine(machines: Any, name: str, state: dict[str, Any]) -> str:
    definition = json.dumps({"StartAt": "only", "States": {"only": state}})
    role = "arn:aws:iam::123456789012:role/training"
    made = machines.create_state_machine(name=name, definition=definition, roleArn=role)
    return str(made["stateMachineArn"])


def status(machines: Any, execution: str) -> str:
    return str(machines.describe_execution(executionArn=execution)["status"])
