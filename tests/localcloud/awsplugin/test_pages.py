"""What AWS lists in pages is read to its end, and only then changed."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends

import localcloud.awsplugin
from localcloud.awsplugin.plugin_errors import AwsError
from localcloud.awsplugin.resources import s3_bucket
from tests.localcloud.awsplugin.engine import Engine
from tests.localcloud.awsplugin.world import World

Aws = Callable[[str], Any]
_PAGE = 1000
_IDENTITY = ("Id", "Ids", "Name", "Names", "Arn")


def fill(bucket: str, keys: int, versions: int) -> None:
    """Put versions of keys into a bucket, and a delete marker on each; past the endpoint: fast."""
    backend = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
    backend.put_bucket_versioning(bucket, "Enabled")
    for key in range(keys):
        for _ in range(versions):
            backend.put_object(bucket, f"key-{key:04}", b"")
        backend.delete_object(bucket, f"key-{key:04}")


@pytest.mark.parametrize(("keys", "versions"), [(_PAGE + 1, 1), (4, 260)])
def test_a_bucket_is_emptied_and_deleted_however_much_is_in_it(
    aws: Aws, engine: Engine, keys: int, versions: int
):
    bucket = engine.create("aws:s3/bucket:Bucket", f"full-{keys}", {"forceDestroy": True})
    fill(bucket.id, keys, versions)
    listed = aws("s3").list_object_versions(Bucket=bucket.id)
    assert listed["IsTruncated"]
    engine.delete(bucket)
    names = [each["Name"] for each in aws("s3").list_buckets()["Buckets"]]
    assert bucket.id not in names


def test_an_object_is_deleted_with_all_its_versions_and_no_other_is(world: World, aws: Aws):
    bucket = world.bucket()
    made = world.engine.create(
        "aws:s3/bucketObjectv2:BucketObjectv2",
        "object",
        {"bucket": bucket, "key": "key-0000", "content": "a"},
    )
    fill(bucket, 1, 30)
    s3 = aws("s3")
    s3.put_object(Bucket=bucket, Key="key-0000-and-more", Body=b"")
    world.engine.delete(made)
    listed = s3.list_object_versions(Bucket=bucket)
    assert [each["Key"] for each in listed["Versions"]] == ["key-0000-and-more"]
    assert "DeleteMarkers" not in listed


class Refusing:
    """A client of S3 that deletes some versions and refuses the others, as under a lock."""

    def __init__(self, refused: set[str]) -> None:
        self._refused = refused
        self.requests: list[list[str]] = []

    def delete_objects(self, *, Bucket: str, Delete: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
        assert Bucket == "bucket"
        self.requests.append([each["Key"] for each in Delete["Objects"]])
        errors = [
            {"Key": key, "VersionId": "1", "Code": "AccessDenied", "Message": "locked"}
            for key in self.requests[-1]
            if key in self._refused
        ]
        return {"Errors": errors} if errors else {}


def versions(number: int) -> list[dict[str, str]]:
    return [{"Key": f"key-{each}", "VersionId": "1"} for each in range(number)]


@settings(deadline=None)
@given(st.integers(0, 2 * _PAGE + 1))
def test_each_version_is_deleted_once_and_no_request_asks_for_more_than_s3_takes(number: int):
    client = Refusing(set())
    s3_bucket.delete_versions(client, "bucket", versions(number))
    assert [key for keys in client.requests for key in keys] == [
        each["Key"] for each in versions(number)
    ]
    assert all(0 < len(keys) <= _PAGE for keys in client.requests)


def test_refused_versions_are_told_after_the_others_are_deleted():
    client = Refusing({"key-7", "key-1500"})
    with pytest.raises(AwsError) as caught:
        s3_bucket.delete_versions(client, "bucket", versions(_PAGE + 600))
    assert "2 of 1600 object versions were not deleted" in str(caught.value)
    assert "The first: key-7, version 1: locked" in str(caught.value)
    assert [len(keys) for keys in client.requests] == [_PAGE, 600]


def test_a_list_that_has_pages_is_read_to_its_end():
    """Where a call names what it wants, there is one page; all other lists have more."""
    pageable = set(_pageable_operations())
    assert "describe_security_groups" in pageable
    one_page = [
        f"{path.name}:{call.lineno}: {call.func.attr}"
        for path, call in _calls()
        if isinstance(call.func, ast.Attribute)
        and call.func.attr in pageable
        and not any((each.arg or "").endswith(_IDENTITY) for each in call.keywords)
    ]
    assert one_page == []


def _calls() -> Iterator[tuple[Path, ast.Call]]:
    for path in Path(localcloud.awsplugin.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                yield path, node


def _pageable_operations() -> Iterator[str]:
    """The operations with pages, of all services that the plugin speaks to."""
    services = {
        call.args[0].value
        for _, call in _calls()
        if isinstance(call.func, ast.Attribute)
        and call.func.attr == "client"
        and call.args
        and isinstance(call.args[0], ast.Constant)
    }
    make: Any = boto3.client
    for service in services:
        client = make(service, region_name="us-east-1")
        yield from (name for name in client.meta.method_to_api_mapping if client.can_paginate(name))
