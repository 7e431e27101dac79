"""The headers of requests that no SDK would send: signed now, with a signature of no key."""

from __future__ import annotations

import hashlib
import http.client
import time
from collections.abc import Mapping
from contextlib import closing

from tests.localcloud.cloud import REGION, Cloud

DATE = "%Y%m%dT%H%M%SZ"


def signed(service: str, key: str = "anybody", ago: float = 0) -> dict[str, str]:
    """The headers of a request that was signed some seconds ago."""
    date = time.strftime(DATE, time.gmtime(time.time() - ago))
    scope = f"{key}/{date[:8]}/{REGION}/{service}/aws4_request"
    return {
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
        "X-Amz-Date": date,
        "X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD",
    }


def ask(
    cloud: Cloud, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] = {}
) -> tuple[int, http.client.HTTPMessage, bytes]:
    """The status, the headers and the body of the answer to a request."""
    connection = http.client.HTTPConnection("127.0.0.1", cloud.server.port, timeout=30)
    with closing(connection):
        connection.request(method, path, body, {**signed("s3"), **headers})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()


def code(answer: tuple[int, http.client.HTTPMessage, bytes]) -> str:
    """The status of an answer and the code of S3's error in it, as `400 BadDigest`."""
    status, _, body = answer
    name = body.decode(errors="replace").partition("<Code>")[2].partition("</Code>")[0]
    return f"{status} {name}".strip()


def sha256(content: bytes) -> dict[str, str]:
    """The header with the hash of a body that is signed."""
    return {"X-Amz-Content-SHA256": hashlib.sha256(content).hexdigest()}
