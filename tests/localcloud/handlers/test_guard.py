"""Temporary credentials end: without a server."""

from __future__ import annotations

import io
import time
from typing import Any

import pytest

from localcloud.authorization.sessions import Session, Sessions
from localcloud.handlers.guard import Guard
from localcloud.protocol.errors import ServiceError
from localcloud.protocol.requests import Request, Response
from tests.localcloud.signing import signed

ROLE = "arn:aws:iam::123456789012:role/no-such-role"
FORM = {"REQUEST_METHOD": "POST", "CONTENT_TYPE": "application/x-www-form-urlencoded"}


def refused(service: str, expires: float, **more: str) -> str:
    """The code by which a session's request is refused."""
    sessions = Sessions()
    sessions.add("key", Session(ROLE, "us-east-1", token="token", expires=expires))
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/bucket/key",
        "wsgi.input": io.BytesIO(),
        "HTTP_X_AMZ_SECURITY_TOKEN": "token",
        **{
            f"HTTP_{name.upper().replace('-', '_')}": value
            for name, value in signed(service, "key").items()
        },
        **more,
    }
    with pytest.raises(ServiceError) as caught:
        Guard(sessions)(Request(environ), lambda _: Response("200 OK"))
    return caught.value.code


@pytest.mark.parametrize(
    ("service", "more", "code"),
    [
        ("s3", {}, "ExpiredToken"),
        ("sagemaker", {"HTTP_X_AMZ_TARGET": "SageMaker.ListTags"}, "ExpiredTokenException"),
        ("iam", FORM, "ExpiredToken"),
        ("ec2", FORM, "RequestExpired"),
    ],
)
def test_a_session_is_refused_after_its_time(service: str, more: dict[str, str], code: str):
    assert refused(service, time.time() - 1, **more) == code
    assert refused(service, time.time() + 60, **more).startswith(("AccessDenied", "Unauthorized"))
