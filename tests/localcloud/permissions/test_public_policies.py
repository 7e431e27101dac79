"""Which policies of buckets are public, as S3 Block Public Access has it."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.permissions.policy_documents import parse
from localcloud.permissions.public_policies import is_public
from tests.localcloud.cloud import policy
from tests.localcloud.roles import allow, deny

EVERYONE = {"Principal": "*"}
ORGANISATION = {"aws:PrincipalOrgID": "o-1"}


def test_a_policy_that_names_its_principals_is_not_public():
    for principal in ({"AWS": "123456789012"}, {"Service": "logging.s3.amazonaws.com"}):
        assert not is_public(parse(policy(allow("s3:*", Principal=principal))))
    assert not is_public(parse(policy(deny("s3:*", **EVERYONE))))


@pytest.mark.parametrize(
    ("condition", "public"),
    [
        ({}, True),
        ({"StringEquals": ORGANISATION}, False),
        ({"StringLike": {"aws:PrincipalOrgID": "o-*"}}, True),
        ({"StringEqualsIfExists": ORGANISATION}, True),
        ({"StringNotEquals": ORGANISATION}, True),
        ({"StringEquals": {"aws:SourceVpce": ["vpce-1", "vpce-2"]}}, False),
        ({"StringEquals": {"aws:SourceVpce": ["vpce-1", "${aws:userid}"]}}, True),
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, False),
        ({"IpAddress": {"aws:SourceIp": "0.0.0.0/1"}}, True),
        ({"StringLike": {"aws:userid": "AROAEXAMPLE:*"}}, False),
        ({"StringLike": {"aws:userid": "*"}}, True),
        ({"Bool": {"aws:SecureTransport": "true"}}, True),
    ],
)
def test_only_fixed_values_of_certain_keys_limit_everyone(condition: dict[str, Any], public: bool):
    statement = allow("s3:GetObject", **EVERYONE, Condition=condition)

    assert is_public(parse(policy(statement))) is public
    assert is_public(parse(policy(deny("s3:*", **EVERYONE), statement))) is public
