from __future__ import annotations

from typing import Any

import pytest
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, UnknownValueError, unknown_checking_proxy

from training_policies.resource import MISSING, UNKNOWN, Resource, as_the_sdk_sends


def resource(properties: dict[str, Any]) -> Resource:
    return Resource("aws:s3/bucket:Bucket", "store", "urn", unknown_checking_proxy(properties))


def test_a_value_is_read_by_its_dotted_path():
    job = resource({"vpcConfig": {"subnets": ["subnet-1", "subnet-2"]}})
    assert job.read("vpcConfig.subnets") == ["subnet-1", "subnet-2"]
    assert job.read("vpcConfig.subnets.1") == "subnet-2"


def test_what_is_not_there_is_missing():
    bucket = resource({"tags": {}, "rules": ["a"], "nothing": None, "name": "store"})
    for path in ("key", "tags.team", "rules.1", "rules.first", "nothing", "name.first"):
        assert bucket.read(path) is MISSING


def test_an_unknown_value_is_unknown_and_so_is_all_below_it():
    bucket = resource({"key": UNKNOWN_STRING_VALUE})
    assert bucket.read("key") is UNKNOWN
    assert bucket.read("key.arn") is UNKNOWN


def test_an_unknown_leaf_leaves_its_neighbours_known():
    job = resource({"vpcConfig": {"subnets": [UNKNOWN_STRING_VALUE, "subnet-2"], "groups": []}})
    assert job.read("vpcConfig") == {"subnets": [UNKNOWN, "subnet-2"], "groups": []}


def test_whole_numbers_are_integers_and_booleans_stay():
    read = resource({"count": 2.0, "price": 1.5, "spot": True}).read()
    assert read == {"count": 2, "price": 1.5, "spot": True}
    assert isinstance(read["count"], int)
    assert read["spot"] is True


def test_properties_are_as_the_sdk_hands_them_over():
    sent = as_the_sdk_sends({"count": 2, "on": True, "none": None, "__provider": "x", "list": [1]})
    assert dict(sent) == {"count": 2.0, "on": True, "list": sent["list"]}
    assert isinstance(sent["count"], float)
    assert sent["on"] is True
    assert list(sent["list"]) == [1.0]


def test_touching_an_unknown_value_raises_as_it_does_in_a_preview():
    sent = as_the_sdk_sends({"tags": {"team": UNKNOWN}})
    with pytest.raises(UnknownValueError):
        sent["tags"]["team"]
    with pytest.raises(UnknownValueError):
        dict(as_the_sdk_sends({"list": UNKNOWN}))
