"""Whether a bucket's policy is public, as S3 Block Public Access has it.

A policy is public if a statement allows something to everyone, unless its conditions limit it to
fixed values of certain keys (S3 User Guide, "Blocking public access to your Amazon S3 storage",
"The meaning of public").
"""

from __future__ import annotations

import re
from ipaddress import ip_network

from localcloud.permissions.policy_documents import Policy, Statement

_KEYS = frozenset(
    f"aws:{name}"
    for name in (
        *("principalaccount", "principalarn", "principalorgid", "principalorgpaths"),
        *("sourcearn", "sourceaccount", "sourceip", "sourceowner", "sourcevpc", "sourcevpce"),
        "userid",
    )
) | {
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "s3:dataaccesspointaccount",
    "s3:dataaccesspointarn",
}
_LIMITING = re.compile(r"(StringEquals(IgnoreCase)?|StringLike|Arn(Equals|Like)|IpAddress)", re.I)
_OPEN = re.compile(r"[*?]|\$\{")
_WIDEST = {4: 8, 6: 32}
"""The shortest prefix of a network that is not public, by the version of its addresses."""


def is_public(policy: Policy) -> bool:
    """Whether a policy allows something to everyone."""
    return any(_allows_everyone(each) and not _is_limited(each) for each in policy.statements)


def _allows_everyone(statement: Statement) -> bool:
    named = statement.principals.get("AWS", ())
    return not statement.deny and ("*" in named or bool(statement.not_principals))


def _is_limited(statement: Statement) -> bool:
    """Whether a condition limits a statement to fixed values."""
    return any(
        key.lower() in _KEYS and bool(values) and all(_is_fixed(key, each) for each in values)
        for operator, by_key in statement.conditions.items()
        if _LIMITING.fullmatch(operator)
        for key, values in by_key.items()
    )


def _is_fixed(key: str, value: str) -> bool:
    if key.lower() == "aws:sourceip":
        try:
            network = ip_network(value, strict=False)
        except ValueError:
            return False
        return network.prefixlen >= _WIDEST[network.version]
    if key.lower() == "aws:userid":
        return _OPEN.search(value.removesuffix(":*")) is None
    return _OPEN.search(value) is None
