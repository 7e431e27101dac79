"""Faults that are planted between the steps of an acceptance, each for one check to find."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

from acceptance.alert_queue import create_queue
from acceptance.platform_settings import FAILING_JOB
from acceptance.scene import Scene
from acceptance.steps import policies, refresh, unchanged

LEFT = "/{prefix}-left"


@dataclass(frozen=True)
class Fault:
    """A fault: after which step it is planted, and which check must find it."""

    name: str
    after: str
    check: str
    planted: Callable[[Scene], AbstractContextManager[None]]


@contextmanager
def missing_permission(scene: Scene) -> Iterator[None]:
    iam, role = scene.client("iam"), scene.outputs["sagemaker_execution_role_arn"].split("/")[-1]
    [name] = iam.list_role_policies(RoleName=role)["PolicyNames"]
    whole = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    less = whole | {"Statement": _without(whole, "WriteArtifacts")}
    named = {"RoleName": role, "PolicyName": name}
    iam.put_role_policy(**named, PolicyDocument=json.dumps(less))
    yield
    iam.put_role_policy(**named, PolicyDocument=json.dumps(whole))


@contextmanager
def bucket_policy_without_tls(scene: Scene) -> Iterator[None]:
    s3 = scene.client("s3")
    whole = json.loads(s3.get_bucket_policy(Bucket=scene.bucket)["Policy"])
    less = whole | {"Statement": _without(whole, "DenyInsecureTransport")}
    s3.put_bucket_policy(Bucket=scene.bucket, Policy=json.dumps(less))
    yield
    s3.put_bucket_policy(Bucket=scene.bucket, Policy=json.dumps(whole))


@contextmanager
def subnet_with_public_addresses(scene: Scene) -> Iterator[None]:
    ec2, subnet = scene.client("ec2"), scene.outputs["private_subnet_ids"][0]
    for value in (True, False):
        ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": value})
        if value:
            yield


@contextmanager
def lost_event(scene: Scene) -> Iterator[None]:
    """The rules about failed jobs are off while another job fails."""
    events = scene.client("events")
    rules = events.list_rules(NamePrefix=f"{scene.prefix}-alerts-")["Rules"]
    about = [each["Name"] for each in rules if "fail" in each["Name"] or "unex" in each["Name"]]
    for name in about:
        events.disable_rule(Name=name)
    with _another_failure(scene):
        yield
    for name in about:
        events.enable_rule(Name=name)


@contextmanager
def alert_that_never_comes(scene: Scene) -> Iterator[None]:
    """No one is subscribed to the topic while another job fails."""
    scene.client("sns").unsubscribe(SubscriptionArn=scene.facts["queue"]["subscription"])
    with _another_failure(scene):
        yield
    create_queue(scene)


@contextmanager
def checkpoint_that_vanishes(scene: Scene) -> Iterator[None]:
    s3 = scene.client("s3")
    named = {"Bucket": scene.bucket, "Key": f"checkpoints/{scene.lineage()}/state.json"}
    marker = s3.delete_object(**named)["VersionId"]
    yield
    s3.delete_object(**named, VersionId=marker)


@contextmanager
def job_launched_twice(scene: Scene) -> Iterator[None]:
    copy = scene.jobs()[0]["TrainingJobName"].rpartition("-")[0] + "-3"
    with _launched_again(scene, scene.jobs()[0], copy):
        yield


@contextmanager
def interface_that_stays(scene: Scene) -> Iterator[None]:
    ec2 = scene.client("ec2")
    made = ec2.create_network_interface(
        SubnetId=scene.outputs["private_subnet_ids"][0],
        Groups=[scene.outputs["training_security_group_id"]],
    )
    yield
    ec2.delete_network_interface(NetworkInterfaceId=made["NetworkInterface"]["NetworkInterfaceId"])


@contextmanager
def unchanged_update_that_changes(scene: Scene) -> Iterator[None]:
    logs = scene.client("logs")
    groups = [each["logGroupName"] for each in logs.describe_log_groups()["logGroups"]]
    [own] = [each for each in groups if f"{scene.prefix}-" in each]
    logs.put_retention_policy(logGroupName=own, retentionInDays=90)
    refresh(scene)
    unchanged(scene)
    yield


@contextmanager
def policies_that_refuse_nothing(scene: Scene) -> Iterator[None]:
    scene.write_policies(99)
    policies(scene)
    yield
    scene.write_policies()


FAULTS = (
    Fault("a missing permission", "up", "role-may", missing_permission),
    Fault("a bucket policy without TLS", "up", "only-tls", bucket_policy_without_tls),
    Fault("public addresses", "up", "subnets-private", subnet_with_public_addresses),
    Fault("a lost event", "pause", "alert-arrives", lost_event),
    Fault("an alert that never comes", "pause", "alert-arrives", alert_that_never_comes),
    Fault("a lost checkpoint", "pause", "pause-loses-no-step", checkpoint_that_vanishes),
    Fault("a job launched twice", "resume", "resume-launches-once", job_launched_twice),
    Fault("an interface that stays", "resume", "interfaces-gone", interface_that_stays),
    Fault(
        "an unchanged update that changes",
        "unchanged",
        "unchanged-changes-nothing",
        unchanged_update_that_changes,
    ),
    Fault(
        "policies that refuse nothing", "policies", "policies-refuse", policies_that_refuse_nothing
    ),
)
"""All but the resource that destroy leaves, which is found at the end."""


def leave_something(scene: Scene) -> None:
    """Makes a log group with the stack's prefix, of which the stack knows nothing."""
    scene.client("logs").create_log_group(logGroupName=LEFT.format(prefix=scene.prefix))


def _without(document: dict[str, Any], sid: str) -> list[dict[str, Any]]:
    rest = [each for each in document["Statement"] if each["Sid"] != sid]
    assert len(rest) == len(document["Statement"]) - 1
    return rest


@contextmanager
def _another_failure(scene: Scene) -> Iterator[None]:
    """A copy of the job that failed, which fails as well; its alert is the one that is awaited."""
    [failed] = scene.jobs(FAILING_JOB)
    copy = f"{failed['TrainingJobName'].rpartition('-')[0]}-3"
    name = scene.facts["failed"]["name"]
    with _launched_again(scene, failed, copy):
        scene.wait(lambda: _status(scene, copy) == "Failed" or None, 60.0, "the copy's failure")
        scene.facts["failed"]["name"] = copy
        yield
        scene.facts["failed"]["name"] = name


@contextmanager
def _launched_again(scene: Scene, job: dict[str, Any], name: str) -> Iterator[None]:
    """A copy of a job, as long as the body runs; then no record is left of it."""
    sagemaker = scene.client("sagemaker")
    members = sagemaker.meta.service_model.operation_model("CreateTrainingJob").input_shape.members
    request = {key: value for key, value in job.items() if key in members}
    sagemaker.create_training_job(**request | {"TrainingJobName": name})
    yield
    if _status(scene, name) == "InProgress":
        sagemaker.stop_training_job(TrainingJobName=name)
    ends = ("Completed", "Failed", "Stopped")
    scene.wait(lambda: _status(scene, name) in ends or None, 60.0, "the copy's end")
    sagemaker.delete_training_job(TrainingJobName=name)


def _status(scene: Scene, name: str) -> str:
    described = scene.client("sagemaker").describe_training_job(TrainingJobName=name)
    return str(described["TrainingJobStatus"])
