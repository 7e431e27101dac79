"""The names that a stack's account and region give."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.components.recording import ACCOUNT, SITE


@pytest.mark.parametrize(
    ("region", "host", "start"),
    [
        ("us-east-1", "s3.us-east-1.amazonaws.com", "arn:aws:"),
        ("cn-north-1", "s3.cn-north-1.amazonaws.com.cn", "arn:aws-cn:"),
        ("eusc-de-east-1", "s3.eusc-de-east-1.amazonaws.eu", "arn:aws-eusc:"),
        ("us-iso-east-1", "s3.us-iso-east-1.c2s.ic.gov", "arn:aws-iso:"),
    ],
)
def test_hosts_and_arns_are_those_of_the_regions_partition(region: str, host: str, start: str):
    site = replace(SITE, region=region)
    assert site.service_host("s3") == host
    assert site.service_host("s3", region) == host
    assert site.root_arn == f"{start}iam::{ACCOUNT}:root"


def test_the_host_in_another_region_is_that_regions():
    assert SITE.service_host("secretsmanager", "eu-west-1") == (
        "secretsmanager.eu-west-1.amazonaws.com"
    )
