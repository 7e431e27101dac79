"""S3 URIs."""

from __future__ import annotations

import pytest

from localcloud.sagemaker.data.locations import Location


@pytest.mark.parametrize("uri", ["bucket/key", "s3:///key", "file://x/y"])
def test_what_is_no_s3_uri_is_refused(uri: str):
    with pytest.raises(ValueError, match="not an S3 URI"):
        Location.parse(uri)
