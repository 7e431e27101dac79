"""IAM documents, and the statements that those of several components have in common.

Pure functions of plain values.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from components.arns import s3_location
from components.site import Site

Statement = dict[str, Any]
Document = dict[str, Any]


def document(statements: Sequence[Statement]) -> Document:
    """A policy document of these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def size(policy: Document) -> int:
    """The characters of a document that IAM counts: all but the white space between its parts."""
    return len(json.dumps(policy, separators=(",", ":")))


def allow(sid: str, actions: Sequence[str], resources: Sequence[str]) -> Statement:
    """A statement that allows these actions on these resources."""
    return {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": list(resources)}


def for_every_caller(
    effect: str, sid: str, actions: Sequence[str], resources: Sequence[str]
) -> Statement:
    """A statement of a resource's policy about these actions of every caller."""
    return {
        "Sid": sid,
        "Effect": effect,
        "Principal": "*",
        "Action": list(actions),
        "Resource": list(resources),
    }


def deny_plain_text(actions: Sequence[str], resources: Sequence[str]) -> Statement:
    """A statement that refuses these actions to every caller who does not use TLS."""
    statement = for_every_caller("Deny", "DenyInsecureTransport", actions, resources)
    return {**statement, "Condition": {"Bool": {"aws:SecureTransport": "false"}}}


def service_trust(service: str, site: Site, *sources: str) -> Document:
    """Who may assume a role: a service, when it acts for the account's resources of a pattern."""
    statement = {
        "Sid": "AssumeForThisAccount",
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
        "Condition": acting_for(site, *sources),
    }
    return document([statement])


def acting_for(site: Site, *sources: str) -> dict[str, Any]:
    """The condition that a service acts for the account, and for resources of one of the patterns.

    Without it, another account could have the service act on this one's resources.
    """
    return {
        "StringEquals": {"aws:SourceAccount": site.account_id},
        "ArnLike": {"aws:SourceArn": sources[0] if len(sources) == 1 else list(sources)},
    }


def through_service(service: str, site: Site) -> dict[str, Any]:
    """The condition that a service of the region uses a key, on behalf of its caller."""
    return {"StringEquals": {"kms:ViaService": site.service_host(service)}}


def input_statements(input_prefixes: Sequence[str], site: Site) -> list[Statement]:
    """Listing and reading of inputs in other buckets, no further than their prefixes."""
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
