from __future__ import annotations

import pytest

from components.network.endpoints import (
    EndpointService,
    endpoint_problems,
    offer_problems,
    service_name,
)


def test_endpoints_that_exist_are_accepted():
    assert endpoint_problems(["logs", "ecr.api", "ecr.dkr", "sagemaker.api"]) == []


def test_a_misspelt_endpoint_is_refused_with_the_one_that_was_meant():
    (problem,) = endpoint_problems(["logs", "ecr.ap"])
    assert (problem.path, problem.value) == ("1", "ecr.ap")
    assert "did you mean ecr.api?" in problem.remedy


def test_the_parts_of_a_service_are_what_its_name_means():
    (problem,) = endpoint_problems(["ecr"])
    assert "did you mean ecr.api or ecr.dkr?" in problem.remedy


def test_a_name_like_no_endpoint_is_refused_with_all_that_exist():
    (problem,) = endpoint_problems(["zzz"])
    assert "did you mean" not in problem.remedy
    assert "secretsmanager" in problem.remedy


def test_an_endpoint_named_twice_is_refused():
    (problem,) = endpoint_problems(["logs", "logs"])
    assert (problem.path, problem.rule) == ("1", "is in the list twice")


@pytest.mark.parametrize("names", [["s3"], ["logs", "s3"]])
def test_s3_is_no_interface_endpoint_because_its_gateway_is_always_there(names: list[str]):
    (problem,) = endpoint_problems(names)
    assert "gateway endpoint" in problem.rule


def test_an_endpoints_service_is_named_by_region():
    assert service_name("ecr.dkr", "eu-west-1") == "com.amazonaws.eu-west-1.ecr.dkr"


ZONES = ["us-east-1d", "us-east-1e"]


def test_an_endpoint_that_can_be_in_one_of_the_zones_is_accepted():
    services = {"ecr.api": EndpointService(["us-east-1a", "us-east-1d"]), "logs": EndpointService()}
    assert offer_problems(services, ZONES, "us-east-1") == []
    assert services["ecr.api"].zones_among(ZONES) == ["us-east-1d"]
    assert services["logs"].zones_among(ZONES) == ZONES


def test_an_endpoint_that_can_be_in_none_of_the_zones_is_refused_with_those_that_it_can_be_in():
    services = {"logs": EndpointService(), "ecr.api": EndpointService(["us-east-1b", "us-east-1a"])}
    (problem,) = offer_problems(services, ZONES, "us-east-1")
    assert (problem.path, problem.value) == ("1", "ecr.api")
    assert problem.rule == (
        "is offered in us-east-1a, us-east-1b only, and the network is in us-east-1d, us-east-1e"
    )
    assert "network.availabilityZones" in problem.remedy


def test_an_endpoint_that_the_region_does_not_have_is_refused():
    services = {"codeartifact.api": None, "logs": EndpointService()}
    (problem,) = offer_problems(services, ZONES, "us-west-1")
    assert (problem.path, problem.value) == ("0", "codeartifact.api")
    assert problem.rule == "is not offered as an interface endpoint in us-west-1"
    assert "network.nat" in problem.remedy
