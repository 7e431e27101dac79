"""Refuses web pages of other origins: only programs on this machine are answered."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from localcloud.protocol.requests import Answer, Request, Response
from localcloud.protocol.responses import json_response


def refuse_other_origins(request: Request, rest: Answer) -> Response:
    """Refuses a request that a web page of another origin sends."""
    reason = _refusal(request)
    return json_response("403 Forbidden", {"message": reason}) if reason else rest(request)


def _refusal(request: Request) -> str:
    """Why a request must not be answered; empty if it may be.

    A page in the user's browser can send requests to loopback. Its origin shows that or, if its
    own name resolves to loopback, the host of the request.
    """
    host = request.header("Host")
    if not _is_loopback(f"//{host}"):
        return f"The local cloud answers requests to loopback only, not to '{host}'."
    origin = request.environ.get("HTTP_ORIGIN")
    site = request.environ.get("HTTP_SEC_FETCH_SITE", "none")
    same = origin is None or urlsplit(origin).netloc == host
    if same and site in {"none", "same-origin"}:
        return ""
    return "The local cloud does not answer requests from other origins."


def _is_loopback(url: str) -> bool:
    try:
        name = urlsplit(url).hostname or ""
    except ValueError:
        return False
    return name in {"localhost", "::1"} or name.endswith(".localhost") or _is_loopback_address(name)


def _is_loopback_address(name: str) -> bool:
    return re.fullmatch(r"127\.\d{1,3}\.\d{1,3}\.\d{1,3}", name) is not None
