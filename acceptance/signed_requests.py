"""Requests that no client library sends: signed at another time, or without a header."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session
from botocore.session import get_session

from acceptance.scene import Scene


@dataclass(frozen=True)
class Answer:
    """The answer to such a request."""

    status: int
    text: str

    @property
    def is_given(self) -> bool:
        """Whether the request was not refused."""
        return self.status < 300


class _AtAnotherTime(SigV4Auth):  # type: ignore[misc]
    """A signature of version 4 of another time, without the headers that only S3 wants."""

    def __init__(self, scene: Scene, service: str, late: timedelta) -> None:
        credentials = get_session().get_credentials()
        super().__init__(credentials.get_frozen_credentials(), service, scene.diary.region)
        self._late = late

    def add_auth(self, request: Any) -> None:
        when = datetime.now(UTC) - self._late
        request.context["timestamp"] = when.strftime(SIGV4_TIMESTAMP)
        self._modify_request_before_signing(request)
        text = self.string_to_sign(request, self.canonical_request(request))
        self._inject_signature_to_request(request, self.signature(text, request))


def asked(
    scene: Scene,
    service: str,
    path: str,
    *,
    late: timedelta = timedelta(0),
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """The answer of a service to GET, signed as if the clock were so late."""
    url = f"{scene.client(service).meta.endpoint_url}{path}"
    request = AWSRequest("GET", url, headers=dict(headers or {}))
    _AtAnotherTime(scene, service, late).add_auth(request)
    response = URLLib3Session().send(request.prepare())
    return Answer(response.status_code, response.text)
