"""What an acceptance made and is still there, each with the command that deletes it.

Everything is looked for by name, and not in the stack's state, which may have lost it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from acceptance.scene import Scene
from acceptance.tuning import all_tunings, is_running
from components.training_job.run.outcome import is_live

Found = Iterator[tuple[str, str]]
"""What is left, and the arguments of `aws` that delete it."""


@dataclass(frozen=True)
class Leftover:
    """A resource that is left."""

    what: str
    command: str


def leftovers(scene: Scene) -> list[Leftover]:
    """What is left; a kind that can't be looked at is reported as one."""
    found: list[Leftover] = []
    for kind, look in _KINDS.items():
        try:
            found += [
                Leftover(f"{kind} {name}", f"aws {command} --region {scene.diary.region}")
                for name, command in look(scene)
            ]
        except ClientError as error:
            reason = f"{kind}: could not be looked at ({error.response['Error']['Code']})"
            found.append(Leftover(reason, f"look at it in {scene.site.console}"))
    return found


def _jobs(scene: Scene) -> Found:
    sagemaker = scene.client("sagemaker")
    pages = sagemaker.get_paginator("list_training_jobs").paginate(NameContains=f"{scene.prefix}-")
    for each in (job for page in pages for job in page["TrainingJobSummaries"]):
        if is_live(each):
            name = each["TrainingJobName"]
            yield name, f"sagemaker stop-training-job --training-job-name {name}"


def _tuning_jobs(scene: Scene) -> Found:
    """Those that run; AWS stops the trials of each with it."""
    for each in filter(is_running, all_tunings(scene)):
        name = each["HyperParameterTuningJobName"]
        stop = "stop-hyper-parameter-tuning-job --hyper-parameter-tuning-job-name"
        yield name, f"sagemaker {stop} {name}"


def _buckets(scene: Scene) -> Found:
    for each in scene.client("s3").list_buckets()["Buckets"]:
        if each["Name"].startswith(f"{scene.prefix}-"):
            # The bucket has versions, which `aws s3 rb --force` does not delete.
            yield each["Name"], f"s3 rb --force s3://{each['Name']}"


def _keys(scene: Scene) -> Found:
    kms = scene.client("kms")
    pages = kms.get_paginator("list_aliases").paginate()
    for each in (alias for page in pages for alias in page["Aliases"]):
        if each["AliasName"].startswith(f"alias/{scene.prefix}-"):
            yield each["AliasName"], f"kms delete-alias --alias-name {each['AliasName']}"
    key = scene.outputs.get("artifact_key_arn")
    if key and kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled":
        yield key, f"kms schedule-key-deletion --key-id {key}"


def _networks(scene: Scene) -> Found:
    ec2 = scene.client("ec2")
    own = [{"Name": "tag:stack", "Values": [scene.platform.stack]}]
    for vpc in ec2.describe_vpcs(Filters=own)["Vpcs"]:
        by_vpc = [{"Name": "vpc-id", "Values": [vpc["VpcId"]]}]
        for each in ec2.describe_network_interfaces(Filters=by_vpc)["NetworkInterfaces"]:
            name = each["NetworkInterfaceId"]
            yield name, f"ec2 delete-network-interface --network-interface-id {name}"
        yield vpc["VpcId"], f"ec2 delete-vpc --vpc-id {vpc['VpcId']}"


def _roles(scene: Scene) -> Found:
    pages = scene.client("iam").get_paginator("list_roles").paginate()
    for each in (role for page in pages for role in page["Roles"]):
        if each["RoleName"].startswith(f"{scene.prefix}-"):
            yield each["RoleName"], f"iam delete-role --role-name {each['RoleName']}"


def _topics(scene: Scene) -> Found:
    pages = scene.client("sns").get_paginator("list_topics").paginate()
    for arn in (topic["TopicArn"] for page in pages for topic in page["Topics"]):
        if arn.split(":")[-1].startswith(f"{scene.prefix}-"):
            yield arn, f"sns delete-topic --topic-arn {arn}"


def _queues(scene: Scene) -> Found:
    found = scene.client("sqs").list_queues(QueueNamePrefix=f"{scene.prefix}-")
    for url in found.get("QueueUrls", []):
        yield url, f"sqs delete-queue --queue-url {url}"


def _rules(scene: Scene) -> Found:
    for each in scene.client("events").list_rules(NamePrefix=f"{scene.prefix}-")["Rules"]:
        yield each["Name"], f"events delete-rule --name {each['Name']} --force"


def _alarms(scene: Scene) -> Found:
    found = scene.client("cloudwatch").describe_alarms(AlarmNamePrefix=f"{scene.prefix}-")
    for each in found["MetricAlarms"]:
        yield each["AlarmName"], f"cloudwatch delete-alarms --alarm-names {each['AlarmName']}"


def _log_groups(scene: Scene) -> Found:
    pages = scene.client("logs").get_paginator("describe_log_groups").paginate()
    for each in (group for page in pages for group in page["logGroups"]):
        if f"{scene.prefix}-" in each["logGroupName"]:
            name = each["logGroupName"]
            yield name, f"logs delete-log-group --log-group-name {name}"


def _parameters(scene: Scene) -> Found:
    pages = scene.client("ssm").get_paginator("get_parameters_by_path")
    for page in pages.paginate(Path=f"/models/{scene.downstream.stack}"):
        for each in page["Parameters"]:
            yield each["Name"], f"ssm delete-parameter --name {each['Name']}"


_KINDS: dict[str, Callable[[Scene], Found]] = {
    "training job": _jobs,
    "tuning job": _tuning_jobs,
    "bucket": _buckets,
    "key": _keys,
    "network": _networks,
    "role": _roles,
    "topic": _topics,
    "queue": _queues,
    "event rule": _rules,
    "alarm": _alarms,
    "log group": _log_groups,
    "parameter": _parameters,
}


def as_documents(found: list[Leftover]) -> list[dict[str, Any]]:
    """The leftovers, as the acceptance's state keeps them."""
    return [{"what": each.what, "command": each.command} for each in found]
