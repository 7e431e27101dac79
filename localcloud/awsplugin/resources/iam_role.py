"""IAM roles and the policies inside them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from localcloud.awsplugin.api_members import Call
from localcloud.awsplugin.autonaming import Autoname
from localcloud.awsplugin.cloud import Cloud
from localcloud.awsplugin.json_documents import same_document
from localcloud.awsplugin.plugin_errors import Failure
from localcloud.awsplugin.properties import Properties
from localcloud.awsplugin.resource_type import ResourceType, names, policy
from localcloud.awsplugin.resources.common import (
    changed,
    every,
    present,
    reports,
    tag_changes,
    tag_list,
    tag_map,
    within,
)
from localcloud.awsplugin.resources.policy_rules import policy_failures

_GONE = "NoSuchEntity"


def _document_text(document: Any) -> str:
    """A policy document as JSON text, however the client has decoded it."""
    return json.dumps(document) if isinstance(document, dict) else unquote(str(document))


def _role_failures(inputs: Properties) -> Iterator[Failure]:
    yield from within(inputs, "maxSessionDuration", 3600, 43200)
    yield from policy_failures(inputs, "assumeRolePolicy", "Principal")


def _create_role(cloud: Cloud, inputs: Properties) -> str:
    cloud.client("iam").create_role(
        RoleName=inputs["name"],
        AssumeRolePolicyDocument=inputs["assumeRolePolicy"],
        Path=inputs["path"],
        MaxSessionDuration=inputs["maxSessionDuration"],
        Tags=tag_list(inputs.get("tagsAll")),
        **present(
            Description=inputs.get("description"),
            PermissionsBoundary=inputs.get("permissionsBoundary"),
        ),
    )
    return str(inputs["name"])


def _settle_role(cloud: Cloud, identity: str, inputs: Properties) -> None:
    _change_policies(cloud, identity, {}, inputs)


def _inline(properties: Properties) -> dict[str, str]:
    found = properties.get("inlinePolicies") or ()
    return {item["name"]: item["policy"] for item in found if item.get("policy")}


def _change_policies(cloud: Cloud, identity: str, state: Properties, inputs: Properties) -> None:
    """Brings the policies that the role itself lists from those of `state` to those of `inputs`."""
    iam = cloud.client("iam")
    old, new = _inline(state), _inline(inputs)
    for name in old.keys() - new.keys():
        iam.delete_role_policy(RoleName=identity, PolicyName=name)
    for name, document in new.items():
        iam.put_role_policy(RoleName=identity, PolicyName=name, PolicyDocument=document)
    attached = set(state.get("managedPolicyArns") or ())
    wanted = set(inputs.get("managedPolicyArns") or ())
    for arn in attached - wanted:
        iam.detach_role_policy(RoleName=identity, PolicyArn=arn)
    for arn in wanted - attached:
        iam.attach_role_policy(RoleName=identity, PolicyArn=arn)


def _read_role(cloud: Cloud, identity: str, previous: Properties) -> Properties | None:
    iam = cloud.client("iam")
    role = iam.get_role(RoleName=identity)["Role"]
    return {
        "arn": role["Arn"],
        "name": role["RoleName"],
        "path": role["Path"],
        "uniqueId": role["RoleId"],
        "createDate": role["CreateDate"].strftime("%Y-%m-%dT%H:%M:%SZ"),
        "description": role.get("Description", ""),
        "maxSessionDuration": role["MaxSessionDuration"],
        "permissionsBoundary": (role.get("PermissionsBoundary") or {}).get(
            "PermissionsBoundaryArn", ""
        ),
        "assumeRolePolicy": _document_text(role["AssumeRolePolicyDocument"]),
        "inlinePolicies": _read_inline(iam, identity)
        if reports(cloud, previous, "inlinePolicies")
        else [],
        "managedPolicyArns": _attached_policies(iam, identity)
        if reports(cloud, previous, "managedPolicyArns")
        else [],
        "tagsAll": tag_map(role.get("Tags")),
    }


def _read_inline(iam: Any, role: str) -> list[Properties]:
    found = every(iam, "list_role_policies", "PolicyNames", RoleName=role)
    documents = (iam.get_role_policy(RoleName=role, PolicyName=name) for name in found)
    return [
        {"name": item["PolicyName"], "policy": _document_text(item["PolicyDocument"])}
        for item in documents
    ]


def _attached_policies(iam: Any, role: str) -> list[str]:
    """The ARNs of the policies attached to `role`."""
    attached = every(iam, "list_attached_role_policies", "AttachedPolicies", RoleName=role)
    return [item["PolicyArn"] for item in attached]


def _update_role(cloud: Cloud, identity: str, state: Properties, inputs: Properties) -> None:
    iam = cloud.client("iam")
    if not same_document(state.get("assumeRolePolicy"), inputs["assumeRolePolicy"]):
        iam.update_assume_role_policy(RoleName=identity, PolicyDocument=inputs["assumeRolePolicy"])
    if changed(state, inputs, "description", "maxSessionDuration"):
        iam.update_role(
            RoleName=identity,
            Description=inputs.get("description", ""),
            MaxSessionDuration=inputs["maxSessionDuration"],
        )
    if changed(state, inputs, "permissionsBoundary"):
        if boundary := inputs.get("permissionsBoundary"):
            iam.put_role_permissions_boundary(RoleName=identity, PermissionsBoundary=boundary)
        else:
            iam.delete_role_permissions_boundary(RoleName=identity)
    lists = {name: state.get(name) for name in ("inlinePolicies", "managedPolicyArns")}
    spoken_of = {name: value for name, value in lists.items() if name in inputs}
    _change_policies(cloud, identity, spoken_of, inputs)
    tags, gone = tag_changes(state, inputs)
    if gone:
        iam.untag_role(RoleName=identity, TagKeys=gone)
    if tags:
        iam.tag_role(RoleName=identity, Tags=tag_list(tags))


def _delete_role(cloud: Cloud, identity: str, state: Properties) -> None:
    """Deletes the role with the policies that it has now, if it reported any or is to force it."""
    iam, force = cloud.client("iam"), state.get("forceDetachPolicies")
    found: Properties = {}
    if force or state.get("inlinePolicies"):
        found["inlinePolicies"] = _read_inline(iam, identity)
    if force or state.get("managedPolicyArns"):
        found["managedPolicyArns"] = _attached_policies(iam, identity)
    _change_policies(cloud, identity, found, {})
    iam.delete_role(RoleName=identity)


def _create_role_policy(cloud: Cloud, inputs: Properties) -> str:
    identity = f"{inputs['role']}:{inputs['name']}"
    _put_role_policy(cloud, identity, {}, inputs)
    return identity


def _put_role_policy(cloud: Cloud, identity: str, state: Properties, inputs: Properties) -> None:
    role, _, name = identity.partition(":")
    cloud.client("iam").put_role_policy(
        RoleName=role, PolicyName=name, PolicyDocument=inputs["policy"]
    )


def _read_role_policy(cloud: Cloud, identity: str, previous: Properties) -> Properties | None:
    iam, (role, _, name) = cloud.client("iam"), identity.partition(":")
    found = iam.get_role_policy(RoleName=role, PolicyName=name)
    return {
        "role": role,
        "name": name,
        "policy": _document_text(found["PolicyDocument"]),
    }


def _delete_role_policy(cloud: Cloud, identity: str, state: Properties) -> None:
    role, _, name = identity.partition(":")
    cloud.client("iam").delete_role_policy(RoleName=role, PolicyName=name)


def _identity_policy(inputs: Properties) -> Iterator[Failure]:
    yield from policy_failures(inputs, "policy", "Resource")


TYPES = (
    ResourceType(
        type="aws:iam/role:Role",
        source="iam/role.go",
        calls=(
            Call(
                "iam",
                "CreateRole",
                {"name": "RoleName", "assumeRolePolicy": "AssumeRolePolicyDocument"},
            ),
            Call("iam", "AttachRolePolicy", {"managedPolicyArns": "PolicyArn"}),
            Call(
                "iam",
                "PutRolePolicy",
                {
                    "inlinePolicies": "",
                    "inlinePolicies.name": "PolicyName",
                    "inlinePolicies.policy": "PolicyDocument",
                },
            ),
        ),
        create=_create_role,
        settle=_settle_role,
        read=_read_role,
        update=_update_role,
        delete=_delete_role,
        gone=names(_GONE),
        validate=_role_failures,
        name=Autoname(length=64),
        required=names("assumeRolePolicy"),
        defaults={"forceDetachPolicies": False, "maxSessionDuration": 3600, "path": "/"},
        replaces=names("name namePrefix path"),
        computed=names("name namePrefix inlinePolicies managedPolicyArns"),
        unordered=names("inlinePolicies managedPolicyArns"),
        write_only=names("forceDetachPolicies"),
        outputs=names("arn createDate uniqueId"),
        same=policy("assumeRolePolicy", "inlinePolicies.policy"),
        tagged=True,
        regional=False,
    ),
    ResourceType(
        type="aws:iam/rolePolicy:RolePolicy",
        source="iam/role_policy.go",
        calls=(
            Call(
                "iam",
                "PutRolePolicy",
                {"role": "RoleName", "name": "PolicyName", "policy": "PolicyDocument"},
            ),
        ),
        create=_create_role_policy,
        read=_read_role_policy,
        update=_put_role_policy,
        delete=_delete_role_policy,
        gone=names(_GONE),
        validate=_identity_policy,
        name=Autoname(length=128),
        required=names("policy role"),
        replaces=names("name namePrefix role"),
        computed=names("name namePrefix"),
        same=policy("policy"),
        regional=False,
    ),
)
