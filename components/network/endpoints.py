"""The services that can have an interface endpoint, and the names that are refused."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

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


def endpoint_problems(names: Sequence[str]) -> list[Problem]:
    """Everything that is wrong with names of interface endpoints; paths relative to the list."""
    return [
        _problem(position, name)
        for position, name in enumerate(names)
        if name not in INTERFACE_ENDPOINTS or name in names[:position]
    ]


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
