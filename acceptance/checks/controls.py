"""The controls of docs/security.md that can be seen from outside, read through AWS's APIs."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from acceptance.alert_queue import topic_of
from acceptance.finding import Checks, Finding, confirmed, decided, not_seen, refuted
from acceptance.platform_settings import COST_CENTER, INSTANCES, TEAM
from acceptance.scene import Scene
from components.alerts.alert_documents import ENDINGS, topic_policy
from components.artifact_store.artifact_documents import key_policy
from components.artifact_store.artifact_store import KEY_DELETION_DAYS
from components.execution_role.execution_documents import execution_trust
from components.network.network_documents import s3_endpoint_policy
from components.training_job.preflight.planned_launch import planned_launch
from components.training_job.preflight.role_permissions import Need, needs_of_launch, refused
from components.training_job.request.job_inputs import JobInputs

CONTROLS = Checks("control")
_JOB_TYPE = "pulumi-python:dynamic/sagemaker:TrainingJob"
_ENCRYPTION = "s3:x-amz-server-side-encryption"


@CONTROLS.after("up", "subnets-private", "Private subnets give out no public address.")
def subnets_private(scene: Scene) -> Finding:
    """No subnet of the stack gives its instances a public address."""
    ids = scene.outputs["private_subnet_ids"]
    subnets = scene.client("ec2").describe_subnets(SubnetIds=ids)["Subnets"]
    public = [each["SubnetId"] for each in subnets if each["MapPublicIpOnLaunch"]]
    return decided(not public, f"{len(subnets)} subnets, with public addresses: {public or 'none'}")


@CONTROLS.after("up", "private-range", "The network has a private range, with room for the jobs.")
def private_range(scene: Scene) -> Finding:
    """The VPC's addresses are private, and its subnets have more free ones than a job needs."""
    ec2 = scene.client("ec2")
    [vpc] = ec2.describe_vpcs(VpcIds=[scene.outputs["vpc_id"]])["Vpcs"]
    subnets = ec2.describe_subnets(SubnetIds=scene.outputs["private_subnet_ids"])["Subnets"]
    free = min(each["AvailableIpAddressCount"] for each in subnets)
    private = ip_network(vpc["CidrBlock"]).is_private
    return decided(private and free >= INSTANCES, f"{vpc['CidrBlock']}, at least {free} are free")


@CONTROLS.after("up", "no-public-address", "No instance of a job has a public address.")
def _no_public_address(scene: Scene) -> Finding:
    seen = scene.facts["interfaces"]
    if not seen:
        return not_seen("no network interface of the job could be described")
    return decided(not any(each["public"] for each in seen), f"interfaces of the job: {len(seen)}")


@CONTROLS.after(
    "up", "interface-for-each-instance", "Each instance has one interface, in the subnets."
)
def _interface_for_each_instance(scene: Scene) -> Finding:
    seen = scene.facts["interfaces"]
    own = set(scene.outputs["private_subnet_ids"])
    right = len(seen) == INSTANCES and {each["subnet"] for each in seen} <= own
    return decided(right, f"{len(seen)} interfaces for {INSTANCES} instances")


@CONTROLS.after("up", "no-way-out", "There is no way to the internet.")
def _no_way_out(scene: Scene) -> Finding:
    by_vpc = [{"Name": "vpc-id", "Values": [scene.outputs["vpc_id"]]}]
    tables = scene.client("ec2").describe_route_tables(Filters=by_vpc)["RouteTables"]
    routes = [route for table in tables for route in table["Routes"]]
    out = [each for each in routes if each.get("DestinationCidrBlock") == "0.0.0.0/0"]
    return decided(
        not out, f"{len(routes)} routes in {len(tables)} tables, to 0.0.0.0/0: {len(out)}"
    )


@CONTROLS.after("up", "s3-endpoint-limited", "The S3 endpoint reaches only the artifacts.")
def _s3_endpoint_limited(scene: Scene) -> Finding:
    by_vpc = [{"Name": "vpc-id", "Values": [scene.outputs["vpc_id"]]}]
    found = scene.client("ec2").describe_vpc_endpoints(Filters=by_vpc)["VpcEndpoints"]
    [endpoint] = [each for each in found if each["ServiceName"].endswith(".s3")]
    wanted = s3_endpoint_policy(scene.site, scene.site.bucket_arn(scene.bucket))
    return decided(
        same_document(endpoint["PolicyDocument"], wanted), "the endpoint's policy, read back"
    )


@CONTROLS.after("up", "group-closed", "Jobs reach each other and S3, and nothing else.")
def _group_closed(scene: Scene) -> Finding:
    group = scene.outputs["training_security_group_id"]
    by_group = [{"Name": "group-id", "Values": [group]}]
    rules = scene.client("ec2").describe_security_group_rules(Filters=by_group)
    wide = [
        each["SecurityGroupRuleId"]
        for each in rules["SecurityGroupRules"]
        if each.get("CidrIpv4")
        or each.get("CidrIpv6")
        or each.get("ReferencedGroupInfo", {}).get("GroupId", group) != group
    ]
    return decided(
        not wide, f"{len(rules['SecurityGroupRules'])} rules, to others: {wide or 'none'}"
    )


@CONTROLS.after("up", "default-group-empty", "The VPC's default security group is empty.")
def _default_group_empty(scene: Scene) -> Finding:
    filters = [
        {"Name": "vpc-id", "Values": [scene.outputs["vpc_id"]]},
        {"Name": "group-name", "Values": ["default"]},
    ]
    [group] = scene.client("ec2").describe_security_groups(Filters=filters)["SecurityGroups"]
    rules = [*group["IpPermissions"], *group["IpPermissionsEgress"]]
    return decided(not rules, f"its rules: {len(rules)}")


@CONTROLS.after("failure", "flow-logs", "Flow logs record all traffic, encrypted, for some days.")
def _flow_logs(scene: Scene) -> Finding:
    by_vpc = [{"Name": "resource-id", "Values": [scene.outputs["vpc_id"]]}]
    found = scene.client("ec2").describe_flow_logs(Filters=by_vpc)["FlowLogs"]
    if not found:
        return refuted("the VPC has no flow log")
    name = found[0]["LogDestination"].split(":log-group:")[-1].removesuffix(":*")
    groups = scene.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    kept, days = groups[0], scene.settings.flow_log_days
    right = (
        found[0]["TrafficType"] == "ALL"
        and kept.get("kmsKeyId") == scene.outputs["artifact_key_arn"]
        and kept.get("retentionInDays") == days
    )
    return decided(
        right, f"traffic {found[0]['TrafficType']}, kept {kept.get('retentionInDays')} days"
    )


@CONTROLS.after("up", "bucket-not-public", "Nothing in the bucket can be public.")
def _bucket_not_public(scene: Scene) -> Finding:
    answer = scene.client("s3").get_public_access_block(Bucket=scene.bucket)
    block = answer["PublicAccessBlockConfiguration"]
    return decided(len(block) == 4 and all(block.values()), f"{block}")


@CONTROLS.after("up", "bucket-closed-to-strangers", "Without a signature, no object can be read.")
def _bucket_closed_to_strangers(scene: Scene) -> Finding:
    anyone = boto3.client(
        "s3", region_name=scene.diary.region, config=Config(signature_version=UNSIGNED)
    )
    try:
        anyone.list_objects_v2(Bucket=scene.bucket)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        return decided(code == "AccessDenied", f"an unsigned list was answered with {code}")
    return refuted("an unsigned list was answered")


@CONTROLS.after(
    "up", "bucket-owns-objects", "Every object belongs to the account; no access lists."
)
def _bucket_owns_objects(scene: Scene) -> Finding:
    answer = scene.client("s3").get_bucket_ownership_controls(Bucket=scene.bucket)
    rules = answer["OwnershipControls"]["Rules"]
    return decided(rules == [{"ObjectOwnership": "BucketOwnerEnforced"}], f"{rules}")


@CONTROLS.after(
    "up", "bucket-encrypted", "Objects are encrypted with the stack's key, by a bucket key."
)
def _bucket_encrypted(scene: Scene) -> Finding:
    answer = scene.client("s3").get_bucket_encryption(Bucket=scene.bucket)
    [rule] = answer["ServerSideEncryptionConfiguration"]["Rules"]
    default = rule["ApplyServerSideEncryptionByDefault"]
    right = default.get("KMSMasterKeyID") == scene.outputs["artifact_key_arn"]
    return decided(right and rule.get("BucketKeyEnabled") is True, f"{default['SSEAlgorithm']}")


@CONTROLS.after("up", "bucket-blocks-keys", "The bucket blocks objects with a key of a client.")
def bucket_blocks_keys(scene: Scene) -> Finding:
    """The bucket's encryption names SSE-C as blocked."""
    answer = scene.client("s3").get_bucket_encryption(Bucket=scene.bucket)
    [rule] = answer["ServerSideEncryptionConfiguration"]["Rules"]
    blocked = rule.get("BlockedEncryptionTypes", {}).get("EncryptionType", [])
    return decided("SSE-C" in blocked, f"blocked: {blocked or 'nothing'}")


@CONTROLS.after("up", "bucket-versioned", "What is overwritten or deleted has a version.")
def _bucket_versioned(scene: Scene) -> Finding:
    status = scene.client("s3").get_bucket_versioning(Bucket=scene.bucket).get("Status")
    return decided(status == "Enabled", f"versioning: {status}")


@CONTROLS.after("up", "bucket-expires", "Checkpoints, old versions and incomplete uploads expire.")
def _bucket_expires(scene: Scene) -> Finding:
    answer = scene.client("s3").get_bucket_lifecycle_configuration(Bucket=scene.bucket)
    text = json.dumps(answer["Rules"])
    wanted = ("checkpoints/", "NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload")
    missing = [each for each in wanted if each not in text]
    return decided(not missing, f"{len(answer['Rules'])} rules, missing: {missing or 'none'}")


@CONTROLS.after("up", "only-tls", "The bucket's policy refuses plain HTTP.")
def only_tls(scene: Scene) -> Finding:
    """IAM's simulator denies by the bucket's policy what comes without TLS, and only that."""
    return _denied_only(scene, "s3:GetObject", {"aws:SecureTransport": "false"})


@CONTROLS.after("up", "only-its-key", "The bucket's policy refuses another key.")
def _only_its_key(scene: Scene) -> Finding:
    other = scene.site.arn("kms", "key/00000000-0000-0000-0000-000000000000")
    return _denied_only(
        scene, "s3:PutObject", {_ENCRYPTION: "aws:kms", f"{_ENCRYPTION}-aws-kms-key-id": other}
    )


@CONTROLS.after("up", "only-kms", "The bucket's policy refuses another encryption.")
def _only_kms(scene: Scene) -> Finding:
    return _denied_only(scene, "s3:PutObject", {_ENCRYPTION: "AES256"})


@CONTROLS.after(
    "up", "no-key-of-a-client", "The bucket's policy refuses a key that a client sends."
)
def _no_key_of_a_client(scene: Scene) -> Finding:
    return _denied_only(scene, "s3:PutObject", {f"{_ENCRYPTION}-customer-algorithm": "AES256"})


@CONTROLS.after("up", "key-rotates", "The stack's key rotates.")
def _key_rotates(scene: Scene) -> Finding:
    answer = scene.client("kms").get_key_rotation_status(KeyId=scene.outputs["artifact_key_arn"])
    return decided(answer["KeyRotationEnabled"], f"rotation: {answer['KeyRotationEnabled']}")


@CONTROLS.after("up", "key-policy", "Only the account, and the services that need it, use the key.")
def only_the_account_uses_the_key(scene: Scene) -> Finding:
    """The key's policy is the one that the program writes."""
    answer = scene.client("kms").get_key_policy(
        KeyId=scene.outputs["artifact_key_arn"], PolicyName="default"
    )
    wanted = key_policy(scene.site, alerts=True)
    return decided(same_document(answer["Policy"], wanted), "the key's policy, read back")


@CONTROLS.after("destroy", "key-waits", "The stack's key can be restored for 30 days.")
def key_waits(scene: Scene) -> Finding:
    """The key is pending deletion, for as long."""
    answer = scene.client("kms").describe_key(KeyId=scene.outputs["artifact_key_arn"])
    key = answer["KeyMetadata"]
    if key["KeyState"] != "PendingDeletion":
        return refuted(f"the key is {key['KeyState']}")
    days = (key["DeletionDate"] - datetime.now(UTC)).total_seconds() / 86_400
    return decided(round(days) == KEY_DELETION_DAYS, f"it is deleted in {days:.1f} days")


@CONTROLS.after("up", "tagged", "Resources carry the team, environment, cost centre and stack.")
def tagged(scene: Scene) -> Finding:
    """Network, bucket, key, role and job have the four tags."""
    wanted = {
        "team": TEAM,
        "environment": scene.diary.identity,
        "cost-center": COST_CENTER,
        "stack": scene.platform.stack,
    }
    lacking = [kind for kind, tags in _tags(scene).items() if not wanted.items() <= tags.items()]
    return decided(not lacking, f"{', '.join(wanted)}; without them: {lacking or 'none'}")


@CONTROLS.after(
    "up", "role-trusts-sagemaker", "The execution role is assumed only for training jobs."
)
def _role_trusts_sagemaker(scene: Scene) -> Finding:
    role = scene.client("iam").get_role(RoleName=_role_of(scene).rpartition("/")[2])["Role"]
    return decided(
        same_document(role["AssumeRolePolicyDocument"], execution_trust(scene.site)),
        "its trust, read back",
    )


@CONTROLS.after("up", "role-may", "The execution role may do all that its jobs need.")
def role_may(scene: Scene) -> Finding:
    """IAM's simulator allows each need of the job that preflight asks for."""
    return roles_missing(scene, _JOB_TYPE)


@CONTROLS.after("up", "role-may-not", "It reads and deletes no model, and does nothing else.")
def _role_may_not(scene: Scene) -> Finding:
    bucket = scene.site.bucket_arn(scene.bucket)
    model = (f"{bucket}/output/model.tar.gz",)
    wrong = (
        Need(scene.diary.region, ("s3:GetObject", "s3:DeleteObject"), model),
        Need(scene.diary.region, ("s3:PutObject",), (f"{bucket}/source/code.tar.gz",)),
        Need(scene.diary.region, ("iam:PassRole", "sts:AssumeRole"), (_role_of(scene),)),
        Need(scene.diary.region, ("sagemaker:CreateTrainingJob", "ec2:RunInstances"), ("*",)),
    )
    iam, role = scene.client("iam"), _role_of(scene)
    asked = sum(len(need.actions) * len(need.resources) for need in wrong)
    denied = sum(len(refused(iam, role, need)) for need in wrong)
    return decided(denied == asked, f"{denied} of {asked} actions are refused")


@CONTROLS.after("up", "jobs-isolated", "Jobs run isolated, in the private subnets, encrypted.")
def _jobs_isolated(scene: Scene) -> Finding:
    job, outputs = scene.jobs()[0], scene.outputs
    place = {
        "Subnets": outputs["private_subnet_ids"],
        "SecurityGroupIds": [outputs["training_security_group_id"]],
    }
    right = (
        job["EnableNetworkIsolation"]
        and job["EnableInterContainerTrafficEncryption"]
        and job["VpcConfig"] == place
        and job["RoleArn"] == outputs["sagemaker_execution_role_arn"]
    )
    return decided(right, "the job's description")


@CONTROLS.after("up", "job-encrypted", "Volumes and output are encrypted with the stack's key.")
def _job_encrypted(scene: Scene) -> Finding:
    job, key = scene.jobs()[0], scene.outputs["artifact_key_arn"]
    keys = {job["ResourceConfig"].get("VolumeKmsKeyId", key), job["OutputDataConfig"]["KmsKeyId"]}
    return decided(keys == {key}, "the job's description")


@CONTROLS.after(
    "pause", "container-closed", "A container reaches its job's hosts, and nothing else."
)
def _container_closed(scene: Scene) -> Finding:
    seen = seen_in(scene, scene.facts["paused"]["name"])
    if not seen:
        return not_seen("the job's log does not have it yet")
    open_ = [each["outside"] for each in seen if each["outside"]]
    apart = [each for each in seen if len(each["neighbours"]) != each["others"]]
    return decided(
        not open_ and not apart, f"{len(seen)} hosts, reached outside: {open_ or 'nothing'}"
    )


@CONTROLS.after("pause", "container-without-credentials", "The container has no credentials.")
def _container_without_credentials(scene: Scene) -> Finding:
    seen = seen_in(scene, scene.facts["paused"]["name"])
    if not seen:
        return not_seen("the job's log does not have it yet")
    return decided(not any(each["credentials"] for each in seen), f"{len(seen)} hosts")


@CONTROLS.after("up", "topic-closed", "Only the alerting services publish to the encrypted topic.")
def _topic_closed(scene: Scene) -> Finding:
    topic = topic_of(scene)
    if topic is None:
        return refuted("the stack has no topic")
    attributes = scene.client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]
    right = attributes.get("KmsMasterKeyId") == scene.outputs["artifact_key_arn"]
    wanted = topic_policy(topic, scene.site)
    return decided(
        right and same_document(attributes["Policy"], wanted), "the topic's key and policy"
    )


@CONTROLS.after("up", "rules-armed", "Each bad end of a job is published to the topic.")
def rules_armed(scene: Scene) -> Finding:
    """A rule for each ending is enabled, and has a target."""
    return alerts_without_rule(scene, [each.name for each in ENDINGS])


@CONTROLS.after("up", "alarms-armed", "A message that EventBridge could not send raises an alarm.")
def alarms_armed(scene: Scene) -> Finding:
    """Each rule has an alarm on its failed invocations, which publishes to the topic."""
    rules = scene.client("events").list_rules(NamePrefix=f"{scene.prefix}-alerts-")["Rules"]
    found = scene.client("cloudwatch").describe_alarms(AlarmNamePrefix=f"{scene.prefix}-")
    topic = topic_of(scene)
    watched = {
        dimension["Value"]
        for each in found["MetricAlarms"]
        if each["MetricName"] == "FailedInvocations" and each["AlarmActions"] == [topic]
        for dimension in each["Dimensions"]
    }
    missing = sorted({each["Name"] for each in rules} - watched)
    return decided(
        bool(rules) and not missing, f"{len(rules)} rules, unwatched: {missing or 'none'}"
    )


@CONTROLS.after("up", "dashboard", "A dashboard shows the stack's jobs and alarms.")
def dashboard(scene: Scene) -> Finding:
    """There is a dashboard by the stack's name, about its jobs."""
    cloudwatch = scene.client("cloudwatch")
    found = cloudwatch.list_dashboards(DashboardNamePrefix=scene.prefix)["DashboardEntries"]
    bodies = [
        cloudwatch.get_dashboard(DashboardName=each["DashboardName"])["DashboardBody"]
        for each in found
    ]
    right = any(scene.site.job_name_prefix in body and ":alarm:" in body for body in bodies)
    return decided(right, f"dashboards by the stack's name: {len(found)}")


@CONTROLS.after("resume", "interfaces-gone", "A job's network interfaces go after its end.")
def interfaces_gone(scene: Scene) -> Finding:
    """None of the paused job's interfaces is left, nor any other without an instance."""
    group = [{"Name": "group-id", "Values": [scene.outputs["training_security_group_id"]]}]
    ec2 = scene.client("ec2")

    def look() -> bool | None:
        left = ec2.describe_network_interfaces(Filters=group)["NetworkInterfaces"]
        return True if not left else None

    began = time.monotonic()
    try:
        scene.wait(look, scene.patience.interfaces, "the end of the interfaces")
    except TimeoutError as error:
        left = ec2.describe_network_interfaces(Filters=group)["NetworkInterfaces"]
        names = [f"{each['NetworkInterfaceId']} ({each['Status']})" for each in left]
        return refuted(f"{error}; left: {', '.join(names)}")
    waited = time.monotonic() - began
    return confirmed(
        f"no interface is left in the group, {waited:.0f} s after the job's end was seen"
    )


def seen_in(scene: Scene, job_name: str) -> list[dict[str, Any]]:
    """What each host of a job logged about its container."""
    lines = [line for line in scene.log_lines(job_name) if line.startswith("seen=")]
    return [json.loads(line.removeprefix("seen=")) for line in lines]


def _tags(scene: Scene) -> dict[str, dict[str, str]]:
    """The tags of some of the stack's resources, by their kinds."""
    outputs, role = scene.outputs, _role_of(scene).rpartition("/")[2]
    vpc = [{"Name": "resource-id", "Values": [outputs["vpc_id"]]}]
    keys, job = scene.client("kms"), scene.jobs()[0]
    answers = {
        "network": scene.client("ec2").describe_tags(Filters=vpc)["Tags"],
        "bucket": scene.client("s3").get_bucket_tagging(Bucket=scene.bucket)["TagSet"],
        "key": keys.list_resource_tags(KeyId=outputs["artifact_key_arn"])["Tags"],
        "role": scene.client("iam").list_role_tags(RoleName=role)["Tags"],
        "job": scene.client("sagemaker").list_tags(ResourceArn=job["TrainingJobArn"])["Tags"],
    }
    return {
        kind: {each.get("Key", each.get("TagKey")): each.get("Value", each.get("TagValue"))
               for each in tags}
        for kind, tags in answers.items()
    }  # fmt: skip


def roles_missing(scene: Scene, job_type: str) -> Finding:
    """Whether the simulator allows the execution role what the first job of a type needs."""
    job = next(each for each in scene.platform.resources() if each["type"] == job_type)
    needs = needs_of_launch(planned_launch(JobInputs.of(job["inputs"]), 0))
    iam, role = scene.client("iam"), _role_of(scene)
    missing = [str(each) for need in needs for each in refused(iam, role, need)]
    actions = sum(len(need.actions) for need in needs)
    return decided(not missing, "; ".join(missing) or f"{actions} actions are allowed")


def alerts_without_rule(scene: Scene, wanted: Sequence[str]) -> Finding:
    """Whether each of these endings has a rule that is enabled, with a target."""
    events = scene.client("events")
    rules = events.list_rules(NamePrefix=f"{scene.prefix}-alerts-")["Rules"]
    armed = [
        each["Name"]
        for each in rules
        if each["State"] == "ENABLED" and events.list_targets_by_rule(Rule=each["Name"])["Targets"]
    ]
    missing = [
        each for each in wanted if not any(f"-alerts-{each}-" in f"{name}-" for name in armed)
    ]
    return decided(not missing, f"{len(armed)} rules are enabled, missing: {missing or 'none'}")


def _role_of(scene: Scene) -> str:
    return str(scene.outputs["sagemaker_execution_role_arn"])


def _denied_only(scene: Scene, action: str, wrong: Mapping[str, str]) -> Finding:
    """Whether the bucket's policy denies a request because of these values, and not without them.

    The simulator takes no bucket's policy without a user. So its denials, which are about every
    caller, are asked as those of an identity that may do everything else.
    """
    answer = scene.client("s3").get_bucket_policy(Bucket=scene.bucket)
    statements = [
        {key: value for key, value in each.items() if key != "Principal"}
        for each in json.loads(answer["Policy"])["Statement"]
        if each["Effect"] == "Deny" and each["Principal"] in ("*", {"AWS": "*"})
    ]
    all_else = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [*statements, all_else]})
    right = {"aws:SecureTransport": "true"}
    decisions = [
        _decision(scene, document, action, context) for context in (right, {**right, **wrong})
    ]
    return decided(
        decisions == ["allowed", "explicitDeny"],
        f"{action}: {decisions[0]}; with {', '.join(wrong)}: {decisions[1]}",
    )


def _decision(scene: Scene, document: str, action: str, context: Mapping[str, str]) -> str:
    answer = scene.client("iam").simulate_custom_policy(
        PolicyInputList=[document],
        ActionNames=[action],
        ResourceArns=[f"{scene.site.bucket_arn(scene.bucket)}/output/acceptance"],
        ContextEntries=[
            {
                "ContextKeyName": key,
                "ContextKeyValues": [value],
                "ContextKeyType": "boolean" if key == "aws:SecureTransport" else "string",
            }
            for key, value in context.items()
        ],
    )
    return str(answer["EvaluationResults"][0]["EvalDecision"])


def same_document(found: str | Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether two documents say the same, in whatever order and form their lists are."""
    document = json.loads(found) if isinstance(found, str) else found
    return bool(_normal(document) == _normal(wanted))


def _normal(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _normal(each) for key, each in value.items()}
    if isinstance(value, list):
        parts = sorted(
            (_normal(each) for each in value), key=lambda each: json.dumps(each, sort_keys=True)
        )
        return parts[0] if len(parts) == 1 else parts
    return value
