"""The policies inside an IAM role."""

from __future__ import annotations

from collections.abc import Iterator

from localcloud.awsplugin.cloud import Cloud
from localcloud.awsplugin.failures import Failure
from localcloud.awsplugin.naming import Autoname, unique_from_prefix
from localcloud.awsplugin.properties import Properties
from localcloud.awsplugin.resource_type import ResourceType, names, policy
from localcloud.awsplugin.resources.common import (
    answer_or_none,
)
from localcloud.awsplugin.resources.iam_role import document_text
from localcloud.awsplugin.resources.iam_rules import policy_failures

_GONE = "NoSuchEntity"


def _create_role_policy(cloud: Cloud, inputs: Properties) -> str:
    name = inputs.get("name") or unique_from_prefix(inputs.get("namePrefix", "terraform-"))
    identity = f"{inputs['role']}:{name}"
    _put_role_policy(cloud, identity, {}, inputs)
    return identity


def _put_role_policy(cloud: Cloud, identity: str, state: Properties, inputs: Properties) -> None:  # noqa: ARG001
    role, _, name = identity.partition(":")
    cloud.client("iam").put_role_policy(
        RoleName=role, PolicyName=name, PolicyDocument=inputs["policy"]
    )


def _read_role_policy(cloud: Cloud, identity: str, previous: Properties) -> Properties | None:  # noqa: ARG001
    iam, (role, _, name) = cloud.client("iam"), identity.partition(":")
    found = answer_or_none(lambda: iam.get_role_policy(RoleName=role, PolicyName=name), _GONE)
    if found is None:
        return None
    return {
        "role": role,
        "name": name,
        "namePrefix": "",
        "policy": document_text(found["PolicyDocument"]),
    }


def _delete_role_policy(cloud: Cloud, identity: str, state: Properties) -> None:  # noqa: ARG001
    iam, (role, _, name) = cloud.client("iam"), identity.partition(":")
    answer_or_none(lambda: iam.delete_role_policy(RoleName=role, PolicyName=name), _GONE)


def _identity_policy(inputs: Properties) -> Iterator[Failure]:
    yield from policy_failures(inputs, "policy", "Resource")


TYPES = (
    ResourceType(
        type="aws:iam/rolePolicy:RolePolicy",
        create=_create_role_policy,
        read=_read_role_policy,
        update=_put_role_policy,
        delete=_delete_role_policy,
        validate=_identity_policy,
        name=Autoname(length=128),
        required=names("policy role"),
        replaces=names("name namePrefix role"),
        computed=names("name namePrefix"),
        same=policy("policy"),
        regional=False,
    ),
)
