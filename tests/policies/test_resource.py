from __future__ import annotations

from typing import Any

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, unknown_checking_proxy

from training_policies.resource import MISSING, UNKNOWN, Resource


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
