"""What the tables of cases are written with."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

ACCOUNT = "123456789012"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/0"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/one"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
FOREIGN = "arn:aws:iam::999999999999:root"
STORE = ["arn:aws:s3:::store", "arn:aws:s3:::store/*"]
HEADER = "s3:x-amz-server-side-encryption"
OWN = {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
PLAIN = {"Bool": {"aws:SecureTransport": "false"}}


def allow(action: Any = "s3:GetObject", resource: Any = STORE, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any, resource: Any, **condition: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Principal": "*", "Action": action, "Resource": resource,
            "Condition": condition}  # fmt: skip


def assumed(principal: Any, **condition: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole",
            "Condition": condition}  # fmt: skip


def text(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@dataclass(frozen=True)
class Case:
    """A rule, a type that it is for, and the property that it asks for.

    `missing` and `unknown` say whether it is a violation that the property is not there, or not
    known yet.
    """

    policy: str
    type: str
    inputs: dict[str, Any]
    path: str
    good: tuple[Any, ...]
    bad: tuple[Any, ...]
    missing: bool
    unknown: bool
    values: dict[str, Any] = field(default_factory=dict)


def case(policy: str, type_: str, path: str, good: Any, bad: Any, *, missing: bool,
         unknown: bool = False, inputs: dict[str, Any] | None = None, **values: Any):  # fmt: skip
    return Case(
        policy, type_, inputs or {}, path, tuple(good), tuple(bad), missing, unknown, values
    )
