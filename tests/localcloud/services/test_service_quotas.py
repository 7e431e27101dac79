"""Quotas of training instances: how they are shown, raised and reported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from typer.testing import CliRunner

from localcloud.__main__ import app
from localcloud.sagemaker.jobs.quota_book import quotas
from tests.localcloud.cloud import LISTEN, Cloud, refusal, resources

TYPE = "ml.m5.large"
OTHER = "ml.c5.xlarge"


@dataclass
class Account:
    """A region of its own, whose quotas no other test counts on."""

    cloud: Cloud
    quotas: Any
    sagemaker: Any
    region: str

    def codes(self) -> dict[str, str]:
        pages = self.quotas.get_paginator("list_service_quotas").paginate(ServiceCode="sagemaker")
        return {
            quota["QuotaName"]: quota["QuotaCode"] for page in pages for quota in page["Quotas"]
        }


@pytest.fixture(scope="module")
def account(cloud: Cloud) -> Account:
    region = "us-west-2"
    there = Cloud(cloud.server, cloud.data, region, "quotas-of-a-region")
    return Account(there, there.client("service-quotas"), there.sagemaker, region)


def test_more_instances_than_the_quota_are_refused_in_the_services_words(account: Account):
    set_quota(account, TYPE, "3")
    running = account.cloud.request(LISTEN, ResourceConfig=resources(2))
    account.sagemaker.create_training_job(**running)

    code, message = refusal(
        account.sagemaker.create_training_job,
        **account.cloud.request(ResourceConfig=resources(2)),
    )
    account.sagemaker.stop_training_job(TrainingJobName=running["TrainingJobName"])

    assert code == "ResourceLimitExceeded"
    assert message == (
        "The account-level service limit 'ml.m5.large for training job usage' is 3 Instances, "
        "with current utilization of 2 Instances and a request delta of 2 Instances. Please "
        "contact AWS support to request an increase for this limit."
    )


def test_a_spot_jobs_quota_is_named_apart(account: Account):
    set_quota(account, OTHER, "0", "--spot")
    spot = account.cloud.request(
        ResourceConfig={**resources(1), "InstanceType": OTHER},
        EnableManagedSpotTraining=True,
        StoppingCondition={"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 60},
    )

    code, message = refusal(account.sagemaker.create_training_job, **spot)

    assert code == "ResourceLimitExceeded"
    assert f"'{OTHER} for spot training job usage' is 0 Instances" in message


def test_quotas_are_listed_by_pages_and_shown_by_code(account: Account):
    codes = account.codes()
    code = codes["ml.p4d.24xlarge for spot training job usage"]

    quota = account.quotas.get_service_quota(ServiceCode="sagemaker", QuotaCode=code)["Quota"]

    assert len(codes) == len(quotas())
    assert quota["QuotaName"] == "ml.p4d.24xlarge for spot training job usage"
    assert quota["Value"] == 100.0
    assert quota["QuotaArn"].endswith(f":us-west-2:123456789012:sagemaker/{code}")


def test_an_increase_is_granted_at_once_and_leaves_the_default_as_it_was(account: Account):
    code = account.codes()["ml.g5.xlarge for training warm pool usage"]
    chosen = {"ServiceCode": "sagemaker", "QuotaCode": code}

    asked = account.quotas.request_service_quota_increase(**chosen, DesiredValue=4.0)

    change = asked["RequestedQuota"]
    assert change["Status"] == "APPROVED"
    found = account.quotas.get_requested_service_quota_change(RequestId=change["Id"])
    assert found["RequestedQuota"]["DesiredValue"] == 4.0
    assert account.quotas.get_service_quota(**chosen)["Quota"]["Value"] == 4.0
    default = account.quotas.get_aws_default_service_quota(**chosen)["Quota"]
    assert default["Value"] == 0.0
    elsewhere = account.cloud.client("service-quotas", "eu-central-1")
    assert elsewhere.get_service_quota(**chosen)["Quota"]["Value"] == 0.0


def test_no_increase_is_a_refusal(account: Account):
    code = account.codes()["ml.g5.xlarge for training job usage"]
    ask = account.quotas.request_service_quota_increase

    refused = refusal(ask, ServiceCode="sagemaker", QuotaCode=code, DesiredValue=100.0)

    assert refused[0] == "IllegalArgumentException"


def test_a_code_that_does_not_exist_is_reported(account: Account):
    found = account.quotas.get_service_quota

    code, _ = refusal(found, ServiceCode="sagemaker", QuotaCode="L-00000000")

    assert code == "NoSuchResourceException"


def test_a_request_that_lacks_something_is_refused(account: Account):
    assert refusal(account.quotas.get_service_quota, ServiceCode="sagemaker") == (
        "IllegalArgumentException",
        "1 validation error detected: Value null at 'quotaCode' failed to satisfy constraint: "
        "Member must not be null",
    )


def test_quotas_of_other_services_stay_with_the_other_services(account: Account):
    listed = account.quotas.list_aws_default_service_quotas(ServiceCode="vpc")["Quotas"]

    assert {quota["ServiceCode"] for quota in listed} == {"vpc"}


def test_a_quota_of_an_unknown_type_cannot_be_set(account: Account):
    result = set_quota(account, "ml.none.large", "1", code=1)

    assert "There is no quota 'ml.none.large for training job usage'" in result


def set_quota(account: Account, name: str, value: str, *options: str, code: int = 0) -> str:
    data = ["--data", str(account.cloud.data), "--region", account.region]
    result = CliRunner().invoke(app, ["quota", name, value, *options, *data])
    assert result.exit_code == code, result.output
    return result.output
