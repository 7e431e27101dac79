"""Updates the prices of training instances: `python -m development.prices`.

Unlike the other commands it calls AWS, with the user's credentials, which need
`pricing:GetProducts`. It writes the table of instance types, and the policy pack's copy of it: the
pack is published without the program.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from toolchain.layout import CHECKOUT

REGION = "us-east-1"
"""The region of the prices in the table, and of the API's endpoint."""

TABLES = (
    "components/instances.csv",
    "policies/training_policies/instances.csv",
)
_FILTERS = {"regionCode": REGION, "component": "Training"}
_GRADE = "A"
"""The mark of a price from the price list's entry for training; see components/instances.py."""

Row = dict[str, str]


class PriceListError(Exception):
    """The price list lacks what is expected; the message says what, and that nothing changed."""


@dataclass(frozen=True)
class Price:
    """USD per instance and hour as the price list writes it, and the day it was published."""

    usd_per_hour: str
    date: str


def training_prices(pricing: Any) -> dict[str, Price]:
    """The on-demand price of each instance type that the price list sells for training.

    Raises:
        PriceListError: it lists none.
    """
    filters = [{"Type": "TERM_MATCH", "Field": k, "Value": v} for k, v in _FILTERS.items()]
    pages = pricing.get_paginator("get_products").paginate(
        ServiceCode="AmazonSageMaker", FormatVersion="aws_v1", Filters=filters
    )
    products = (json.loads(text) for page in pages for text in page["PriceList"])
    prices = {name: price for product in products for name, price in _prices(product)}
    if not prices:
        raise PriceListError(
            f"The price list has no training instance in {REGION}, so no price was changed."
        )
    return prices


def refreshed(rows: Iterable[Row], prices: Mapping[str, Price]) -> list[Row]:
    """The table with the price list's prices; a type that the list lacks keeps its price."""
    return [row | _columns(prices.get(row["instance_type"])) for row in rows]


def changes(old: Iterable[Row], new: Iterable[Row]) -> Iterator[str]:
    """The changed prices of a refreshed table, one per line."""
    column = "on_demand_usd_per_hour"
    for before, after in zip(old, new, strict=True):
        if before[column] != after[column]:
            shown = before[column] or "unknown"
            yield f"{after['instance_type']}: {shown} → {after[column]} USD an hour"


def read_table(text: str) -> list[Row]:
    """The rows of a table."""
    return list(csv.DictReader(io.StringIO(text)))


def write_table(rows: list[Row]) -> str:
    """A table's text; the same rows are the same text."""
    written = io.StringIO()
    writer = csv.DictWriter(written, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue()


def refresh(pricing: Any, checkout: Path) -> list[str]:
    """Writes the tables of a checkout with today's prices; returns what has changed."""
    old = read_table((checkout / TABLES[0]).read_text(encoding="utf-8"))
    new = refreshed(old, training_prices(pricing))
    for table in TABLES:
        (checkout / table).write_text(write_table(new), encoding="utf-8")
    return list(changes(old, new))


def main() -> int:
    """Refreshes the tables of this checkout and returns the exit code."""
    try:
        changed = refresh(boto3.client("pricing", region_name=REGION), CHECKOUT)
    except (PriceListError, BotoCoreError, ClientError) as error:
        print(f"{error}\nRemedy: use credentials that may call pricing:GetProducts, and try again.")
        return 1
    print("\n".join([*changed, f"{len(changed)} prices changed."]))
    return 0


def _prices(product: Mapping[str, Any]) -> Iterator[tuple[str, Price]]:
    """The name and the hourly price of an entry that is an instance."""
    name = product["product"]["attributes"].get("instanceName", "")
    for term in product["terms"].get("OnDemand", {}).values():
        for dimension in term["priceDimensions"].values():
            usd = dimension["pricePerUnit"].get("USD")
            if dimension["unit"] == "Hrs" and usd and float(usd) > 0:
                yield name, Price(_shortest(usd), product["publicationDate"][:10])


def _shortest(number: str) -> str:
    """A decimal number without the zeros that the price list adds at its end."""
    return format(Decimal(number).normalize(), "f")


def _columns(price: Price | None) -> Row:
    if price is None:
        return {}
    return {
        "on_demand_usd_per_hour": price.usd_per_hour,
        "price_grade": _GRADE,
        "price_date": price.date,
    }


if __name__ == "__main__":
    sys.exit(main())
