"""Buckets, keys, repositories, secrets and endpoints, with the policies attached to them.

What is read of S3 is one entry, without moto's lock: each request to S3 asks for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any

from localcloud.moto_data.moto_lock import in_moto
from localcloud.permissions.policy_documents import Policy, parse

_ADDRESSES_OF_AWS = 4


@dataclass(frozen=True)
class Key:
    """A KMS key."""

    arn: str
    policy: Policy
    state: str
    """Enabled, Disabled, PendingDeletion, …"""


def bucket(name: str) -> Any:
    """The bucket in moto's S3; None if there is none."""
    from moto.s3.models import s3_backends

    partition, account = s3_backends.bucket_accounts.get(name, ("", ""))
    return s3_backends[account][partition].buckets.get(name) if account else None


def blocked_encryption(holder: Any) -> list[str]:
    """The types of encryption that a bucket refuses, such as SSE-C; moto keeps them as XML."""
    rule = (holder.encryption or {}).get("Rule") or {}
    found = (rule.get("BlockedEncryptionTypes") or {}).get("EncryptionType") or []
    return [found] if isinstance(found, str) else list(found)


def owner_of(arn: str) -> str:
    """The account of a resource; empty if its ARN has none, and it is not a bucket that exists."""
    from moto.s3.models import s3_backends

    if not arn.startswith("arn:"):
        return ""
    _, _, service, _, account, name = arn.split(":", 5)
    if service != "s3":
        return account
    _, owner = s3_backends.bucket_accounts.get(name.partition("/")[0], ("", ""))
    return str(owner)


def bucket_policy(name: str) -> Policy | None:
    """A bucket's policy; None if it has none."""
    found = bucket(name)
    return parse(found.policy.decode()) if found is not None and found.policy else None


def blocks_public(holder: Any, what: str) -> bool:
    """Whether a bucket refuses new public `acls`, or a new public `policy`."""
    block = holder.public_access_block
    return block is not None and bool(getattr(block, f"block_public_{what}"))


def restricts_public_policies(arn: str | None) -> bool:
    """Whether a bucket, or an object's bucket, restricts public policies; false without one."""
    holder = bucket((arn or "").rpartition(":")[2].partition("/")[0])
    block = getattr(holder, "public_access_block", None)
    return block is not None and bool(block.restrict_public_buckets)


@in_moto()
def key(name: str, account: str, region: str) -> Key | None:
    """A KMS key by its ID, ARN or alias; None if there is none, or it is AWS's own."""
    from moto.kms.models import kms_backends

    if name.startswith("arn:"):
        _, _, _, region, account, _ = name.split(":", 5)
    backend = kms_backends[account][region]
    alias = backend.get_alias_name(name)
    if alias.startswith("alias/") and not backend.alias_exists(alias):
        return None
    found = backend.keys.get(backend.any_id_to_key_id(name))
    if found is None:
        return None
    state = found.key_state if found.key_state != "Enabled" or found.enabled else "Disabled"
    return Key(arn=found.arn, policy=parse(found.policy), state=state)


@in_moto()
def repository_policy(arn: str) -> Policy | None:
    """The policy of an ECR repository; None if it has none."""
    from moto.ecr.models import ecr_backends

    _, _, _, region, account, name = arn.split(":", 5)
    repositories = ecr_backends[account][region].repositories
    found = repositories.get(name.removeprefix("repository/"))
    return parse(found.policy) if found is not None and found.policy else None


@in_moto()
def has_image(account: str, region: str, repository: str, tag: str, digest: str) -> bool:
    """Whether a repository of ECR has an image; one that was not created has every image.

    An image that is named by its digest needs no tag.
    """
    from moto.ecr.models import ecr_backends

    found = ecr_backends[account][region].repositories.get(repository)
    if found is None:
        return True
    return any(
        each.image_digest == digest if digest else tag in each.image_tags
        for each in list(found.images)
    )


@dataclass(frozen=True)
class Endpoint:
    """The VPC endpoint through which a service is reached."""

    id: str
    vpc: str
    policy: Policy
    address: str
    """The address of the caller's interface, in the first of its subnets."""


@in_moto()
def endpoint(subnets: tuple[str, ...], service: str, account: str, region: str) -> Endpoint | None:
    """The VPC endpoint through which all these subnets reach a service; None if there is none."""
    from moto.ec2.models import ec2_backends

    backend = ec2_backends[account][region]
    found = [each for name in subnets if (each := _subnet(backend, name)) is not None]
    vpcs = {each.vpc_id for each in found}
    tables = {_route_table(backend, each) for each in found}
    for each in list(backend.vpc_end_points.values()):
        if not vpcs or not each.service_name.endswith(f".{service}"):
            continue
        interface = each.vpc_endpoint_type == "Interface"
        if {each.vpc_id} >= vpcs if interface else set(each.route_table_ids) >= tables:
            policy = parse(each.policy_document)
            return Endpoint(each.id, each.vpc_id, policy, _first_address(found[0].cidr_block))
    return None


@in_moto()
def vpc_of(subnet: str, account: str, region: str) -> str:
    """The VPC of a subnet; empty if there is no such subnet."""
    from moto.ec2.models import ec2_backends

    found = _subnet(ec2_backends[account][region], subnet)
    return str(found.vpc_id) if found is not None else ""


def _first_address(block: str) -> str:
    """The first address of a subnet that AWS does not reserve."""
    return str(ip_network(block)[_ADDRESSES_OF_AWS])


def _subnet(backend: Any, name: str) -> Any:
    zones = list(backend.subnets.values())
    return next((zone[name] for zone in zones if name in zone), None)


def _route_table(backend: Any, subnet: Any) -> str:
    """The route table of a subnet: its own, or else its network's main one."""
    tables = [each for each in list(backend.route_tables.values()) if each.vpc_id == subnet.vpc_id]
    own = (
        each.id
        for each in tables
        if subnet.id in {association.get("SubnetId") for association in each.associations}
    )
    main = (each.id for each in tables if each.main_association_id)
    return next(own, None) or next(main, "")


@in_moto()
def experiment(name: str, account: str, region: str) -> Any:
    """The experiment in moto's SageMaker; None if there is none."""
    from moto.sagemaker.models import sagemaker_backends

    return sagemaker_backends[account][region].experiments.get(name)


@in_moto()
def trial(name: str, account: str, region: str) -> Any:
    """The trial of an experiment in moto's SageMaker; None if there is none."""
    from moto.sagemaker.models import sagemaker_backends

    return sagemaker_backends[account][region].trials.get(name)


@in_moto()
def secret(name: str, account: str, region: str) -> Any:
    """The secret in moto's Secrets Manager, by its name or ARN; None if there is none."""
    from moto.secretsmanager.models import secretsmanager_backends

    return secretsmanager_backends[account][region].secrets.get(name)


def stored_object(bucket_name: str, name: str, version: str | None) -> Any:
    """The object in moto's S3; None if there is none, or its newest version is a delete marker."""
    holder = bucket(bucket_name)
    versions = holder.keys.getlist(name, []) if holder is not None else []
    chosen = [each for each in versions if version in {None, each.version_id}]
    return chosen[-1] if chosen and hasattr(chosen[-1], "encryption") else None


def default_key(bucket_name: str) -> str:
    """The KMS key that a bucket encrypts with by default; empty for S3's own."""
    holder = bucket(bucket_name)
    if holder is None or not holder.encryption:
        return ""
    default = holder.encryption["Rule"]["ApplyServerSideEncryptionByDefault"]
    return default.get("KMSMasterKeyID") or "" if default["SSEAlgorithm"] == "aws:kms" else ""


def upload_key(bucket_name: str, upload: str) -> str:
    """The KMS key of an upload in several parts; empty if it has none."""
    holder = bucket(bucket_name)
    started = holder.multiparts.get(upload) if holder is not None else None
    return (started.kms_key_id or "") if started is not None else ""


def encryption_context(bucket_name: str, name: str) -> str:
    """The ARN to which S3 binds a data key: the bucket's with a bucket key, else the object's."""
    holder = bucket(bucket_name)
    rule = holder.encryption["Rule"] if holder is not None and holder.encryption else {}
    shared = str(rule.get("BucketKeyEnabled", False)).lower() == "true"
    return f"arn:aws:s3:::{bucket_name}" + ("" if shared else f"/{name}")
