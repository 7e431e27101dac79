from __future__ import annotations

import pytest

from components.network.further_buckets import bucket_problems


def test_names_of_buckets_are_accepted():
    assert bucket_problems(["hf-hub-lfs-us-east-1", "data.example.org", "abc", "a" * 63]) == []


@pytest.mark.parametrize(
    "name",
    [
        "ab",
        "a" * 64,
        "Data",
        "data_1",
        "data*",
        "s3://data",
        "data/train",
        "-data",
        "data-",
        "data..set",
        "192.168.0.1",
        "$data",
        "",
    ],
)
def test_what_is_no_name_of_a_bucket_is_refused(name: str):
    (problem,) = bucket_problems(["data", name])
    assert (problem.path, problem.value) == ("1", name)
    assert "is not the name of a bucket" in problem.rule
    assert "without s3://" in problem.remedy


def test_a_bucket_named_twice_is_refused():
    (problem,) = bucket_problems(["data", "other", "data"])
    assert (problem.path, problem.rule) == ("2", "is in the list twice")
