"""Requests, policies, and the result according to AWS's documentation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/training"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/training/SageMaker"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234"
OBJECT = "arn:aws:s3:::bucket/data/a.txt"

Statement = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """What is asked for under which policies, and whether AWS allows it."""

    name: str
    allowed: bool
    identity: Sequence[Statement] = ()
    resource: Sequence[Statement] | None = None
    action: str = "s3:GetObject"
    on: str | None = OBJECT
    context: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    boundary: Sequence[Statement] | None = None
    endpoint: Sequence[Statement] | None = None
    version: str = "2012-10-17"


def allow(action: Any = "s3:GetObject", resource: Any = OBJECT, **more: Any) -> Statement:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any = "s3:GetObject", resource: Any = OBJECT, **more: Any) -> Statement:
    return allow(action, resource, **more) | {"Effect": "Deny"}


def principal(name: Any, statement: Statement) -> Statement:
    return {**statement, "Principal": name}


def when(operator: str, key: str, value: Any) -> list[Statement]:
    return [allow(Condition={operator: {key: value}})]


LOGIC = [
    Case("nothing allows it", False),
    Case("an identity policy allows it", True, [allow()]),
    Case("an explicit deny wins", False, [allow(), deny()]),
    Case("a deny of something else does not", True, [allow(), deny(resource=OBJECT + "x")]),
    Case("a resource policy allows the role", True, [], [principal({"AWS": ROLE}, allow())]),
    Case("a resource policy allows the session", True, [], [principal({"AWS": SESSION}, allow())]),
    Case("a resource policy allows everyone", True, [], [principal("*", allow())]),
    Case("a resource policy allows all of AWS", True, [], [principal({"AWS": "*"}, allow())]),
    Case("the account by itself is no grant", False, [], [principal({"AWS": ROOT}, allow())]),
    Case("nor is its number", False, [], [principal({"AWS": ACCOUNT}, allow())]),
    Case("another role's grant", False, [], [principal({"AWS": ROLE + "2"}, allow())]),
    Case("a service's grant", False, [], [principal({"Service": "s3.amazonaws.com"}, allow())]),
    Case("a resource policy's deny wins", False, [allow()], [principal("*", deny())]),
    Case("a deny of the account is one", False, [allow()], [principal({"AWS": ROOT}, deny())]),
    Case("a deny of another role", True, [allow()], [principal({"AWS": ROLE + "2"}, deny())]),
    Case(
        "a deny of all but this role",
        True,
        [allow()],
        [deny() | {"NotPrincipal": {"AWS": [ROLE, SESSION, ROOT]}}],
    ),
    Case(
        "a deny of all but another role",
        False,
        [allow()],
        [deny() | {"NotPrincipal": {"AWS": ROLE + "2"}}],
    ),
    Case("a boundary that does not allow it", False, [allow()], boundary=[allow("s3:PutObject")]),
    Case("a boundary that allows it", True, [allow()], boundary=[allow("s3:*", "*")]),
    Case("a boundary by itself is no grant", False, boundary=[allow()]),
    Case("an endpoint that lets it through", True, [allow()], endpoint=[principal("*", allow())]),
    Case("an endpoint that does not", False, [allow()], endpoint=[principal("*", allow("s3:P*"))]),
]

KEYS = [
    Case("no key policy", False, [allow("kms:Decrypt", KEY)], []),
    Case(
        "the account's policies decide",
        True,
        [allow("kms:Decrypt", KEY)],
        [principal({"AWS": ROOT}, allow("kms:*", "*"))],
    ),
    Case("only the account", False, [], [principal({"AWS": ROOT}, allow("kms:*", "*"))]),
    Case("only the role", True, [], [principal({"AWS": ROLE}, allow("kms:Decrypt", "*"))]),
    Case(
        "another role's key",
        False,
        [allow("kms:*", "*")],
        [principal({"AWS": ROLE + "2"}, allow("kms:Decrypt", "*"))],
    ),
    Case(
        "a key policy's deny",
        False,
        [allow("kms:*", "*")],
        [principal({"AWS": ROOT}, allow("kms:*", "*")), principal("*", deny("kms:D*", "*"))],
    ),
]

PATTERNS = [
    Case("any action of a service", True, [allow("s3:*")]),
    Case("any action", True, [allow("*")]),
    Case("the beginning of an action", True, [allow("s3:Get*")]),
    Case("a question mark is one character", True, [allow("s3:GetObjec?")]),
    Case("and not none", False, [allow("s3:GetObject?")]),
    Case("actions without regard to case", True, [allow("S3:getobject")]),
    Case("one of several actions", True, [allow(["s3:PutObject", "s3:GetObject"])]),
    Case("any resource", True, [allow(resource="*")]),
    Case("a prefix", True, [allow(resource="arn:aws:s3:::bucket/data/*")]),
    Case("a star goes beyond a slash", True, [allow(resource="arn:aws:s3:::bucket/*")]),
    Case("the bucket is not its objects", False, [allow(resource="arn:aws:s3:::bucket")]),
    Case("resources with regard to case", False, [allow(resource=OBJECT.replace("d", "D"))]),
    Case("a star stays within its part", False, [allow(resource="arn:aws:s3:*:bucket:data/*")]),
    Case("all but an action", True, [{"Effect": "Allow", "NotAction": "s3:P*", "Resource": "*"}]),
    Case("not this", False, [{"Effect": "Allow", "NotAction": "s3:G*", "Resource": "*"}]),
    Case(
        "all but a resource",
        True,
        [{"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::other/*"}],
    ),
    Case(
        "not this resource", False, [{"Effect": "Allow", "Action": "s3:*", "NotResource": OBJECT}]
    ),
    Case(
        "deny but for a resource",
        False,
        [
            allow(),
            {"Effect": "Deny", "Action": "s3:*", "NotResource": "arn:aws:s3:::other/*"},
        ],
    ),
    Case(
        "an action without a resource",
        True,
        [allow("ecr:GetAuthorizationToken", "*")],
        action="ecr:GetAuthorizationToken",
        on="*",
    ),
    Case(
        "which names one all the same",
        False,
        [allow("ecr:GetAuthorizationToken", "arn:aws:ecr:us-east-1:1:repository/x")],
        action="ecr:GetAuthorizationToken",
        on="*",
    ),
    Case("a resource that is not known", True, [allow()], on=None),
    Case("whose deny is for one", True, [allow(), deny()], on=None),
    Case("whose deny is for all", False, [allow(), deny(resource="*")], on=None),
]

_TEAM = {"aws:PrincipalTag/team": "data"}
_OWN = "arn:aws:s3:::bucket/${aws:PrincipalTag/team}/*"
VARIABLES = [
    Case("a variable", True, [allow(resource=_OWN)], context=_TEAM),
    Case("another value", False, [allow(resource=_OWN)], context={"aws:PrincipalTag/team": "x"}),
    Case("no value", False, [allow(resource=_OWN)]),
    Case("keys without regard to case", True, [allow(resource=_OWN.lower())], context=_TEAM),
    Case(
        "a star in a value", False, [allow(resource=_OWN)], context={"aws:PrincipalTag/team": "*"}
    ),
    Case(
        "a default value",
        True,
        [allow(resource="arn:aws:s3:::bucket/${aws:PrincipalTag/team, 'data'}/*")],
    ),
    Case(
        "in the language's old version",
        False,
        [allow(resource=_OWN)],
        context=_TEAM,
        version="2008-10-17",
    ),
    Case(
        "a star that is none",
        False,
        [allow(resource="arn:aws:s3:::bucket/data/${*}")],
    ),
    Case(
        "a variable in a condition",
        True,
        when("StringEquals", "s3:prefix", "${aws:PrincipalTag/team}"),
        context={**_TEAM, "s3:prefix": "data"},
    ),
]
