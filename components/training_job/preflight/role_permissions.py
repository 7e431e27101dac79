"""Whether the execution role may do what a job needs, by IAM's policy simulator. boto3, no Pulumi.

What is found is only printed. The simulator knows neither what this update changes in the role's
policy, nor all that a service sends with its requests: a condition may look at the endpoint that a
request comes through.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from components.arns import repository_arn, s3_location
from components.artifact_layout import CHECKPOINTS, INPUTS, OUTPUT, SOURCE, objects_arn
from components.site import TRAINING_LOGS, Site
from components.training_job.aws.errors import code_of
from components.training_job.preflight.planned_launch import PlannedLaunch
from components.unknowns import has_unknown, is_unknown

_OBJECT = "preflight"
"""The end of an object's key, where any object is meant."""

_PULLS = ("BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer")
_LOOKS = ("DhcpOptions", "NetworkInterfaces", "SecurityGroups", "Subnets", "Vpcs")


@dataclass(frozen=True)
class Need:
    """Actions that the role must be allowed, each of them on each of these resources.

    Needs are equal where jobs need the same, so that the simulator is asked once.
    """

    region: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    context: tuple[tuple[str, str], ...] = ()
    """The condition keys that the service sends with these requests and no others."""


@dataclass(frozen=True)
class Refusal:
    """An action on a resource that the role is not allowed."""

    action: str
    resource: str
    reason: str

    def __str__(self) -> str:
        return f"{self.action} on {self.resource}: {self.reason}"


def needs_of_launch(launch: PlannedLaunch) -> list[Need]:
    """What a job needs of its role, as far as it is known."""
    return [
        *_artifact_needs(launch),
        *_input_needs(launch),
        *_key_needs(launch),
        *_image_needs(launch),
        _log_need(launch),
        *_network_needs(launch),
    ]


def refused(iam: Any, role_arn: str, need: Need) -> list[Refusal]:
    """What of a need a role is not allowed; nothing of a role that does not exist."""
    entries = [
        ("aws:SecureTransport", "true", "boolean"),
        ("aws:RequestedRegion", need.region, "string"),
        *((key, value, "string") for key, value in need.context),
    ]
    pages = iam.get_paginator("simulate_principal_policy").paginate(
        PolicySourceArn=role_arn,
        ActionNames=list(need.actions),
        ResourceArns=list(need.resources),
        ContextEntries=[
            {"ContextKeyName": key, "ContextKeyValues": [value], "ContextKeyType": kind}
            for key, value, kind in entries
        ],
    )
    try:
        results = [each for page in pages for each in page["EvaluationResults"]]
    except ClientError as error:
        if code_of(error) != "NoSuchEntity":
            raise
        return []
    return [refusal for each in results for refusal in _refusals_in(each)]


def _refusals_in(result: Mapping[str, Any]) -> Iterator[Refusal]:
    """The refusals in the result of an action.

    It has a decision for each resource; without them, its own is about the one that it names.
    """
    only = {
        "EvalResourceName": result.get("EvalResourceName", "*"),
        "EvalResourceDecision": result["EvalDecision"],
    }
    for each in result.get("ResourceSpecificResults") or [only]:
        if each["EvalResourceDecision"] != "allowed":
            reason = _reason({**result, **each})
            yield Refusal(result["EvalActionName"], each["EvalResourceName"], reason)


def _reason(result: Mapping[str, Any]) -> str:
    boundary = result.get("PermissionsBoundaryDecisionDetail", {})
    organisation = result.get("OrganizationsDecisionDetail", {})
    if not organisation.get("AllowedByOrganizations", True):
        reason = "the account's organisation does not allow it"
    elif not boundary.get("AllowedByPermissionsBoundary", True):
        reason = "the role's permissions boundary does not allow it"
    elif result["EvalResourceDecision"] == "explicitDeny":
        reason = "a policy denies it"
    else:
        reason = "no policy of the role allows it"
    unknown = sorted(result.get("MissingContextValues", []))
    return f"{reason}, where the check does not know {', '.join(unknown)}" if unknown else reason


def _site(launch: PlannedLaunch) -> Site:
    return Site(launch.inputs.account_id, launch.inputs.region, prefix="")


def _artifact_needs(launch: PlannedLaunch) -> Iterator[Need]:
    """The stack's own bucket, by kind of object and not by lineage, as the role's policy is."""
    region, bucket = launch.inputs.region, launch.inputs.owner
    if is_unknown(bucket):
        return
    arn = _site(launch).bucket_arn(bucket)
    models = [OUTPUT] if launch.inputs.last_runs else []
    read, written = (
        tuple(objects_arn(arn, kind, _OBJECT) for kind in kinds)
        for kinds in ((CHECKPOINTS, INPUTS, *models, SOURCE), (CHECKPOINTS, OUTPUT))
    )
    yield Need(region, ("s3:ListBucket",), (arn,), (("s3:prefix", CHECKPOINTS),))
    yield Need(region, ("s3:GetObject",), read)
    yield Need(region, ("s3:PutObject",), written)


def _input_needs(launch: PlannedLaunch) -> Iterator[Need]:
    """The inputs in other buckets: objects, or prefixes of any objects."""
    region = launch.inputs.region
    for channel in launch.channels:
        bucket, key = s3_location(channel.uri)
        arn = _site(launch).bucket_arn(bucket)
        an_object = key if channel.is_object else f"{key}{_OBJECT}"
        yield Need(region, ("s3:ListBucket",), (arn,), (("s3:prefix", key),))
        yield Need(region, ("s3:GetObject",), (f"{arn}/{an_object}",))


def _key_needs(launch: PlannedLaunch) -> Iterator[Need]:
    """The use of the key for objects, and for volumes that take it."""
    request, region = launch.choice.request, launch.inputs.region
    of_objects = request["OutputDataConfig"].get("KmsKeyId")
    of_volumes = request["ResourceConfig"].get("VolumeKmsKeyId")
    if _is_arn(of_objects):
        through_s3 = (("kms:ViaService", _site(launch).service_host("s3")),)
        yield Need(region, ("kms:Decrypt", "kms:GenerateDataKey"), (of_objects,), through_s3)
    if _is_arn(of_volumes):
        for_aws = (("kms:GrantIsForAWSResource", "true"),)
        yield Need(region, ("kms:CreateGrant",), (of_volumes,), for_aws)


def _image_needs(launch: PlannedLaunch) -> Iterator[Need]:
    if launch.image is None:
        return
    uri = launch.choice.request["AlgorithmSpecification"]["TrainingImage"]
    pulls = tuple(f"ecr:{each}" for each in _PULLS)
    yield Need(launch.inputs.region, pulls, (str(repository_arn(uri)),))
    yield Need(launch.inputs.region, ("ecr:GetAuthorizationToken",), ("*",))


def _log_need(launch: PlannedLaunch) -> Need:
    stream = _site(launch).arn("logs", f"log-group:{TRAINING_LOGS}:log-stream:{_OBJECT}")
    actions = ("logs:CreateLogStream", "logs:PutLogEvents")
    return Need(launch.inputs.region, actions, (stream,))


def _network_needs(launch: PlannedLaunch) -> Iterator[Need]:
    """The network interfaces in the job's subnets."""
    network, region = launch.choice.request.get("VpcConfig"), launch.inputs.region
    if not network or has_unknown(network):
        return
    site, create = _site(launch), "ec2:CreateNetworkInterface"
    subnets = [site.arn("ec2", f"subnet/{each}") for each in network["Subnets"]]
    groups = [site.arn("ec2", f"security-group/{each}") for each in network["SecurityGroupIds"]]
    interface = site.arn("ec2", f"network-interface/eni-{_OBJECT}")
    yield Need(region, (create,), (*subnets, *groups))
    for subnet in subnets:
        attach = (create, "ec2:CreateNetworkInterfacePermission")
        yield Need(region, attach, (interface,), (("ec2:Subnet", subnet),))
    yield Need(region, tuple(f"ec2:Describe{each}" for each in _LOOKS), ("*",))


def _is_arn(key: Any) -> bool:
    """Whether a key is known, and named by its ARN: the simulator takes no other name."""
    return isinstance(key, str) and not is_unknown(key) and key.startswith("arn:")
