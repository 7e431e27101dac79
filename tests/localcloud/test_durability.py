"""What survives a local cloud that is stopped or killed, and what is said of the rest."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from localcloud import daemon
from tests.localcloud.cloud import (
    BUCKET,
    LISTEN,
    Cloud,
    checkpoints,
    eventually,
    processes_below,
)
from tests.localcloud.conftest import FAST

MOST_ROWS = 900
QUOTA = "ml.m5.large for training job usage"
SNAPSHOT_SECONDS = 120.0
GOES_ON = """
import pathlib, signal, sys, time
checkpoint = pathlib.Path('/opt/ml/checkpoints/step')
if checkpoint.exists():
    print('goes on after', checkpoint.read_text())
    sys.exit(0)
checkpoint.write_text('step 1')
while not checkpoint.with_name('step.sagemaker-uploaded').exists():
    time.sleep(0.02)
print('saved')
time.sleep(60)
"""


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], Cloud]]:
    """Starts a local cloud on a folder of the test's own, or finds the one that runs."""
    data = tmp_path / "cloud"
    yield lambda: Cloud(daemon.start(data, *FAST), data)
    daemon.stop(data)


def stop(cloud: Cloud) -> None:
    assert daemon.stop(cloud.data)


def kill(cloud: Cloud) -> None:
    os.kill(cloud.server.pid, signal.SIGKILL)
    eventually(lambda: True if daemon.find(cloud.data) is None else None)


def wait_for_snapshot(cloud: Cloud) -> None:
    """Wait until all that was done so far is in a snapshot."""
    now = time.time()
    # A change after it: nothing else need happen that a snapshot were taken for.
    cloud.put("snapshot-please", b"")
    eventually(lambda: True if taken(cloud.data) > now else None, SNAPSHOT_SECONDS)


def taken(data: Path) -> float:
    with suppress(FileNotFoundError), (data / "kept" / "snapshot").open("rb") as snapshot:
        return float(json.loads(snapshot.readline())["taken"])
    return 0.0


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
    """Make one thing of each kind that a platform consists of."""
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
    """Leave out what botocore says of the answer itself."""
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


@pytest.mark.parametrize("end", [pytest.param(stop, marks=pytest.mark.deep), kill])
def test_a_running_job_goes_on_from_its_checkpoints_as_after_an_interruption(
    start: Callable[[], Cloud], end: Callable[[Cloud], None]
):
    cloud = start()
    name = cloud.create(GOES_ON, CheckpointConfig=checkpoints("steps/"))
    cloud.wait_for_line(name, "saved")
    wait_for_snapshot(cloud)

    end(cloud)
    again = start()

    job = again.ended(name)
    rows = [row["Status"] for row in job["SecondaryStatusTransitions"]]
    first = ["Starting", "Downloading", "Training"]
    assert rows == [*first, "Interrupted", *first, "Uploading", "Completed"]
    assert "goes on after step 1" in again.lines(name)


@pytest.mark.deep
def test_a_job_that_was_to_stop_is_stopped_by_the_next_server(start: Callable[[], Cloud]):
    cloud = start()
    name = cloud.create("import signal, time\nsignal.signal(15, signal.SIG_IGN)\ntime.sleep(60)")
    eventually(lambda: True if cloud.describe(name)["SecondaryStatus"] == "Training" else None)
    cloud.sagemaker.stop_training_job(TrainingJobName=name)
    wait_for_snapshot(cloud)
    kill(cloud)

    assert start().ended(name)["SecondaryStatus"] == "Stopped"


@pytest.mark.deep
def test_a_kill_loses_what_no_snapshot_has_and_says_so(start: Callable[[], Cloud]):
    cloud = start()
    cloud.put("before", b"kept")
    wait_for_snapshot(cloud)
    kill(cloud)

    again = start()

    assert again.get("before") == b"kept"
    assert "what changed after" in again.server.lost
    # Once it has ended in good order, the next one has nothing to say.
    stop(again)
    assert start().server.lost == ""


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
def test_whenever_it_is_killed_what_was_written_first_is_whole(start: Callable[[], Cloud]):
    """At seeded moments while objects are written, one after the other."""
    chance, written = random.Random(1), 0  # noqa: S311
    for _ in range(5):
        cloud = start()
        kept = len(cloud.keys("row/"))
        # Nothing is torn, and nothing is missing before what is there.
        for number in range(kept):
            assert cloud.get(f"row/{number:04}") == content(number)
        assert kept <= written
        written = kept
        until = time.monotonic() + chance.uniform(0.5, 4.0)
        while time.monotonic() < until and written < MOST_ROWS:
            cloud.put(f"row/{written:04}", content(written))
            written += 1
        kill(cloud)
    cloud = start()
    cloud.put("row/last", b"")
    rows = cloud.keys("row/")
    wait_for_snapshot(cloud)
    kill(cloud)
    assert start().keys("row/") == rows


def content(number: int) -> bytes:
    return f"{number} ".encode() * 10_000


@pytest.mark.deep
def test_nothing_runs_after_a_stop_until_the_next_start(start: Callable[[], Cloud]):
    cloud = start()
    cloud.wait_for_line(cloud.create(LISTEN), "running")

    stop(cloud)

    assert processes_below(cloud.data) == []
    assert not (cloud.data / "jobs").exists()


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
