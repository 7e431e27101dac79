from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from localcloud.awsplugin.properties import ASSET, SIGNATURE, UNKNOWN, Asset, encode
from tests.localcloud.awsplugin.plugin import TAGS, InputsError, Plugin
from tests.localcloud.awsplugin.resources.versions import fill

OBJECT = "aws:s3/bucketObjectv2:BucketObjectv2"
Aws = Callable[[str], Any]


def test_an_object_lives_from_its_creation_to_its_end(plugin: Plugin) -> None:
    bucket = plugin.bucket()
    plugin.assert_lifecycle(
        "aws:s3/bucketObjectv2:BucketObjectv2",
        {"bucket": bucket, "content": "one", "metadata": {"a": "b"}, "tags": TAGS},
        change={"content": "two", "contentType": "text/plain"},
        replace={"key": "another"},
        import_id=lambda made: f"{bucket}/{made.id}",
    )


def test_an_object_follows_the_content_of_its_asset(plugin: Plugin, aws: Aws) -> None:
    bucket = plugin.bucket()
    inputs = {"bucket": bucket, "source": Asset("hash-1", text="one")}
    made = plugin.create(OBJECT, inputs, "data.txt")
    assert made.id == "data.txt"
    assert encode(made.state)["source"][SIGNATURE] == ASSET
    assert plugin.refresh(made) == made
    inputs["source"] = Asset("hash-2", text="two")
    expected = plugin.diff(made, inputs)
    assert set(expected.detailedDiff) == {"source"}
    assert not expected.replaces
    assert plugin.update(made, inputs, preview=True)["etag"] is UNKNOWN
    plugin.update(made, inputs)
    assert aws("s3").get_object(Bucket=bucket, Key=made.id)["Body"].read() == b"two"


def test_an_update_of_only_tags_leaves_outputs_known(plugin: Plugin) -> None:
    inputs = {"bucket": plugin.bucket(), "content": "one"}
    made = plugin.create(OBJECT, inputs)
    planned = plugin.update(made, {**inputs, "tags": {"a": "b"}}, preview=True)
    assert planned["etag"] == made.state["etag"]


def test_an_object_is_deleted_with_all_its_versions_and_no_other_is(
    plugin: Plugin, aws: Aws
) -> None:
    bucket = plugin.bucket()
    made = plugin.create(OBJECT, {"bucket": bucket, "key": "key-0000", "content": "a"})
    fill(bucket, 1, 30)
    s3 = aws("s3")
    s3.put_object(Bucket=bucket, Key="key-0000-and-more", Body=b"")
    plugin.delete(made)
    listed = s3.list_object_versions(Bucket=bucket)
    assert [each["Key"] for each in listed["Versions"]] == ["key-0000-and-more"]
    assert "DeleteMarkers" not in listed


def test_an_object_has_at_most_ten_tags(plugin: Plugin) -> None:
    tags = {f"tag-{number}": "" for number in range(11)}
    with pytest.raises(InputsError, match="tags: 11 tags, but AWS takes at most 10"):
        plugin.check(OBJECT, {"bucket": "b", "tags": tags})
