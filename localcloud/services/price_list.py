"""The Price List API, for the instances of training jobs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from localcloud.protocol.errors import ServiceError
from localcloud.protocol.paging import page
from localcloud.protocol.validation import validate
from localcloud.sagemaker.jobs.instances import InstanceType, instance_types

Document = dict[str, Any]

_SERVICE = "AmazonSageMaker"
_LARGEST_PAGE = 100
# The codes of AWS's price list for on-demand terms, and for their price per hour.
_TERM, _RATE = "JRTCKXETXF", "6YS6EN2CT7"
_COMPARISONS: Mapping[str, Callable[[str, str], bool]] = {
    "TERM_MATCH": lambda value, wanted: value == wanted,
    "EQUALS": lambda value, wanted: value == wanted,
    "CONTAINS": lambda value, wanted: wanted in value,
    "ANY_OF": lambda value, wanted: value in wanted.split(","),
    "NONE_OF": lambda value, wanted: value not in wanted.split(","),
}


class PriceList:
    """Answers for SageMaker's training instances in us-east-1, whose prices are known."""

    name = signing_name = "pricing"

    def __init__(self) -> None:
        self._operations: dict[str, Callable[[Document], Document]] = {
            "GetProducts": _get_products,
            "GetAttributeValues": _get_attribute_values,
            "DescribeServices": _describe_services,
        }

    def offers(self, operation: str, _request: Document) -> bool:
        """Whether this service answers."""
        return operation in self._operations

    def call(self, operation: str, request: Document, _account: str, _region: str) -> Document:
        """The answer to a request. Raises the ServiceError of the service."""
        validate(operation, request, "pricing", _invalid)
        if request.get("ServiceCode", _SERVICE) != _SERVICE:
            raise ServiceError("NotFoundException", "Invalid Service Code")
        return self._operations[operation](request)


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidParameterException", message)


def _get_products(request: Document) -> Document:
    filters = request.get("Filters", [])
    chosen = [json.dumps(each) for each in products() if _passes(each, filters)]
    answer = page("PriceList", chosen, request, _LARGEST_PAGE)
    return {"FormatVersion": "aws_v1", **answer}


def _get_attribute_values(request: Document) -> Document:
    name = request["AttributeName"]
    values = {each["product"]["attributes"].get(name) for each in products()} - {None}
    if not values:
        raise ServiceError("NotFoundException", f"Attribute {name} not found")
    entries = [{"Value": value} for value in sorted(values)]
    return page("AttributeValues", entries, request, _LARGEST_PAGE)


def _describe_services(_request: Document) -> Document:
    names = sorted(products()[0]["product"]["attributes"])
    services = [{"ServiceCode": _SERVICE, "AttributeNames": [*names, "productFamily"]}]
    return {"FormatVersion": "aws_v1", "Services": services}


def _passes(product: Document, filters: list[Document]) -> bool:
    described = product["product"]
    fields = {**described["attributes"], "productFamily": described["productFamily"]}
    return all(
        each["Field"] in fields
        and _COMPARISONS[each["Type"]](fields[each["Field"]].lower(), each["Value"].lower())
        for each in filters
    )


@cache
def products() -> tuple[Document, ...]:
    """The entries of the price list, in its own format."""
    return tuple(_products())


def _products() -> Iterator[Document]:
    for instance in instance_types().values():
        if instance.listed_price:
            yield _product(instance)


def _product(instance: InstanceType) -> Document:
    sku = hashlib.sha256(instance.name.encode()).hexdigest()[:16].upper()
    return {
        "product": {
            "productFamily": "ML Instance",
            "attributes": _attributes(instance),
            "sku": sku,
        },
        "serviceCode": _SERVICE,
        "terms": {"OnDemand": {f"{sku}.{_TERM}": _term(instance, sku)}},
        "version": instance.price_date.replace("-", ""),
        "publicationDate": f"{instance.price_date}T00:00:00Z",
    }


def _attributes(instance: InstanceType) -> Document:
    return {
        "component": "Training",
        "gpu": str(instance.accelerators) if instance.accelerators else "N/A",
        "instanceName": instance.name,
        "instanceType": f"{instance.name}-Training",
        "location": "US East (N. Virginia)",
        "locationType": "AWS Region",
        "memory": f"{instance.memory_gib:g} GiB",
        "operation": "RunInstance",
        "platoinstancename": instance.family,
        "regionCode": "us-east-1",
        "servicecode": _SERVICE,
        "servicename": "Amazon SageMaker",
        "usagetype": f"USE1-Train:{instance.name}",
        "vCpu": str(instance.vcpus),
    }


def _term(instance: InstanceType, sku: str) -> Document:
    rate = f"{sku}.{_TERM}.{_RATE}"
    return {
        "offerTermCode": _TERM,
        "sku": sku,
        "effectiveDate": f"{instance.price_date}T00:00:00Z",
        "termAttributes": {},
        "priceDimensions": {
            rate: {
                "rateCode": rate,
                "unit": "Hrs",
                "beginRange": "0",
                "endRange": "Inf",
                "description": (
                    f"${instance.listed_price} per Training {instance.name} hour in "
                    "US East (N. Virginia)"
                ),
                "appliesTo": [],
                "pricePerUnit": {"USD": f"{float(instance.listed_price):.10f}"},
            }
        },
    }
