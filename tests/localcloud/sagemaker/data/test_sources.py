"""Objects and their places within a channel."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localcloud.sagemaker.data.sources import relative_name, shard
from localcloud.sagemaker.jobs.failure_reasons import ClientError


@pytest.mark.parametrize(
    ("key", "prefix", "expected"),
    [
        ("data/train/a/b.txt", "data/train/", "a/b.txt"),
        ("data/train/b.txt", "data/train", "b.txt"),
        ("data/train.csv", "data/train.csv", "train.csv"),
        ("data/train/b.txt", "data/tr", "train/b.txt"),
        ("b.txt", "", "b.txt"),
    ],
)
def test_an_object_keeps_its_path_below_the_prefix(key: str, prefix: str, expected: str):
    assert relative_name(key, prefix) == expected


def test_a_key_that_would_leave_the_channel_is_refused():
    with pytest.raises(ClientError, match="would leave"):
        relative_name("data/../../etc/passwd", "data/")


@settings(max_examples=30)
@given(st.sets(st.text(min_size=1)), st.integers(1, 8))
def test_shards_are_a_fair_division(keys: set[str], count: int):
    shards = [shard(sorted(keys), index, count) for index in range(count)]

    assert sorted(key for each in shards for key in each) == sorted(keys)
    sizes = [len(each) for each in shards]
    assert max(sizes) - min(sizes) <= 1
