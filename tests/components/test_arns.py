from __future__ import annotations

import pytest
from botocore.session import get_session

from components.arns import (
    console,
    domain,
    is_region,
    partition,
    repository_arn,
    s3_location,
)

DIGEST = "sha256:" + "0a" * 32


@pytest.mark.parametrize(
    ("image", "arn"),
    [
        (
            "123456789012.dkr.ecr.us-east-1.amazonaws.com/digits:1",
            "arn:aws:ecr:us-east-1:123456789012:repository/digits",
        ),
        (
            f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/digits@{DIGEST}",
            "arn:aws:ecr:eu-west-1:123456789012:repository/team/digits",
        ),
        (
            f"763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.6.0-gpu@{DIGEST}",
            "arn:aws:ecr:us-east-1:763104351884:repository/pytorch-training",
        ),
        (
            "727897471807.dkr.ecr.cn-north-1.amazonaws.com.cn/pytorch-training",
            "arn:aws-cn:ecr:cn-north-1:727897471807:repository/pytorch-training",
        ),
        (
            "123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com/digits:1",
            "arn:aws-us-gov:ecr:us-gov-west-1:123456789012:repository/digits",
        ),
        (
            "123456789012.dkr-ecr.us-east-1.on.aws/digits:1",
            "arn:aws:ecr:us-east-1:123456789012:repository/digits",
        ),
        (
            "123456789012.dkr-ecr-fips.us-east-1.on.aws/digits:1",
            "arn:aws:ecr:us-east-1:123456789012:repository/digits",
        ),
        (
            "123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu/digits:1",
            "arn:aws-eusc:ecr:eusc-de-east-1:123456789012:repository/digits",
        ),
        (
            "123456789012.dkr-ecr.eusc-de-east-1.on.amazonwebservices.eu/digits:1",
            "arn:aws-eusc:ecr:eusc-de-east-1:123456789012:repository/digits",
        ),
        (
            "123456789012.dkr.ecr.eu-isoe-west-1.cloud.adc-e.uk/digits:1",
            "arn:aws-iso-e:ecr:eu-isoe-west-1:123456789012:repository/digits",
        ),
        (
            "123456789012.dkr.ecr.us-iso-east-1.c2s.ic.gov/digits:1",
            "arn:aws-iso:ecr:us-iso-east-1:123456789012:repository/digits",
        ),
        (
            "123456789012.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn/digits:1",
            "arn:aws-cn:ecr:cn-north-1:123456789012:repository/digits",
        ),
    ],
)
def test_an_image_in_ecr_names_its_repository(image: str, arn: str):
    assert repository_arn(image) == arn


@pytest.mark.parametrize("image", ["python:3.12", "registry.example.com/team/digits:1", "digits"])
def test_an_image_in_another_registry_has_no_repository_to_be_granted(image: str):
    assert repository_arn(image) is None


@pytest.mark.parametrize(
    "image",
    [
        "12345.dkr.ecr.us-east-1.amazonaws.com/digits:1",
        "123456789012.dkr.ecr.us-east-1.on.aws/digits:1",
        "123456789012.dkr-ecr.us-east-1.amazonaws.com/digits:1",
        "123456789012.dkr.ecr.us-east-1.example.com/digits:1",
        "123456789012.dkr.ecr.us-east-1.amazonaws.com.cn/digits:1",
        "123456789012.dkr.ecr.nowhere-1.amazonaws.com/digits:1",
        "123456789012.dkr.ecr.us-east-1.amazonaws.com/",
        "123456789012.dkr.ecr.us-east-1.amazonaws.com/Digits",
        "123456789012.dkr.ecr.us-east-1.amazonaws.com/*",
        "123456789012.dkr.ecr.us-east-1.amazonaws.com/digits@sha256:0a",
    ],
)
def test_a_malformed_ecr_image_is_refused_with_the_form_it_should_have(image: str):
    with pytest.raises(ValueError, match="is not an ECR image; write <account>"):
        repository_arn(image)


@pytest.mark.parametrize(
    ("uri", "location"),
    [
        ("s3://data/train/", ("data", "train/")),
        ("s3://data/train", ("data", "train")),
        ("s3://data", ("data", "")),
        ("s3://data/", ("data", "")),
        ("s3://data/a b/é", ("data", "a b/é")),
    ],
)
def test_an_s3_location_has_a_bucket_and_a_prefix(uri: str, location: tuple[str, str]):
    assert s3_location(uri) == location


@pytest.mark.parametrize(
    "uri", ["data/train", "https://data/train", "s3://", "s3:///train", "s3://D/x"]
)
def test_what_is_not_an_s3_location_is_refused(uri: str):
    with pytest.raises(ValueError, match="is not an S3 location"):
        s3_location(uri)


@pytest.mark.parametrize("uri", ["s3://data/*", "s3://data/tr?in", "s3://data/${aws:username}/"])
def test_a_location_that_a_policy_would_read_as_a_pattern_is_refused(uri: str):
    with pytest.raises(ValueError, match="would read as a pattern"):
        s3_location(uri)


PARTITIONS = [
    ("us-east-1", "aws", "amazonaws.com", "console.aws.amazon.com"),
    ("mx-central-1", "aws", "amazonaws.com", "console.aws.amazon.com"),
    ("cn-north-1", "aws-cn", "amazonaws.com.cn", "console.amazonaws.cn"),
    ("us-gov-west-1", "aws-us-gov", "amazonaws.com", "console.amazonaws-us-gov.com"),
    ("eusc-de-east-1", "aws-eusc", "amazonaws.eu", "console.amazonaws-eusc.eu"),
    ("us-iso-east-1", "aws-iso", "c2s.ic.gov", "console.c2shome.ic.gov"),
    ("us-isob-east-1", "aws-iso-b", "sc2s.sgov.gov", "console.sc2shome.sgov.gov"),
    ("eu-isoe-west-1", "aws-iso-e", "cloud.adc-e.uk", "console.csphome.adc-e.uk"),
    ("us-isof-south-1", "aws-iso-f", "csp.hci.ic.gov", "console.csphome.hci.ic.gov"),
]


@pytest.mark.parametrize(("region", "name", "hosts", "address"), PARTITIONS)
def test_a_region_has_the_name_the_domain_and_the_console_of_its_partition(
    region: str, name: str, hosts: str, address: str
):
    assert is_region(region)
    assert partition(region) == name
    assert domain(region) == hosts
    assert console(region) == f"https://{region}.{address}"


def test_every_region_that_the_sdk_knows_has_a_partition_with_a_console():
    session = get_session()
    for name in session.get_available_partitions():
        for region in session.get_available_regions("sagemaker", name):
            assert partition(region) == session.get_partition_for_region(region)
            assert console(region).startswith(f"https://{region}.console.")


@pytest.mark.parametrize(
    "text", ["", "us-east", "aws-global", "xx-east-1", "us-EAST-1", "us-east-1\n"]
)
def test_what_is_not_a_region_has_no_partition(text: str):
    assert not is_region(text)
    with pytest.raises(ValueError, match="is not an AWS region"):
        partition(text)
