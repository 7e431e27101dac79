"""S3 URIs."""

from __future__ import annotations

import pytest

from localcloud.sagemaker.data.locations import Location


@pytest.mark.parametrize(
    "uri",
    [
        "bucket/key",
        "s3:///key",
        "file://x/y",
        "s3://a bucket/key",
        "s3://bucket/\ud800",
        "s3://bucket/a\0b",
        "https://bucket/key",
        "https://example.com/bucket/key",
        "https://s3.amazonaws.com",
    ],
)
def test_what_is_no_s3_uri_is_refused(uri: str):
    with pytest.raises(ValueError, match="not an S3 URI"):
        Location.parse(uri)


@pytest.mark.parametrize(
    "uri",
    [
        "s3://bucket/some/key",
        "https://s3.amazonaws.com/bucket/some/key",
        "https://s3-us-west-2.amazonaws.com/bucket/some/key",
        "https://s3.us-west-2.amazonaws.com/bucket/some/key",
        "https://bucket.s3.amazonaws.com/some/key",
        "https://bucket.s3.dualstack.us-west-2.amazonaws.com/some/key",
        "https://bucket.s3.cn-north-1.amazonaws.com.cn/some/key",
    ],
)
def test_an_object_is_named_by_each_address_of_s3(uri: str):
    assert Location.parse(uri) == Location("bucket", "some/key")
