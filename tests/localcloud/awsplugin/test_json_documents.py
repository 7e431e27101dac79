from __future__ import annotations

import json

import pytest

from localcloud.awsplugin.json_documents import same_document, to_text


def policy(**statement: object) -> str:
    full = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", **statement}
    return json.dumps({"Version": "2012-10-17", "Statement": [full]})


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ('{"a": 1, "b": [1, 2]}', '{ "b":[1,2],"a":1 }'),
        (policy(Action="s3:GetObject"), policy(Action=["s3:GetObject"])),
        (policy(Action=["a:b", "c:d"]), policy(Action=["c:d", "a:b"])),
        (policy(Resource=["x", "y"]), policy(Resource=["y", "x"])),
        (policy(Principal="*"), policy(Principal={"AWS": "*"})),
        (policy(Principal={"AWS": ["1", "2"]}), policy(Principal={"AWS": ["2", "1"]})),
        (
            policy(Principal={"AWS": "123456789012"}),
            policy(Principal={"AWS": ["arn:aws:iam::123456789012:root"]}),
        ),
        (policy(Sid=""), policy()),
        (
            policy(Condition={"Bool": {"aws:SecureTransport": "false"}}),
            policy(Condition={"Bool": {"aws:SecureTransport": [False]}}),
        ),
        ('{"Statement": {"Effect": "Deny"}}', '{"Statement": [{"Effect": "Deny"}]}'),
        ("no json", "no json"),
    ],
)
def test_documents_that_mean_the_same_are_the_same(first: str, second: str) -> None:
    assert same_document(first, second)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ('{"a": [1, 2]}', '{"a": [2, 1]}'),
        (policy(Action="s3:GetObject"), policy(Action="s3:PutObject")),
        (policy(Effect="Deny"), policy()),
        (policy(Sid="One"), policy(Sid="Two")),
        (
            policy(Condition={"StringEquals": {"a": "b"}}),
            policy(Condition={"StringLike": {"a": "b"}}),
        ),
        ("no json", "other"),
        (None, "{}"),
    ],
)
def test_documents_that_mean_something_else_differ(first: str, second: str) -> None:
    assert not same_document(first, second)


def test_a_document_given_as_an_object_becomes_text() -> None:
    assert to_text({"b": 1, "a": [2]}) == '{"a":[2],"b":1}'
    assert to_text("{ }") == "{ }"
