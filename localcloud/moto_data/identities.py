"""Roles, users and groups, with the policies that are attached to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from localcloud.moto_data.moto_lock import in_moto
from localcloud.permissions.policy_documents import Policy, parse


@dataclass(frozen=True)
class Role:
    """An execution role and the policies that decide what it may do."""

    trust: Policy
    policies: tuple[Policy, ...]
    boundary: Policy | None
    tags: dict[str, str]
    id: str
    """Its unique ID: AROA…"""


@dataclass(frozen=True)
class AttachedPolicy:
    """A policy of a user, a group or a role."""

    name: str
    text: str
    arn: str = ""
    """Of a managed policy; empty for an inline one."""
    holder_kind: str = ""
    """user, group or role."""
    holder: str = ""
    """The name of the user, group or role."""


@dataclass(frozen=True)
class Identity:
    """The policies of a user, a group or a role."""

    policies: tuple[AttachedPolicy, ...]
    boundary: AttachedPolicy | None = None


@in_moto()
def role_exists(arn: str) -> bool:
    """Whether an IAM role exists."""
    from moto.iam.models import iam_backends

    _, partition, _, _, account, resource = arn.split(":", 5)
    roles = iam_backends[account][partition].roles.values()
    return any(role.arn == arn for role in roles) and resource.startswith("role/")


@in_moto()
def role(arn: str) -> Role | None:
    """A role; None if there is none. Raises PolicyError for policies that can't be read."""
    from moto.iam.models import iam_backends

    _, partition, _, _, account, _ = (*arn.split(":", 5), *[""] * 5)[:6]
    backend = iam_backends[account][partition]
    found = next((each for each in list(backend.roles.values()) if each.arn == arn), None)
    if found is None:
        return None
    boundary = backend.managed_policies.get(found.permissions_boundary_arn)
    return Role(
        trust=parse(found.assume_role_policy_document),
        policies=_policies(found),
        boundary=parse(_default_version(boundary)) if boundary else None,
        tags={tag["Key"]: tag["Value"] for tag in _tags(found)},
        id=found.id,
    )


@in_moto()
def identity(arn: str) -> Identity | None:
    """The policies of a user (with its groups'), a group or a role; None if it does not exist."""
    from moto.iam.models import iam_backends

    _, partition, _, _, account, resource = (*arn.split(":", 5), *[""] * 6)[:6]
    kind = resource.partition("/")[0]
    backend = iam_backends[account][partition]
    holders = {"user": backend.users, "group": backend.groups, "role": backend.roles}
    found = next((each for each in list(holders.get(kind, {}).values()) if each.arn == arn), None)
    if found is None:
        return None
    attached = _attached(found, kind)
    for group in list(backend.groups.values()):
        if kind == "user" and found in group.users:
            attached += _attached(group, "group")
    boundary = backend.managed_policies.get(getattr(found, "permissions_boundary_arn", None))
    return Identity(attached, _managed(boundary, kind, found.name) if boundary else None)


def _attached(holder: Any, kind: str) -> tuple[AttachedPolicy, ...]:
    return (
        *(
            AttachedPolicy(name, text, holder_kind=kind, holder=holder.name)
            for name, text in holder.policies.items()
        ),
        *(_managed(each, kind, holder.name) for each in list(holder.managed_policies.values())),
    )


def _managed(policy: Any, kind: str, holder: str) -> AttachedPolicy:
    return AttachedPolicy(policy.name, _default_version(policy), policy.arn, kind, holder)


def _policies(holder: Any) -> tuple[Policy, ...]:
    managed = [_default_version(each) for each in list(holder.managed_policies.values())]
    return tuple(parse(text) for text in [*holder.policies.values(), *managed])


def _default_version(policy: Any) -> str:
    versions = {version.version_id: version.document for version in policy.versions}
    text: str = versions[policy.default_version_id]
    return text


def _tags(found: Any) -> list[dict[str, str]]:
    tags = found.tags
    return list(tags.values()) if isinstance(tags, dict) else list(tags or [])
