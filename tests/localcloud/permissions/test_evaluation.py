"""Policies and requests, with AWS's documented answers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto.iam.aws_managed_policies import aws_managed_policies_data

from localcloud.permissions.context import Context
from localcloud.permissions.evaluation import Policies, Principal, Request, refusal, trusts
from localcloud.permissions.patterns import PolicyError, matches
from localcloud.permissions.policy_documents import Policy, parse
from tests.localcloud.permissions.condition_cases import ROWS
from tests.localcloud.permissions.policy_cases import (
    ACCOUNT,
    KEY,
    KEYS,
    LOGIC,
    OBJECT,
    PATTERNS,
    ROLE,
    SESSION,
    VARIABLES,
    Case,
    Statement,
    allow,
    deny,
    when,
)

CALLER = Principal(ACCOUNT, ROLE, SESSION)
SERVICE = Principal(service="sagemaker.amazonaws.com")
NEGATED = {
    "StringEquals": "StringNotEquals",
    "StringEqualsIgnoreCase": "StringNotEqualsIgnoreCase",
    "StringLike": "StringNotLike",
    "ArnLike": "ArnNotLike",
    "ArnEquals": "ArnNotEquals",
    "NumericEquals": "NumericNotEquals",
    "DateEquals": "DateNotEquals",
    "IpAddress": "NotIpAddress",
}
JOB = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:training-job/a"


def policy(statements: Sequence[Statement], version: str = "2012-10-17") -> Policy:
    return parse(json.dumps({"Version": version, "Statement": list(statements)}))


def optional(statements: Sequence[Statement] | None) -> Policy | None:
    return None if statements is None else policy(statements)


def answer(case: Case) -> str:
    request = Request(CALLER, case.action, case.on, Context(case.context))
    policies = Policies(
        identity=[policy(case.identity, case.version)],
        resource=optional(case.resource),
        boundary=optional(case.boundary),
        endpoint=optional(case.endpoint),
    )
    return refusal(request, policies)


@pytest.mark.parametrize("case", [*LOGIC, *PATTERNS, *VARIABLES], ids=lambda case: case.name)
def test_policies_allow_what_aws_says(case: Case):
    assert (answer(case) == "") is case.allowed


@pytest.mark.parametrize("case", KEYS, ids=lambda case: case.name)
def test_a_keys_own_policy_has_to_allow_its_use(case: Case):
    request = Request(CALLER, "kms:Decrypt", KEY)
    policies = Policies([policy(case.identity)], optional(case.resource), resource_decides=True)

    assert (refusal(request, policies) == "") is case.allowed


@pytest.mark.parametrize(("operator", "value", "found", "holds"), ROWS)
def test_conditions_hold_when_aws_says_so(operator: str, value: Any, found: Any, holds: bool):
    context = {} if found is None else {"S3:Prefix": found}

    case = Case("", holds, when(operator, "s3:prefix", value), context=context)

    assert (answer(case) == "") is holds


@pytest.mark.parametrize("row", [row for row in ROWS if row[0] in NEGATED], ids=str)
def test_a_negated_operator_is_the_opposite(row: tuple[str, Any, Any, bool]):
    operator, value, found, holds = row
    context = {} if found is None else {"s3:prefix": found}

    case = Case("", not holds, when(NEGATED[operator], "s3:prefix", value), context=context)

    assert (answer(case) == "") is not holds


def test_all_conditions_of_a_statement_must_hold():
    conditions = {"StringLike": {"a": "1", "b": "2"}, "Bool": {"c": "true"}}
    identity = [allow(Condition=conditions)]
    context = {"a": "1", "b": "2", "c": "true"}

    assert answer(Case("", True, identity, context=context)) == ""
    for key in context:
        assert answer(Case("", False, identity, context={**context, key: "x"}))


def test_a_refusal_is_reported_in_awss_words():
    assert answer(Case("", False)) == (
        f'User: {SESSION} is not authorized to perform: s3:GetObject on resource: "{OBJECT}" '
        "because no identity-based policy allows the s3:GetObject action"
    )
    assert answer(Case("", False, [deny()])).endswith(
        "with an explicit deny in an identity-based policy"
    )


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (*when("BinaryEquals", "key", "QmluYXJ5"), "BinaryEquals is not known"),
        (*when("NullIfExists", "a", "true"), "NullIfExists is not known"),
        (*when("NumericLessThan", "s3:max-keys", "ten"), "NumericLessThan can't compare"),
        (*when("DateLessThan", "aws:CurrentTime", "2026-04-01T12:00:00"), "neither a date"),
        (*when("DateLessThan", "aws:CurrentTime", "2026"), "neither a date"),
        (*when("DateLessThan", "aws:CurrentTime", "2026-13-01"), "DateLessThan can't compare"),
        (*when("DateLessThan", "aws:CurrentTime", "2026-*"), "neither a date"),
        (*when("IpAddress", "aws:SourceIp", "10.*"), "neither an address nor a CIDR"),
        (*when("NotIpAddress", "aws:SourceIp", "10.0.0.0/33"), "NotIpAddress can't compare"),
        (*when("IpAddress", "aws:SourceIp", "${aws:VpcSourceIp}"), "neither an address"),
        (allow() | {"Colour": "red"}, "unknown element Colour"),
        (allow() | {"Effect": "Perhaps"}, "neither Allow nor Deny"),
        (allow() | {"NotAction": "s3:*"}, "either Action or NotAction"),
        (allow(resource="bucket/*"), "neither an ARN nor"),
        (allow() | {"Principal": "somebody"}, "not a principal"),
    ],
)
def test_what_cannot_be_judged_is_an_error_even_where_it_does_not_matter(
    statement: Statement, message: str
):
    with pytest.raises(PolicyError, match=message):
        policy([allow(), statement])


def test_all_of_awss_own_policies_can_be_judged():
    policies = json.loads(aws_managed_policies_data)

    for each in policies.values():
        parse(json.dumps(each["Document"]))

    assert "AmazonSageMakerFullAccess" in policies


@pytest.mark.parametrize("text", ["", "[]", '{"Version": "2000-01-01"}'])
def test_what_is_no_policy_is_an_error(text: str):
    with pytest.raises(PolicyError):
        parse(text)


def test_several_values_are_not_compared_as_one():
    case = Case("", False, when("StringEquals", "aws:TagKeys", "a"), context={"aws:TagKeys": "ab"})
    several = {"aws:TagKeys": ["a", "b"]}

    assert answer(case)
    with pytest.raises(PolicyError, match="several values"):
        answer(Case("", False, case.identity, context=several))


def trust(**changes: Any) -> Policy:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sagemaker.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": ACCOUNT},
            "ArnLike": {"aws:SourceArn": JOB[:-1] + "*"},
        },
    }
    return policy([statement | changes])


@pytest.mark.parametrize(
    ("document", "trusted"),
    [
        (trust(), True),
        (trust(Principal={"Service": "ec2.amazonaws.com"}), False),
        (trust(Principal={"AWS": ROLE}), False),
        (trust(Action="sts:TagSession"), False),
        (trust(Condition={"StringEquals": {"aws:SourceAccount": "1"}}), False),
        (trust(Condition={"ArnLike": {"aws:SourceArn": JOB + "b"}}), False),
        (trust(Effect="Deny"), False),
        (Policy(), False),
    ],
)
def test_a_role_trusts_the_service_for_the_sources_that_it_names(document: Policy, trusted: bool):
    context = Context({"aws:SourceAccount": ACCOUNT, "aws:SourceArn": JOB})
    request = Request(SERVICE, "sts:AssumeRole", None, context)

    assert trusts(document, request) is trusted


_TEXTS = st.text("ab*?/:.[\\", max_size=12)


@given(_TEXTS)
def test_a_star_covers_everything_and_a_text_without_wildcards_itself(text: str):
    assert matches("*", text)
    plain = text.replace("*", "").replace("?", "")
    assert matches(plain, plain)


@given(_TEXTS, _TEXTS, _TEXTS)
def test_a_star_matches_whatever_is_in_between(start: str, middle: str, end: str):
    start, end = (each.replace("*", "").replace("?", "") for each in (start, end))

    assert matches(f"{start}*{end}", start + middle + end)
    assert matches(f"{start}?{end}", start + "x" + end)
    assert not matches(f"{start}?{end}", start + end)


@given(st.sampled_from([*LOGIC, *PATTERNS, *VARIABLES]))
def test_a_further_deny_never_allows_more(case: Case):
    denied = Case("", False, [*case.identity, deny("*", "*")], case.resource, case.action, case.on)

    assert answer(denied)


def covers(pattern: str, text: str) -> bool:
    """The same as `matches` in the plainest way: by all that each character may mean."""
    ends = {0}
    for character in pattern:
        if character == "*":
            ends = set(range(min(ends, default=len(text) + 1), len(text) + 1))
        else:
            ends = {end + 1 for end in ends if end < len(text) and character in {"?", text[end]}}
    return len(text) in ends


@given(st.text("ab.*?\\\n"), st.text("ab.\\\n"))
def test_a_pattern_covers_what_its_characters_stand_for(pattern: str, text: str):
    assert matches(pattern, text) == covers(pattern, text)


def test_a_pattern_of_many_wildcards_is_judged_at_once():
    assert not matches("*a" * 20 + "*b", "a" * 1000)
    assert matches("*a" * 20 + "*b", "a" * 1000 + "b")
