"""Every statement of every policy document, broken in each way that matters."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from tests.policies.mutation.properties import Mutation
from tests.policies.mutation.recorded_platform import Platform

Document = dict[str, Any]
Broken = tuple[str, str, Document]
"""What is broken, the policy that must say so, and the document."""

FOREIGN = "arn:aws:iam::999999999999:root"
HARMLESS_ON_EVERYTHING = {
    "DescribeNetwork", "FindJobs", "FindLogGroup", "GetRegistryToken", "PutMetrics", "ReadLists",
    "ReadUse",
    "ReadVpcsAndPrefixLists",
}  # fmt: skip
"""Statements whose actions AWS lets name no resource, or that read what has no fixed name."""
CONDITIONED = {
    "DecryptInputs", "EncryptReports", "GrantKeyToVolumes", "LaunchJobs", "PassExecutionRole",
    "UseKeyThroughS3",
}  # fmt: skip
OPEN_BY_DESIGN = {"PullImageLayers"}
BY_CHOICE = {"DenyListOutsideEndpoint", "DenyOutsideEndpoint"}
"""Denials that a stack may have, and that no policy asks for."""


def document_mutations(platform: Platform) -> Iterator[Mutation]:
    """Every policy document that is known, broken in one place at a time."""
    for (type_, path), breaks in BREAKS.items():
        for urn, inputs in platform.of_type(type_):
            text = inputs.get(path, UNKNOWN_STRING_VALUE)
            if text == UNKNOWN_STRING_VALUE:
                continue
            for label, policy, document in breaks(json.loads(text)):
                changed = platform.with_inputs(urn, {**inputs, path: json.dumps(document)})
                yield Mutation(f"{urn.split('::')[-1]}: {label}", policy, changed, urn)
            policy = READERS[type_]
            for garbage in ("", "{", "{}", "[]", '{"Statement": []}'):
                changed = platform.with_inputs(urn, {**inputs, path: garbage})
                yield Mutation(f"{urn.split('::')[-1]}: is {garbage!r}", policy, changed, urn)


def role_policy(document: Document) -> Iterator[Broken]:
    for index, sid in _allowing(document):
        wild = "iam-wildcard-actions", "iam-wildcard-resources"
        yield f"{sid} allows *", wild[0], _changed(document, index, Action="*")
        yield f"{sid} allows s3:*", wild[0], _changed(document, index, Action=["s3:*"])
        yield (
            f"{sid} allows s3:?etObject",
            wild[0],
            _changed(document, index, Action="s3:?etObject"),
        )
        yield f"{sid} allows all but one", wild[0], _turned(document, index, "Action")
        yield f"{sid} is for all but one", wild[1], _turned(document, index, "Resource")
        if sid not in HARMLESS_ON_EVERYTHING:
            for resource in ("*", "arn:aws:s3:::*", "arn:aws:kms:us-east-1:123456789012:key/*"):
                yield (
                    f"{sid} is for {resource}",
                    wild[1],
                    _changed(document, index, Resource=[resource]),
                )
        if sid in CONDITIONED:
            yield (
                f"{sid} has no condition",
                "iam-conditions",
                _changed(document, index, Condition={}),
            )
        if sid == "PutMetrics":
            yield f"{sid} has no condition", wild[1], _changed(document, index, Condition={})


def trust(document: Document) -> Iterator[Broken]:
    name = "iam-role-trust"
    for index, sid in _allowing(document):
        statement = document["Statement"][index]
        for principal in ("*", {"AWS": "*"}, {"AWS": FOREIGN}, {"AWS": "arn:aws:iam::*:role/any"}):
            yield (
                f"{sid} is for {principal}",
                name,
                _changed(document, index, Principal=principal, Condition={}),
            )
        if "Condition" in statement:
            yield f"{sid} has no condition", name, _changed(document, index, Condition={})
        if "Service" in statement["Principal"] and "Condition" in statement:
            wide = {"ArnLike": {"aws:SourceArn": "arn:aws:sagemaker:*:*:training-job/*"}}
            yield f"{sid} for any account", name, _changed(document, index, Condition=wide)
        if "Federated" in statement["Principal"]:
            claims = copy.deepcopy(statement["Condition"])
            claims["StringLike"] = {
                key: "repo:acme/*" for key in claims["StringEquals"] if key.endswith(":sub")
            }
            claims["StringEquals"] = {
                key: value
                for key, value in claims["StringEquals"].items()
                if not key.endswith(":sub")
            }
            yield f"{sid} for any branch", name, _changed(document, index, Condition=claims)


def key_policy(document: Document) -> Iterator[Broken]:
    name = "kms-key-policy"
    for index, sid in _allowing(document):
        yield f"{sid} is for everyone", name, _changed(document, index, Principal="*", Condition={})
        if "Condition" in document["Statement"][index]:
            yield f"{sid} has no condition", name, _changed(document, index, Condition={})
    role = {"AWS": "arn:aws:iam::123456789012:role/somebody"}
    for who in ({"AWS": FOREIGN}, role, {"AWS": "*"}):
        yield (
            f"all is also for {who}",
            name,
            _with(document, Effect="Allow", Principal=who, Action="kms:*", Resource="*"),
        )


def bucket_policy(document: Document) -> Iterator[Broken]:
    for index, sid in _all(document):
        statement = document["Statement"][index]
        if sid in BY_CHOICE:
            continue
        policy = "s3-tls-only" if sid == "DenyInsecureTransport" else "s3-other-keys"
        yield f"{sid} is gone", policy, _without(document, index)
        yield f"{sid} allows", policy, _changed(document, index, Effect="Allow")
        yield (
            f"{sid} is for one role",
            policy,
            _changed(document, index, Principal={"AWS": "arn:aws:iam::123456789012:role/one"}),
        )
        narrowed = {**statement["Condition"], "ArnLike": {"aws:PrincipalArn": "arn:aws:iam::1:*"}}
        yield f"{sid} is narrowed", policy, _changed(document, index, Condition=narrowed)
        yield f"{sid} is for reading", policy, _changed(document, index, Action="s3:GetObject")
        bucket = statement["Resource"][-1].removesuffix("/*")
        yield f"{sid} is for no object", policy, _changed(document, index, Resource=[bucket])
    yield (
        "another account reads",
        "iam-resource-policies",
        _with(document, Effect="Allow", Principal={"AWS": FOREIGN}, Action="s3:Get", Resource="*"),
    )
    yield (
        "everyone reads",
        "s3-no-public-policy",
        _with(document, Effect="Allow", Principal="*", Action="s3:GetObject", Resource="*"),
    )


def topic_policy(document: Document) -> Iterator[Broken]:
    name = "sns-topic-policy"
    for index, sid in _all(document):
        if sid == "DenyInsecureTransport":
            yield f"{sid} is gone", name, _without(document, index)
            yield f"{sid} allows", name, _changed(document, index, Effect="Allow")
            continue
        yield f"{sid} is for everyone", name, _changed(document, index, Principal="*", Condition={})
        if "Condition" in document["Statement"][index]:
            yield f"{sid} has no condition", name, _changed(document, index, Condition={})
    yield (
        "another account publishes",
        "iam-resource-policies",
        _with(document, Effect="Allow", Principal={"AWS": FOREIGN}, Action="sns:*", Resource="*"),
    )


def endpoint_policy(document: Document) -> Iterator[Broken]:
    name = "vpc-endpoint-policy"
    for index, sid in _allowing(document):
        if sid not in OPEN_BY_DESIGN:
            yield f"{sid} has no condition", name, _changed(document, index, Condition={})
        wild = {"StringLike": {"aws:PrincipalAccount": "*"}}
        yield (
            f"{sid} is for any account",
            name,
            _changed(document, index, Condition=wild, Resource="*"),
        )


BREAKS = {
    ("aws:iam/rolePolicy:RolePolicy", "policy"): role_policy,
    ("aws:iam/role:Role", "assumeRolePolicy"): trust,
    ("aws:kms/keyPolicy:KeyPolicy", "policy"): key_policy,
    ("aws:s3/bucketPolicy:BucketPolicy", "policy"): bucket_policy,
    ("aws:sns/topicPolicy:TopicPolicy", "policy"): topic_policy,
    ("aws:ec2/vpcEndpoint:VpcEndpoint", "policy"): endpoint_policy,
}
READERS = {
    "aws:iam/rolePolicy:RolePolicy": "iam-wildcard-actions",
    "aws:iam/role:Role": "iam-role-trust",
    "aws:kms/keyPolicy:KeyPolicy": "kms-key-policy",
    "aws:s3/bucketPolicy:BucketPolicy": "s3-tls-only",
    "aws:sns/topicPolicy:TopicPolicy": "sns-topic-policy",
    "aws:ec2/vpcEndpoint:VpcEndpoint": "vpc-endpoint-policy",
}


def _all(document: Document) -> Iterator[tuple[int, str]]:
    for index, statement in enumerate(document["Statement"]):
        yield index, statement["Sid"]


def _allowing(document: Document) -> Iterator[tuple[int, str]]:
    for index, sid in _all(document):
        if document["Statement"][index]["Effect"] == "Allow":
            yield index, sid


def _changed(document: Document, index: int, **elements: Any) -> Document:
    result = copy.deepcopy(document)
    result["Statement"][index] |= elements
    return result


def _turned(document: Document, index: int, element: str) -> Document:
    result = copy.deepcopy(document)
    statement = result["Statement"][index]
    statement[f"Not{element}"] = statement.pop(element)
    return result


def _without(document: Document, index: int) -> Document:
    result = copy.deepcopy(document)
    del result["Statement"][index]
    return result


def _with(document: Document, **statement: Any) -> Document:
    result = copy.deepcopy(document)
    result["Statement"].append(statement)
    return result
