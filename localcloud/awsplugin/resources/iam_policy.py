"""IAM policies: those of a role, their attachment to one, and those of the account."""

from __future__ import annotations

from collections.abc import Iterator

from localcloud.awsplugin.cloud import Cloud
from localcloud.awsplugin.documents import same_document
from localcloud.awsplugin.failures import Failure
from localcloud.awsplugin.naming import Autoname, unique_from_prefix
from localcloud.awsplugin.properties import Properties
from localcloud.awsplugin.resource_type import ResourceType, names, policy
from localcloud.awsplugin.resources.common import (
    answer_or_none,
    every,
    present,
    tag_changes,
    tag_list,
    tag_map,
)
from localcloud.awsplugin.resources.iam_role import attached_policies, document_text
from localcloud.awsplugin.resources.iam_rules import policy_failures

_GONE = "NoSuchEntity"
_MOST_VERSIONS = 5  # of a policy


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


def _attach(cloud: Cloud, inputs: Properties) -> str:
    role, arn = inputs["role"], inputs["policyArn"]
    cloud.client("iam").attach_role_policy(RoleName=role, PolicyArn=arn)
    return f"{role}/{arn}"


def _read_attachment(cloud: Cloud, identity: str, previous: Properties) -> Properties | None:  # noqa: ARG001
    iam, (role, _, arn) = cloud.client("iam"), identity.partition("/")
    found = answer_or_none(lambda: attached_policies(iam, role), _GONE)
    return {"role": role, "policyArn": arn} if arn in (found or ()) else None


def _detach(cloud: Cloud, identity: str, state: Properties) -> None:  # noqa: ARG001
    iam, (role, _, arn) = cloud.client("iam"), identity.partition("/")
    answer_or_none(lambda: iam.detach_role_policy(RoleName=role, PolicyArn=arn), _GONE)


def _create_policy(cloud: Cloud, inputs: Properties) -> str:
    name = inputs.get("name") or unique_from_prefix(inputs.get("namePrefix", "terraform-"))
    answer = cloud.client("iam").create_policy(
        PolicyName=name,
        Path=inputs["path"],
        PolicyDocument=inputs["policy"],
        Tags=tag_list(inputs.get("tagsAll")),
        **present(Description=inputs.get("description")),
    )
    return str(answer["Policy"]["Arn"])


def _read_policy(cloud: Cloud, identity: str, previous: Properties) -> Properties | None:
    iam = cloud.client("iam")
    answer = answer_or_none(lambda: iam.get_policy(PolicyArn=identity), _GONE)
    if answer is None:
        return None
    found, version = answer["Policy"], answer["Policy"]["DefaultVersionId"]
    document = iam.get_policy_version(PolicyArn=identity, VersionId=version)["PolicyVersion"]
    return {
        "arn": identity,
        "name": found["PolicyName"],
        "namePrefix": "",
        "path": found["Path"],
        "policyId": found["PolicyId"],
        "description": found.get("Description", ""),
        # Counts what other resources do: a refresh would report each attachment as a change.
        "attachmentCount": previous.get("attachmentCount", found["AttachmentCount"]),
        "policy": document_text(document["Document"]),
        "tagsAll": tag_map(found.get("Tags")),
    }


def _update_policy(cloud: Cloud, identity: str, state: Properties, inputs: Properties) -> None:
    iam = cloud.client("iam")
    if not same_document(state.get("policy"), inputs["policy"]):
        versions = every(iam, "list_policy_versions", "Versions", PolicyArn=identity)
        spare = [item for item in versions if not item["IsDefaultVersion"]]
        if len(versions) >= _MOST_VERSIONS:
            oldest = min(spare, key=lambda item: item["CreateDate"])
            iam.delete_policy_version(PolicyArn=identity, VersionId=oldest["VersionId"])
        iam.create_policy_version(
            PolicyArn=identity, PolicyDocument=inputs["policy"], SetAsDefault=True
        )
    tags, gone = tag_changes(state, inputs)
    if gone:
        iam.untag_policy(PolicyArn=identity, TagKeys=gone)
    if tags:
        iam.tag_policy(PolicyArn=identity, Tags=tag_list(tags))


def _delete_policy(cloud: Cloud, identity: str, state: Properties) -> None:  # noqa: ARG001
    iam = cloud.client("iam")
    found = answer_or_none(
        lambda: every(iam, "list_policy_versions", "Versions", PolicyArn=identity), _GONE
    )
    for version in found or ():
        if not version["IsDefaultVersion"]:
            iam.delete_policy_version(PolicyArn=identity, VersionId=version["VersionId"])
    answer_or_none(lambda: iam.delete_policy(PolicyArn=identity), _GONE)


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
    ResourceType(
        type="aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        create=_attach,
        read=_read_attachment,
        delete=_detach,
        required=names("policyArn role"),
        replaces=names("policyArn role"),
        regional=False,
        delete_before_replace=True,
    ),
    ResourceType(
        type="aws:iam/policy:Policy",
        create=_create_policy,
        read=_read_policy,
        update=_update_policy,
        delete=_delete_policy,
        validate=_identity_policy,
        name=Autoname(length=128),
        required=names("policy"),
        defaults={"path": "/"},
        replaces=names("description name namePrefix path"),
        computed=names("name namePrefix"),
        write_only=names("delayAfterPolicyCreationInMs"),
        outputs=names("arn attachmentCount policyId"),
        same=policy("policy"),
        tagged=True,
        regional=False,
    ),
)
