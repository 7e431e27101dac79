"""IAM documents, and the statements that those of several components have in common.

Pure functions of plain values.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from components.arns import s3_location
from components.site import Site

Statement = dict[str, Any]
Document = dict[str, Any]


def document(statements: Sequence[Statement]) -> Document:
    """A policy document of these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(sid: str, actions: Sequence[str], resources: Sequence[str]) -> Statement:
    """A statement that allows these actions on these resources."""
    return {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": list(resources)}


def for_anybody(
    effect: str, sid: str, actions: Sequence[str], resources: Sequence[str]
) -> Statement:
    """A statement about these actions of any caller, as a resource's policy has it."""
    return {
        "Sid": sid,
        "Effect": effect,
        "Principal": "*",
        "Action": list(actions),
        "Resource": list(resources),
    }


def service_trust(service: str, site: Site, source: str) -> Document:
    """Who may assume a role: a service, for the account and for resources of the pattern `source`.

    Both conditions keep the service from being used as a deputy for another account.
    """
    statement = {
        "Sid": "AssumeForThisAccount",
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": site.account_id},
            "ArnLike": {"aws:SourceArn": source},
        },
    }
    return document([statement])


def through_s3(site: Site) -> dict[str, Any]:
    """The condition that a key is used by S3, on behalf of its caller."""
    return {"StringEquals": {"kms:ViaService": site.service_host("s3")}}


def input_statements(input_prefixes: Sequence[str], site: Site) -> list[Statement]:
    """Listing and reading of foreign inputs, no further than their prefixes."""
    prefixes: dict[str, list[str]] = {}
    for bucket, prefix in sorted({s3_location(uri) for uri in input_prefixes}):
        prefixes.setdefault(site.bucket_arn(bucket), []).append(f"{prefix}*")
    if not prefixes:
        return []
    listing = [
        _list_statement(f"ListInputs{number}", bucket, patterns)
        for number, (bucket, patterns) in enumerate(prefixes.items(), start=1)
    ]
    objects = [f"{bucket}/{each}" for bucket, patterns in prefixes.items() for each in patterns]
    return [*listing, allow("ReadInputs", ["s3:GetObject"], objects)]


def _list_statement(sid: str, bucket: str, patterns: Sequence[str]) -> Statement:
    statement = allow(sid, ["s3:ListBucket"], [bucket])
    return {**statement, "Condition": {"StringLike": {"s3:prefix": list(patterns)}}}
