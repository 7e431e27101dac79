"""The Price List of training instances."""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.instances import training_instance_types
from localcloud.services.price_list import products
from tests.localcloud.cloud import Cloud, refusal


@pytest.fixture(scope="module")
def pricing(cloud: Cloud) -> Any:
    return cloud.client("pricing")


def found(pricing: Any, **fields: str) -> list[dict[str, Any]]:
    pages = pricing.get_paginator("get_products").paginate(
        ServiceCode="AmazonSageMaker",
        Filters=[
            {"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in fields.items()
        ],
    )
    return [json.loads(each) for page in pages for each in page["PriceList"]]


def price(product: dict[str, Any]) -> float:
    (term,) = product["terms"]["OnDemand"].values()
    (dimension,) = term["priceDimensions"].values()
    assert dimension["unit"] == "Hrs"
    return float(dimension["pricePerUnit"]["USD"])


def test_a_training_instances_price_is_found_by_its_name_and_region(pricing: Any):
    (product,) = found(
        pricing, regionCode="us-east-1", component="Training", instanceName="ml.g5.2xlarge"
    )

    assert product["product"]["attributes"]["vCpu"] == "8"
    table = training_instance_types()
    assert price(product) == table["ml.g5.2xlarge"].on_demand_usd_per_hour


def test_what_is_not_known_has_no_price(pricing: Any):
    assert found(pricing, instanceName="ml.g5.2xlarge", regionCode="eu-west-1") == []
    assert found(pricing, instanceName="ml.p3.2xlarge") == []
    assert found(pricing, component="Hosting") == []


def test_all_pages_together_are_the_whole_list(pricing: Any):
    assert len(found(pricing)) == len(products()) > 100


@pytest.mark.parametrize(
    ("comparison", "value", "expected"),
    [
        ("CONTAINS", "g5.4", {"ml.g5.48xlarge", "ml.g5.4xlarge"}),
        ("ANY_OF", "ml.g5.xlarge,ml.m5.large", {"ml.g5.xlarge", "ml.m5.large"}),
    ],
)
def test_products_are_filtered_by_other_comparisons(
    pricing: Any, comparison: str, value: str, expected: set[str]
):
    chosen = {"Type": comparison, "Field": "instanceName", "Value": value}

    answer = pricing.get_products(ServiceCode="AmazonSageMaker", Filters=[chosen])

    named = {
        json.loads(each)["product"]["attributes"]["instanceName"] for each in answer["PriceList"]
    }
    assert named == expected


def test_an_attributes_values_are_listed(pricing: Any):
    answer = pricing.get_attribute_values(ServiceCode="AmazonSageMaker", AttributeName="component")

    assert answer["AttributeValues"] == [{"Value": "Training"}]


def test_an_unknown_comparison_is_refused(pricing: Any):
    filters = [{"Type": "LIKE", "Field": "component", "Value": "Training"}]

    code, message = refusal(pricing.get_products, ServiceCode="AmazonSageMaker", Filters=filters)

    assert code == "InvalidParameterException"
    assert "Member must satisfy enum value set: [" in message


def test_another_services_prices_are_not_known(pricing: Any):
    assert refusal(pricing.get_products, ServiceCode="AmazonEC2")[0] == "NotFoundException"
