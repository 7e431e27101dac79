"""A way to the local cloud that notes each call as the IAM action that it needs."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

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

    class Handler(_Handler):
        target = urlsplit(cloud).netloc
        seen = actions

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", actions
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    target: str
    seen: set[str]
    protocol_version = "HTTP/1.1"

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.seen |= _actions(self.command, self.path, self.headers, body) - _NEEDS_NO_PERMISSION
        connection = HTTPConnection(self.target)
        connection.request(self.command, self.path, body, dict(self.headers))
        answer = connection.getresponse()
        content = answer.read()
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in {"connection", "content-length", "transfer-encoding"}:
                self.send_header(name, value)
        length = answer.getheader("Content-Length") if self.command == "HEAD" else None
        self.send_header("Content-Length", length or str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        connection.close()

    do_DELETE = do_GET = do_HEAD = do_POST = do_PUT = _pass_on  # noqa: N815 - the library's names

    def log_message(self, *_: Any) -> None:
        pass


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
