"""The training instances' prices, from pages of the shape that the Price List API has."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from components.instances import training_instance_types
from development.prices import (
    TABLES,
    Price,
    PriceListError,
    changes,
    read_table,
    refresh,
    refreshed,
    training_prices,
    write_table,
)
from localcloud.services.price_list import products
from toolchain.layout import CHECKOUT

TABLE = (CHECKOUT / TABLES[0]).read_text()
EXPECTED = {
    "ServiceCode": "AmazonSageMaker",
    "FormatVersion": "aws_v1",
    "Filters": [
        {"Type": "TERM_MATCH", "Field": "regionCode", "Value": "us-east-1"},
        {"Type": "TERM_MATCH", "Field": "component", "Value": "Training"},
    ],
}


def product(name: str, usd: str, unit: str = "Hrs", date: str = "2026-10-01") -> str:
    """An entry as the API writes it: JSON in a text."""
    rate = {"unit": unit, "pricePerUnit": {"USD": usd}, "beginRange": "0", "endRange": "Inf"}
    return json.dumps(
        {
            "product": {
                "productFamily": "ML Instance",
                "attributes": {"instanceName": name, "component": "Training"},
                "sku": "ABCDEFGH",
            },
            "serviceCode": "AmazonSageMaker",
            "terms": {"OnDemand": {"ABCDEFGH.JRTCKXETXF": {"priceDimensions": {"rate": rate}}}},
            "publicationDate": f"{date}T12:00:00Z",
        }
    )


def pricing(*pages: list[str]) -> Any:
    """A client that answers with these pages, and only to the request that is expected."""
    client = boto3.client(
        "pricing", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="a"
    )
    stubber = Stubber(client)
    for number, page in enumerate(pages):
        more = {"NextToken": str(number + 1)} if number + 1 < len(pages) else {}
        token = {"NextToken": str(number)} if number else {}
        stubber.add_response("get_products", {"PriceList": page} | more, EXPECTED | token)
    stubber.activate()
    return client


def test_prices_are_read_from_all_pages():
    pages = [[product("ml.g5.xlarge", "1.4080000000")], [product("ml.p5.48xlarge", "63.296")]]
    assert training_prices(pricing(*pages)) == {
        "ml.g5.xlarge": Price("1.408", "2026-10-01"),
        "ml.p5.48xlarge": Price("63.296", "2026-10-01"),
    }


@pytest.mark.parametrize(
    "other", [product("ml.g5.xlarge", "0.0000000000"), product("ml.g5.xlarge", "0.14", "GB-Mo")]
)
def test_what_is_no_price_of_an_hour_changes_nothing(other: str):
    with pytest.raises(PriceListError, match="no price was changed"):
        training_prices(pricing([other]))


def test_a_type_that_is_not_listed_keeps_its_price_and_grade():
    old = read_table(TABLE)
    new = refreshed(old, {"ml.g5.xlarge": Price("9.5", "2026-10-01")})
    differing = [row for before, row in zip(old, new, strict=True) if before != row]
    assert [row["instance_type"] for row in differing] == ["ml.g5.xlarge"]
    assert differing[0]["price_date"] == "2026-10-01"
    assert differing[0]["price_grade"] == "A"
    [change] = changes(old, new)
    assert change.startswith("ml.g5.xlarge: ")
    assert change.endswith("→ 9.5 USD an hour")


def test_a_table_that_is_read_and_written_stays_the_same_text():
    assert write_table(read_table(TABLE)) == TABLE


def test_the_local_clouds_price_list_has_the_tables_prices():
    """What it serves is read back as what the program counts with."""
    listed = training_prices(pricing([json.dumps(each) for each in products()]))
    known = training_instance_types()
    assert len(listed) > 100
    for name, price in listed.items():
        assert float(price.usd_per_hour) == known[name].on_demand_usd_per_hour


def test_all_copies_of_the_table_are_written_alike(tmp_path: Path):
    for table in TABLES:
        (tmp_path / table).parent.mkdir(parents=True)
        shutil.copy(CHECKOUT / table, tmp_path / table)
    [change] = refresh(pricing([product("ml.g5.xlarge", "9.5")]), tmp_path)
    texts = {(tmp_path / table).read_text() for table in TABLES}
    assert "ml.g5.xlarge" in change
    assert len(texts) == 1
    assert "9.5" in texts.pop()
