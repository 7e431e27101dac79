"""What AWS's names say: a region its partition, a URI its bucket, an image its repository."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from typing import Any

S3_URI = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(.*))?", re.DOTALL)
_ECR_HOST = re.compile(r"\.dkr[.-]ecr(?:-fips)?\.")
ECR_IMAGE = re.compile(
    r"(?P<account>\d{12})\.dkr(?P<sign>[.-])ecr(?:-fips)?"
    r"\.(?P<region>[a-z0-9-]+)\.(?P<domain>[a-z0-9.-]+)"
    r"/(?P<repository>[a-z0-9]+(?:[._/-]+[a-z0-9]+)*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?"
    r"(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
_REGION = re.compile(r"[a-z0-9-]+")
_CONSOLES = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-eusc": "console.amazonaws-eusc.eu",
    "aws-iso": "console.c2shome.ic.gov",
    "aws-iso-b": "console.sc2shome.sgov.gov",
    "aws-iso-e": "console.csphome.adc-e.uk",
    "aws-iso-f": "console.csphome.hci.ic.gov",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}
"""The domains of the consoles. botocore has them only as those where people sign in: its rules for
the endpoints of `signin` name them with signin in place of console."""


def is_region(text: str) -> bool:
    """Whether botocore knows a partition that a region of this name may belong to."""
    return _partition_of(text) is not None


def region_patterns() -> list[str]:
    """The patterns of the names of regions, one for each partition that botocore knows."""
    return [str(each["regionRegex"]) for each in _partitions()]


def partition(region: str) -> str:
    """The partition that a region belongs to, which every ARN begins with.

    Raises:
        ValueError: there is no such region.
    """
    return str(_partition(region)["id"])


def domain(region: str) -> str:
    """The domain of the services' hosts in a region.

    Raises:
        ValueError: there is no such region.
    """
    return str(_partition(region)["outputs"]["dnsSuffix"])


def console(region: str) -> str:
    """The address of a region's console, which each partition has under a domain of its own."""
    return f"https://{region}.{_CONSOLES[partition(region)]}"


@cache
def _partitions() -> list[dict[str, Any]]:
    """AWS's partitions, as the data of botocore describe them."""
    text = files("botocore").joinpath("data", "partitions.json").read_text()
    return list(json.loads(text)["partitions"])


@cache
def _partition_of(region: str) -> dict[str, Any] | None:
    if not _REGION.fullmatch(region):
        return None
    return next((each for each in _partitions() if re.match(each["regionRegex"], region)), None)


def _partition(region: str) -> dict[str, Any]:
    found = _partition_of(region)
    if found is None:
        raise ValueError(f"{region!r} is not an AWS region")
    return found


def region_of(arn: str) -> str:
    """The region that an ARN names; "" where it names none, and for a text that is not an ARN."""
    parts = arn.split(":", 5)
    return parts[3] if len(parts) == 6 else ""


def s3_location(uri: str) -> tuple[str, str]:
    """The bucket and the key prefix of an `s3://` URI; the prefix may be empty.

    Raises:
        ValueError: it is not such a URI, or it holds a character that IAM reads as a pattern.
    """
    match = S3_URI.fullmatch(uri)
    if match is None:
        raise ValueError(f"{uri!r} is not an S3 location; write s3://<bucket>/<prefix>")
    prefix = match[2] or ""
    if any(character in prefix for character in "*?$"):
        raise ValueError(f"{uri!r} holds *, ? or $, which a policy would read as a pattern")
    return match[1], prefix


def ecr_image(uri: str) -> re.Match[str] | None:
    """The parts of an image's URI: account, region, repository, and tag or digest if it has any.

    None where the image is in no private registry of ECR.
    """
    match = ECR_IMAGE.fullmatch(uri)
    return match if match and _is_registry(match) else None


def repository_arn(image_uri: str) -> str | None:
    """The ARN of the ECR repository that an image is in, None for an image of another registry.

    AWS's own images, the deep-learning containers, are in accounts of AWS, which differ by
    region; their URI names the account as any other does.

    Raises:
        ValueError: the URI names a host of ECR, and is malformed.
    """
    image = ecr_image(image_uri)
    if image is not None:
        account, region, repository = image["account"], image["region"], image["repository"]
        return f"arn:{partition(region)}:ecr:{region}:{account}:repository/{repository}"
    if _ECR_HOST.search(image_uri.partition("/")[0]):
        raise ValueError(
            f"image {image_uri!r} is not an ECR image; write "
            "<account>.dkr.ecr.<region>.amazonaws.com/<repository>:<tag>"
        )
    return None


def _is_registry(image: re.Match[str]) -> bool:
    """Whether an image's host has the domain that ECR has in the image's region.

    A point between dkr and ecr is in the hosts of IPv4, a hyphen in those of IPv4 and IPv6. The
    domain of these is that of the services' endpoints with `on` in place of `api`.
    """
    found = _partition_of(image["region"])
    if found is None:
        return False
    domains = found["outputs"]
    both = f"on.{domains['dualStackDnsSuffix'].removeprefix('api.')}"
    return bool(image["domain"] == (domains["dnsSuffix"] if image["sign"] == "." else both))
