"""Keys, roles, policies and log groups."""

from __future__ import annotations

from localcloud.awsplugin.properties import Properties
from tests.localcloud.awsplugin.world import TAGS, TRUST, Case, World, allow, change


def _kms_alias(world: World) -> Properties:
    return {"targetKeyId": world.key().state["arn"]}


IDENTITY_CASES = [
    Case(
        "aws:kms/key:Key",
        lambda _: {
            "enableKeyRotation": True,
            "deletionWindowInDays": 30,
            "rotationPeriodInDays": 180,
            **TAGS,
        },
        change(
            description="artifacts",
            rotationPeriodInDays=200,
            deletionWindowInDays=7,
            isEnabled=False,
        ),
        change(
            keyUsage="SIGN_VERIFY",
            customerMasterKeySpec="RSA_2048",
            enableKeyRotation=False,
            rotationPeriodInDays=None,
        ),
        "keyUsage",
    ),
    Case(
        "aws:kms/alias:Alias",
        _kms_alias,
        lambda w, inputs: {**inputs, "targetKeyId": w.key().id},
        change(name="alias/another"),
        "name",
    ),
    Case(
        "aws:kms/keyPolicy:KeyPolicy",
        lambda w: {
            "keyId": w.key().id,
            "policy": allow("kms:*", Principal={"AWS": "arn:aws:iam::123456789012:root"}),
        },
        change(policy=allow("kms:*", Principal={"AWS": "123456789012"}, Sid="Root")),
        lambda w, inputs: {**inputs, "keyId": w.key().id},
        "keyId",
        stays=True,
    ),
    Case(
        "aws:iam/role:Role",
        lambda _: {"assumeRolePolicy": TRUST, "description": "runs jobs", **TAGS},
        change(description="runs", maxSessionDuration=7200, tags={"a": "b"}),
        change(path="/ml/"),
        "path",
    ),
    Case(
        "aws:iam/role:Role",
        lambda _: {
            "assumeRolePolicy": TRUST,
            "inlinePolicies": [{"name": "one", "policy": allow()}],
            "managedPolicyArns": [],
        },
        change(
            inlinePolicies=[
                {"name": "one", "policy": allow("s3:*")},
                {"name": "two", "policy": allow()},
            ]
        ),
        change(name="another"),
        "name",
    ),
    Case(
        "aws:iam/rolePolicy:RolePolicy",
        lambda w: {"role": w.role().id, "policy": allow()},
        change(policy=allow("s3:PutObject")),
        lambda w, inputs: {**inputs, "role": w.role().id},
        "role",
    ),
    Case(
        "aws:cloudwatch/logGroup:LogGroup",
        lambda w: {"retentionInDays": 30, "kmsKeyId": w.key().state["arn"], **TAGS},
        change(retentionInDays=60, tags={}),
        change(name="another"),
        "name",
    ),
]
