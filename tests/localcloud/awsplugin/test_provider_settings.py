from __future__ import annotations

from typing import Any

import pytest

from localcloud.awsplugin.properties import UNKNOWN
from localcloud.awsplugin.provider_settings import (
    REPORT_SIBLINGS,
    is_loopback,
    plain_settings,
    read_settings,
    setting_failures,
)

LOCAL = "http://127.0.0.1:4566"
SETTINGS = {"region": "us-east-1"}


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:1", "http://127.9.9.9", "https://localhost:5000", "http://[::1]:80"],
)
def test_an_address_of_this_machine_is_taken(address: str) -> None:
    assert is_loopback(address)
    assert setting_failures(SETTINGS, {"AWS_ENDPOINT_URL": address}) == []


@pytest.mark.parametrize(
    "address",
    [
        "https://ec2.us-east-1.amazonaws.com",
        "http://10.0.0.1",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "http://127.0.0.1@example.com",
        "ftp://127.0.0.1",
        "127.0.0.1:80",
    ],
)
def test_any_other_address_is_refused_with_value_rule_and_remedy(address: str) -> None:
    (failure,) = setting_failures(SETTINGS, {"AWS_ENDPOINT_URL": address})
    assert repr(address) in failure.reason
    assert "not a loopback address" in failure.reason
    assert "start the local cloud" in failure.reason


def test_no_address_at_all_is_refused() -> None:
    (failure,) = setting_failures(SETTINGS, {})
    assert failure.property == "endpoints"
    with pytest.raises(ValueError, match="no endpoint is set"):
        read_settings(SETTINGS, {})


def test_one_service_elsewhere_is_refused_however_it_is_set() -> None:
    away = "https://example.com"
    setting = {**SETTINGS, "endpoints": [{"s3": away, "ec2": LOCAL}]}
    assert [item.reason.split()[0] for item in setting_failures(setting, {})] == ["s3"]
    environment = {"AWS_ENDPOINT_URL": LOCAL, "AWS_ENDPOINT_URL_S3": away}
    assert [item.reason.split()[0] for item in setting_failures(SETTINGS, environment)] == ["s3"]


def test_endpoints_that_are_not_known_yet_are_not_judged() -> None:
    assert setting_failures({**SETTINGS, "endpoints": UNKNOWN}, {}) == []


def test_a_missing_region_is_refused() -> None:
    (failure,) = setting_failures({}, {"AWS_ENDPOINT_URL": LOCAL})
    assert "aws:region" in failure.reason
    assert setting_failures({}, {"AWS_ENDPOINT_URL": LOCAL, "AWS_REGION": "us-east-1"}) == []


def test_a_service_of_its_own_address_goes_before_the_common_one() -> None:
    other = "http://127.0.0.1:2"
    settings = {**SETTINGS, "endpoints": [{"cloudwatchlogs": other, "sfn": other}]}
    read = read_settings(settings, {"AWS_ENDPOINT_URL": LOCAL})
    assert (read.endpoint("logs"), read.endpoint("stepfunctions")) == (other, other)
    assert read.endpoint("ec2") == LOCAL


def test_a_service_without_an_address_is_never_called() -> None:
    read = read_settings({**SETTINGS, "endpoints": [{"s3": LOCAL}]}, {})
    with pytest.raises(ValueError, match="no endpoint for ec2"):
        read.endpoint("ec2")


def test_settings_that_travel_as_json_text_are_read() -> None:
    sent: dict[str, Any] = {
        "region": "us-east-1",
        "defaultTags": '{"tags":{"team":"research"}}',
        "allowedAccountIds": '["1","2"]',
        "assumeRoles": '[{"roleArn":"arn:aws:iam::1:role/r"}]',
        "profile": "team",
        "skipCredentialsValidation": "true",
    }
    read = read_settings(plain_settings(sent), {"AWS_ENDPOINT_URL": LOCAL})
    assert read.default_tags == {"team": "research"}
    assert read.allowed_accounts == {"1", "2"}
    assert read.assume_roles[0]["roleArn"] == "arn:aws:iam::1:role/r"


def test_siblings_are_reported_if_the_variable_says_so() -> None:
    local = {"AWS_ENDPOINT_URL": LOCAL}
    assert not read_settings(SETTINGS, local).reports_siblings
    assert read_settings(SETTINGS, {**local, REPORT_SIBLINGS: "1"}).reports_siblings
