from __future__ import annotations

from components.network.offerings import ec2_type, offering_problems

PATH = "network.availabilityZones"


def zones(letters: str) -> set[str]:
    return {f"us-west-2{each}" for each in letters}


def test_a_type_is_known_to_ec2_without_the_services_prefix():
    assert ec2_type("ml.g5.xlarge") == "g5.xlarge"


def test_zones_that_offer_all_types_are_fine():
    assert offering_problems({"ml.g5.xlarge": zones("abc")}, sorted(zones("ab")), PATH) == []
    assert offering_problems({}, sorted(zones("ab")), PATH) == []


def test_a_type_that_a_zone_lacks_is_named_with_the_zone_and_with_better_zones():
    offerings = {"ml.g5.xlarge": zones("abc"), "ml.p4de.24xlarge": zones("bc")}
    (problem,) = offering_problems(offerings, sorted(zones("ab")), PATH)
    assert (problem.path, problem.value) == (PATH, ["us-west-2a", "us-west-2b"])
    assert problem.rule == (
        "EC2 does not offer ml.p4de.24xlarge in us-west-2a, so its jobs find capacity only in "
        "us-west-2b"
    )
    assert problem.remedy == (
        "name zones that offer the types of all jobs, as [us-west-2b, us-west-2c]"
    )


def test_the_zones_that_the_network_has_come_first_in_the_remedy():
    offerings = {"ml.p5.48xlarge": zones("abd")}
    (problem,) = offering_problems(offerings, sorted(zones("cd")), PATH)
    assert "[us-west-2a, us-west-2d]" in problem.remedy


def test_a_type_that_no_zone_of_the_network_has_finds_no_capacity():
    offerings = {"ml.trn1.2xlarge": zones("c") | {"us-west-2-lax-1a"}}
    (problem,) = offering_problems(offerings, sorted(zones("ab")), PATH, "subnets in zones")
    assert problem.rule == (
        "EC2 does not offer ml.trn1.2xlarge in us-west-2a, us-west-2b, so its jobs find no capacity"
    )
    assert problem.remedy == (
        "name subnets in zones that offer the types of all jobs, as [us-west-2c]"
    )


def test_types_that_no_zone_has_together_belong_into_stacks_of_their_own():
    offerings = {"ml.trn1.2xlarge": zones("c"), "ml.p4d.24xlarge": zones("a")}
    (problem,) = offering_problems(offerings, sorted(zones("a")), PATH)
    assert "stacks of their own" in problem.remedy
