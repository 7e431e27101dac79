from __future__ import annotations

from localcloud.awsplugin.properties import Properties
from tests.localcloud.awsplugin.plugin import Plugin


def rule(days: int, **more: object) -> Properties:
    return {
        "id": "checkpoints",
        "status": "Enabled",
        "filter": {"prefix": "jobs/"},
        "expiration": {"days": days},
        "noncurrentVersionExpiration": {"noncurrentDays": 7, "newerNoncurrentVersions": 2},
        "abortIncompleteMultipartUpload": {"daysAfterInitiation": 3},
        **more,
    }


def test_lifecycle_rules_live_from_their_creation_to_their_end(plugin: Plugin) -> None:
    tagged = rule(1, id="b", filter={"and": {"prefix": "x", "tags": {"a": "b"}}})
    plugin.assert_lifecycle(
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        {"bucket": plugin.bucket(), "rules": [rule(30)]},
        change={"rules": [rule(60), tagged]},
        replace={"bucket": plugin.bucket()},
    )
