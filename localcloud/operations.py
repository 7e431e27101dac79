"""Which operation a request asks for."""

from __future__ import annotations

import re
from urllib.parse import parse_qs

from localcloud.wsgi import Environ, body_of, is_form

_RPC_PATH = re.compile(r"/service/[^/]+/operation/(\w+)$")


def operation_of(environ: Environ) -> str:
    """Return the operation that a request names; empty for one to S3, and for any by its path."""
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return str(target).rpartition(".")[2]
    if "HTTP_SMITHY_PROTOCOL" in environ and (named := _RPC_PATH.search(environ["PATH_INFO"])):
        return named[1]
    return parameters_of(environ).get("Action", "")


def parameters_of(environ: Environ) -> dict[str, str]:
    """Return the parameters of a request in AWS's query protocol, of its address and its form."""
    text = environ.get("QUERY_STRING", "")
    if environ["REQUEST_METHOD"] == "POST" and is_form(environ):
        text = f"{text}&{body_of(environ).decode(errors='replace')}"
    return {name: values[0] for name, values in parse_qs(text, keep_blank_values=True).items()}
