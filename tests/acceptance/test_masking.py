from __future__ import annotations

import pytest

from acceptance.masking import masked

NAMES = {"123456789012": "account", "acceptance-1f2e-store-artifacts-77": "bucket", "": "nothing"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("account 123456789012", "account <account>"),
        ("arn:aws:s3:::acceptance-1f2e-store-artifacts-77/output", "arn:aws:s3:::<bucket>/output"),
        ("arn:aws:iam::210987654321:role/x", "arn:aws:iam::<account>:role/x"),
        ("763104351884.dkr.ecr.eu-west-1.amazonaws.com/a:1",
         "<registry>.dkr.ecr.eu-west-1.amazonaws.com/a:1"),
        ("arn:aws:sts::123456789012:assumed-role/admin/ada@example.org",
         "arn:aws:sts::<account>:assumed-role/<caller>"),
        ("by AKIAIOSFODNN7EXAMPLE", "by <key>"),
        ("RequestId 7b3f-11, 16:20:01Z", "RequestId 7b3f-11, 16:20:01Z"),
    ],
)  # fmt: skip
def test_the_accounts_own_data_are_masked_and_request_ids_are_not(text: str, shown: str):
    assert masked(text, NAMES) == shown
