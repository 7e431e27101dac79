from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localcloud.awsplugin.plugin_errors import AwsError
from localcloud.awsplugin.properties import Properties
from localcloud.awsplugin.resources.s3_bucket import delete_versions
from tests.localcloud.awsplugin.plugin import OTHER_TAGS, TAGS, InputsError, Plugin, RefusedError
from tests.localcloud.awsplugin.resources.versions import fill

BUCKET = "aws:s3/bucket:Bucket"
PAGE = 1000
Aws = Callable[[str], Any]


def test_a_bucket_lives_from_its_creation_to_its_end(plugin: Plugin) -> None:
    plugin.assert_lifecycle(
        "aws:s3/bucket:Bucket",
        {"tags": TAGS},
        change={"tags": OTHER_TAGS},
        replace={"bucket": "another-name"},
    )


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"bucket": "Upper_Case"}, "invalid bucket name"),
        ({"acl": "public-read"}, "use aws.s3.BucketAcl"),
    ],
)
def test_a_wrong_input_is_refused_before_anything_is_made(
    plugin: Plugin, inputs: Properties, message: str
) -> None:
    with pytest.raises(InputsError, match=message):
        plugin.check(BUCKET, inputs)


def test_a_bucket_of_a_taken_name_is_refused(plugin: Plugin) -> None:
    name = plugin.bucket()
    with pytest.raises(RefusedError, match="BucketAlreadyExists"):
        plugin.create(BUCKET, {"bucket": name})


def test_a_bucket_that_holds_an_object_stays(plugin: Plugin, aws: Aws) -> None:
    bucket = plugin.create(BUCKET, {})
    aws("s3").put_object(Bucket=bucket.id, Key="a", Body=b"1")
    with pytest.raises(RefusedError, match="BucketNotEmpty"):
        plugin.delete(bucket)
    plugin.update(bucket, {"forceDestroy": True})
    plugin.delete(bucket)
    assert plugin.refresh(bucket) is None


def test_a_bucket_to_be_emptied_loses_versions_markers_and_uploads(
    plugin: Plugin, aws: Aws
) -> None:
    bucket = plugin.create(BUCKET, {"forceDestroy": True})
    versioned = {"bucket": bucket.id, "versioningConfiguration": {"status": "Enabled"}}
    plugin.create("aws:s3/bucketVersioning:BucketVersioning", versioned)
    s3 = aws("s3")
    for body in (b"1", b"2"):
        s3.put_object(Bucket=bucket.id, Key="a", Body=body)
    s3.delete_object(Bucket=bucket.id, Key="a")
    s3.create_multipart_upload(Bucket=bucket.id, Key="b")
    plugin.delete(bucket)
    assert plugin.refresh(bucket) is None


@pytest.mark.parametrize(("keys", "versions"), [(PAGE + 1, 1), (4, 260)])
def test_a_bucket_is_emptied_and_deleted_however_much_is_in_it(
    plugin: Plugin, aws: Aws, keys: int, versions: int
) -> None:
    bucket = plugin.create(BUCKET, {"forceDestroy": True})
    fill(bucket.id, keys, versions)
    listed = aws("s3").list_object_versions(Bucket=bucket.id)
    assert listed["IsTruncated"]
    plugin.delete(bucket)
    names = [each["Name"] for each in aws("s3").list_buckets()["Buckets"]]
    assert bucket.id not in names


class LockedVersions:
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


def some_versions(number: int) -> list[dict[str, str]]:
    return [{"Key": f"key-{each}", "VersionId": "1"} for each in range(number)]


@settings(deadline=None)
@given(st.integers(0, 2 * PAGE + 1))
def test_each_version_is_deleted_once_and_no_request_asks_for_more_than_s3_takes(
    number: int,
) -> None:
    client = LockedVersions(set())
    delete_versions(client, "bucket", some_versions(number))
    assert [key for keys in client.requests for key in keys] == [
        each["Key"] for each in some_versions(number)
    ]
    assert all(0 < len(keys) <= PAGE for keys in client.requests)


def test_refused_versions_are_reported_after_the_others_are_deleted() -> None:
    client = LockedVersions({"key-7", "key-1500"})
    with pytest.raises(AwsError) as caught:
        delete_versions(client, "bucket", some_versions(PAGE + 600))
    assert "2 of 1600 object versions were not deleted" in str(caught.value)
    assert "The first: key-7, version 1: locked" in str(caught.value)
    assert [len(keys) for keys in client.requests] == [PAGE, 600]
