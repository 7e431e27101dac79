from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from components.network.endpoints import EndpointService
from components.stack.ec2_answers import endpoint_services, offerings

REGION = "us-gov-west-1"
OPTIONS = pulumi.InvokeOptions()
INVOKED = "invoke of aws:ec2/getVpcEndpointService:getVpcEndpointService failed: "


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was printed as a warning."""
    printed: list[str] = []
    monkeypatch.setattr(pulumi, "warn", printed.append)
    return printed


def answer_services(monkeypatch: pytest.MonkeyPatch, **answers: Any) -> None:
    """Has the provider answer about these services, or raise an error."""

    def get(*, service_name: str, service_type: str, opts: Any) -> Any:
        assert (service_type, opts) == ("Interface", OPTIONS)
        answer = answers[service_name.removeprefix(f"com.amazonaws.{REGION}.")]
        if isinstance(answer, str):
            raise RuntimeError(f"{INVOKED}{answer}")
        zones, policy = answer
        return SimpleNamespace(availability_zones=zones, vpc_endpoint_policy_supported=policy)

    monkeypatch.setattr(aws.ec2, "get_vpc_endpoint_service", get)


def test_ec2_says_where_a_service_is_and_whether_it_takes_a_policy(
    monkeypatch: pytest.MonkeyPatch, warnings: list[str]
):
    answer_services(monkeypatch, logs=(["a", "b"], True), athena=(["b"], False))
    assert endpoint_services(["logs", "athena"], REGION, OPTIONS) == {
        "logs": EndpointService(["a", "b"], takes_policy=True),
        "athena": EndpointService(["b"], takes_policy=False),
    }
    assert warnings == []


@pytest.mark.parametrize(
    "text",
    [
        "reading EC2 VPC Endpoint Services: couldn't find resource",
        "no matching EC2 VPC Endpoint Service found",
    ],
)
def test_a_service_that_is_not_there_is_none(monkeypatch: pytest.MonkeyPatch, text: str):
    answer_services(monkeypatch, athena=text)
    assert endpoint_services(["athena"], REGION, OPTIONS) == {"athena": None}


def test_a_service_of_which_ec2_says_only_the_name_may_be_anywhere(
    monkeypatch: pytest.MonkeyPatch,
):
    answer_services(monkeypatch, logs=([], False))
    assert endpoint_services(["logs"], REGION, OPTIONS) == {"logs": EndpointService()}


def test_who_may_not_ask_gets_one_warning_and_endpoints_as_if_nothing_were_known(
    monkeypatch: pytest.MonkeyPatch, warnings: list[str]
):
    denied = "UnauthorizedOperation: You are not authorized to perform this operation."
    answer_services(monkeypatch, logs=denied, sts=denied)
    unknown = {"logs": EndpointService(), "sts": EndpointService()}
    assert endpoint_services(["logs", "sts"], REGION, OPTIONS) == unknown
    (warning,) = warnings
    assert "ec2:DescribeVpcEndpointServices" in warning
    assert "`pulumi up` by an administrator" in warning


def test_any_other_error_is_passed_on(monkeypatch: pytest.MonkeyPatch):
    answer_services(monkeypatch, logs="RequestLimitExceeded: Request limit exceeded.")
    with pytest.raises(RuntimeError, match="RequestLimitExceeded"):
        endpoint_services(["logs"], REGION, OPTIONS)


def answer_offerings(monkeypatch: pytest.MonkeyPatch, *offered: tuple[str, str]) -> list[Any]:
    """Has the provider answer that these types are in these zones; returns what it is asked."""
    asked: list[Any] = []

    def get(**arguments: Any) -> Any:
        asked.append(arguments)
        types, zones = [type_ for type_, _ in offered], [zone for _, zone in offered]
        return SimpleNamespace(instance_types=types, locations=zones)

    monkeypatch.setattr(aws.ec2, "get_instance_type_offerings", get)
    return asked


def test_ec2_says_in_which_zones_the_types_are_that_it_knows(monkeypatch: pytest.MonkeyPatch):
    asked = answer_offerings(monkeypatch, ("g5.xlarge", "a"), ("g5.xlarge", "b"))
    found = offerings(["ml.g5.xlarge", "ml.of-sagemaker.only"], OPTIONS)
    assert found == {"ml.g5.xlarge": {"a", "b"}}
    types = ["g5.xlarge", "of-sagemaker.only"]
    (arguments,) = asked
    assert arguments["location_type"] == "availability-zone"
    assert arguments["filters"] == [{"name": "instance-type", "values": types}]


def test_without_jobs_ec2_is_not_asked_about_types(monkeypatch: pytest.MonkeyPatch):
    asked = answer_offerings(monkeypatch)
    assert offerings([], OPTIONS) == {}
    assert asked == []


def test_who_may_not_ask_about_types_gets_a_warning(
    monkeypatch: pytest.MonkeyPatch, warnings: list[str]
):
    def refuse(**_: Any) -> Any:
        raise RuntimeError("api error UnauthorizedOperation: You are not authorized")

    monkeypatch.setattr(aws.ec2, "get_instance_type_offerings", refuse)
    assert offerings(["ml.g5.xlarge"], OPTIONS) == {}
    assert ["ec2:DescribeInstanceTypeOfferings" in each for each in warnings] == [True]
