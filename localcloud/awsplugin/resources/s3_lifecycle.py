"""The lifecycle rules of an S3 bucket."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from localcloud.awsplugin.api_members import Call
from localcloud.awsplugin.cloud import Cloud
from localcloud.awsplugin.plugin_errors import Failure
from localcloud.awsplugin.properties import Properties
from localcloud.awsplugin.resource_type import names
from localcloud.awsplugin.resources.common import (
    from_api,
    one_of,
    present,
    tag_list,
    tag_map,
    to_api,
)
from localcloud.awsplugin.resources.s3_settings import setting

_NAMES = {"id": "ID"}
_SIZES = "transitionDefaultMinimumObjectSize"


def _to_rule(rule: Properties) -> dict[str, Any]:
    api = dict(to_api(rule, _NAMES))
    every = (api.get("Filter") or {}).get("And")
    if every and "Tags" in every:
        every["Tags"] = tag_list(rule["filter"]["and"]["tags"])
    if "Filter" not in api and "Prefix" not in api:
        api["Filter"] = {}
    return api


def _from_rule(api: dict[str, Any], previous: Properties) -> Properties:
    rule = dict(from_api(api, _NAMES))
    every = (rule.get("filter") or {}).get("and")
    if every and "tags" in every:
        every["tags"] = tag_map(api["Filter"]["And"]["Tags"])
    for timed in (rule.get("expiration"), *(rule.get("transitions") or ())):
        if timed and "date" in timed:
            timed["date"] = timed["date"].strftime("%Y-%m-%dT%H:%M:%SZ")
    # The local endpoint forgets how many versions to keep.
    kept = (previous.get("noncurrentVersionExpiration") or {}).get("newerNoncurrentVersions")
    if kept and rule.get("noncurrentVersionExpiration"):
        rule["noncurrentVersionExpiration"].setdefault("newerNoncurrentVersions", kept)
    return rule


def _put(s3: Any, cloud: Cloud, inputs: Properties) -> None:
    rules = {"Rules": [_to_rule(rule) for rule in inputs.get("rules") or ()]}
    s3.put_bucket_lifecycle_configuration(
        Bucket=inputs["bucket"],
        LifecycleConfiguration=rules,
        **present(TransitionDefaultMinimumObjectSize=inputs.get(_SIZES)),
    )


def _get(s3: Any, bucket: str, previous: Properties) -> Properties:
    answer = s3.get_bucket_lifecycle_configuration(Bucket=bucket)
    before = {rule.get("id"): rule for rule in previous.get("rules") or ()}
    rules = [_from_rule(rule, before.get(rule.get("ID"), {})) for rule in answer["Rules"]]
    return {"rules": rules, _SIZES: answer.get(_SIZES[:1].upper() + _SIZES[1:])}


def _failures(inputs: Properties) -> Iterator[Failure]:
    seen = set()
    for rule in inputs.get("rules") or ():
        yield from one_of(rule, "status", ["Enabled", "Disabled"])
        if rule.get("id") in seen:
            yield Failure("rules", f"two rules have the id {rule['id']!r}; ids must be unique")
        seen.add(rule.get("id"))
        if not any(
            isinstance(value, dict | list) for name, value in rule.items() if name != "filter"
        ):
            yield Failure("rules", f"rule {rule.get('id')!r} has no action, such as an expiration")


TYPES = (
    setting(
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "s3/bucket_lifecycle_configuration.go",
        _put,
        _get,
        lambda s3, bucket, _: s3.delete_bucket_lifecycle(Bucket=bucket),
        calls=(
            Call(
                "s3", "PutBucketLifecycleConfiguration", {"rules": "LifecycleConfiguration.Rules"}
            ),
        ),
        validate=_failures,
        unordered=names("rules rules.transitions rules.noncurrentVersionTransitions"),
        computed=names(f"{_SIZES} rules.prefix"),
    ),
)
