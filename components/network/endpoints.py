"""The services that can have an interface endpoint, where they are, and what is refused."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from components.problems import Problem

INTERFACE_ENDPOINTS = frozenset(
    {
        "athena",
        "bedrock-runtime",
        "codeartifact.api",
        "codeartifact.repositories",
        "ec2",
        "ecr.api",
        "ecr.dkr",
        "elasticfilesystem",
        "events",
        "glue",
        "kinesis-firehose",
        "kinesis-streams",
        "kms",
        "lambda",
        "logs",
        "monitoring",
        "redshift-data",
        "sagemaker.api",
        "sagemaker.featurestore-runtime",
        "sagemaker.metrics",
        "sagemaker.runtime",
        "secretsmanager",
        "sns",
        "sqs",
        "ssm",
        "states",
        "sts",
        "xray",
    }
)
"""Services that a training script may call, by what follows `com.amazonaws.<region>.`."""


@dataclass(frozen=True)
class EndpointService:
    """What EC2 says about an endpoint's service in a region; by default, that nothing is known.

    Attributes:
        zones: the availability zones that its endpoints can be in; empty if that is not known.
        takes_policy: whether its endpoints can have a policy of their own.
    """

    zones: Sequence[str] = ()
    takes_policy: bool = True

    def zones_among(self, zones: Sequence[str]) -> list[str]:
        """Those of the zones that its endpoints can be in."""
        return [zone for zone in zones if not self.zones or zone in self.zones]


def endpoint_problems(names: Sequence[str]) -> list[Problem]:
    """Everything that is wrong with names of interface endpoints; paths relative to the list."""
    return [
        _problem(position, name)
        for position, name in enumerate(names)
        if name not in INTERFACE_ENDPOINTS or name in names[:position]
    ]


def offer_problems(
    services: Mapping[str, EndpointService | None], zones: Sequence[str], region: str
) -> list[Problem]:
    """The endpoints that can't be made in a network's zones; paths relative to their list.

    Args:
        services: what EC2 says about the service of each endpoint, in the order of their list;
            None for a service that it does not offer.
        zones: the zones of the network.
        region: the region of the network.
    """
    found = []
    for position, (name, service) in enumerate(services.items()):
        if service is None:
            rule = f"is not offered as an interface endpoint in {region}"
            remedy = "remove it; with network.nat, jobs reach the service over the internet"
            found.append(Problem(str(position), name, rule, remedy))
        elif not service.zones_among(zones):
            rule = f"is offered in {_listed(service.zones)} only, and the network is in "
            remedy = "set network.availabilityZones so that the network is in one of them too"
            found.append(Problem(str(position), name, f"{rule}{_listed(zones)}", remedy))
    return found


def _listed(zones: Sequence[str]) -> str:
    return ", ".join(sorted(zones))


def service_name(endpoint: str, region: str) -> str:
    """The full name of an endpoint's service."""
    return f"com.amazonaws.{region}.{endpoint}"


def _problem(position: int, name: str) -> Problem:
    path = str(position)
    if name in INTERFACE_ENDPOINTS:
        return Problem(path, name, "is in the list twice", "name each endpoint once")
    if name == "s3":
        rule = "has no interface endpoint here: every network has a gateway endpoint for it"
        return Problem(path, name, rule, "remove it")
    parts = sorted(each for each in INTERFACE_ENDPOINTS if each.startswith(f"{name}."))
    close = parts or difflib.get_close_matches(name, INTERFACE_ENDPOINTS, n=1)
    meant = f"did you mean {' or '.join(close)}? " if close else ""
    remedy = f"{meant}the endpoints are {', '.join(sorted(INTERFACE_ENDPOINTS))}"
    return Problem(path, name, "is not the name of an interface endpoint", remedy)
