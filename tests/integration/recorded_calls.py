"""A way to the local cloud that notes each call as the IAM action that it needs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.integration.passing_on import PassingOn, served

_SERVICE = re.compile(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/")
_PREFIXES = {"monitoring": "cloudwatch"}
_NEEDS_NO_PERMISSION = {"sts:GetCallerIdentity"}
_BUCKET_SETTINGS = {
    "acl": "GetBucketAcl",
    "accelerate": "GetAccelerateConfiguration",
    "cors": "GetBucketCORS",
    "encryption": "GetEncryptionConfiguration",
    "lifecycle": "GetLifecycleConfiguration",
    "location": "GetBucketLocation",
    "logging": "GetBucketLogging",
    "object-lock": "GetBucketObjectLockConfiguration",
    "ownershipControls": "GetBucketOwnershipControls",
    "policy": "GetBucketPolicy",
    "publicAccessBlock": "GetBucketPublicAccessBlock",
    "replication": "GetReplicationConfiguration",
    "requestPayment": "GetBucketRequestPayment",
    "tagging": "GetBucketTagging",
    "versioning": "GetBucketVersioning",
    "website": "GetBucketWebsite",
}


@contextmanager
def recorded_calls(cloud: str) -> Iterator[tuple[str, set[str]]]:
    """The URL of a way to the local cloud, and the actions that were needed on it so far."""
    actions: set[str] = set()

    class Recorded(PassingOn):
        def pass_on(self) -> None:
            body = self.body()
            needed = _actions(self.command, self.path, self.headers, body)
            actions.update(needed - _NEEDS_NO_PERMISSION)
            self.answer(*self.forward(body))

    with served(Recorded, cloud) as url:
        yield url, actions


def _actions(method: str, path: str, headers: Any, body: bytes) -> set[str]:
    match = _SERVICE.search(headers.get("Authorization", ""))
    service = match[1] if match else "unknown"
    if service == "s3":
        return {f"s3:{each}" for each in _s3_actions(method, path, headers)}
    target = headers.get("X-Amz-Target", "").rpartition(".")[2]
    form = parse_qs(body.decode(errors="replace")).get("Action", [""])[0]
    operation = target or form or _operation(path)
    if service == "budgets" and operation.startswith("Describe"):
        operation = "ViewBudget"
    return {f"{_PREFIXES.get(service, service)}:{operation}"}


def _operation(path: str) -> str:
    """The operation that a path names, as /service/X/operation/DescribeY or as /describe-y."""
    name = path.rpartition("/")[2]
    return name if "/operation/" in path else name.title().replace("-", "")


def _s3_actions(method: str, path: str, headers: Any) -> set[str]:
    """The actions on a bucket's settings or on an object; what is unknown stays a method."""
    parts = urlsplit(path)
    asked = {each.partition("=")[0] for each in parts.query.split("&")} & _BUCKET_SETTINGS.keys()
    if "/" in parts.path.strip("/"):
        verb = {"GET": "Get", "HEAD": "Get", "PUT": "Put"}.get(method, method)
        if asked:
            return {f"{verb}ObjectTagging"}
        tagged = {f"{verb}ObjectTagging"} if "x-amz-tagging" in headers else set()
        return {f"{verb}Object", *tagged}
    if method not in {"GET", "HEAD"}:
        return {f"{method} {parts.query}"}
    return {_BUCKET_SETTINGS[each] for each in asked} or {"ListBucket"}
